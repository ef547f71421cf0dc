/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/asncount.h"

#include "fact/conn.h"
#include "judge/record.h"
#include "policy/verdict.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct row {
	uint32_t asn;
	uint64_t messages;
	uint64_t refused;
	uint64_t seen; /* tick of the last message */
};

struct asncount {
	pthread_mutex_t lock;
	uint64_t tick;
	size_t count;
	struct row row[ASNCOUNT_MAX];
};

struct asncount *asncount_new(void)
{
	struct asncount *c = calloc(1, sizeof(*c));

	if (c != NULL)
		pthread_mutex_init(&c->lock, NULL);
	return c;
}

void asncount_free(struct asncount *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void asncount_judged(void *at, const struct record *r)
{
	if (r->verdict == NULL || r->conn->asn == 0)
		return;
	/* A recipient that is taken is counted with its message. */
	if (strcmp(r->stage, "rcpt") != 0)
		asncount_add(at, r->conn->asn,
			action_is_refusal(r->verdict->would_be));
	else if (action_is_refusal(r->verdict->action))
		asncount_add(at, r->conn->asn, true);
}

/* That of asn, or the one that makes room for it. */
static struct row *row_of(struct asncount *c, uint32_t asn)
{
	struct row *oldest = &c->row[0];

	for (size_t i = 0; i < c->count; i++) {
		if (c->row[i].asn == asn)
			return &c->row[i];
		if (c->row[i].seen < oldest->seen)
			oldest = &c->row[i];
	}
	if (c->count < ASNCOUNT_MAX)
		oldest = &c->row[c->count++];
	*oldest = (struct row){ .asn = asn };
	return oldest;
}

void asncount_add(struct asncount *c, uint32_t asn, bool is_refused)
{
	struct row *row;

	pthread_mutex_lock(&c->lock);
	row = row_of(c, asn);
	row->messages++;
	row->refused += is_refused;
	row->seen = ++c->tick;
	pthread_mutex_unlock(&c->lock);
}

static int by_messages(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->messages != y->messages)
		return x->messages > y->messages ? -1 : 1;
	return x->asn < y->asn ? -1 : x->asn > y->asn;
}

static void put_head(struct buf *out, const char *name, const char *help)
{
	buf_add_format(
		out, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
}

static void put_row(
	struct buf *out, const char *name, const struct row *row, uint64_t n)
{
	buf_add_format(out, "%s{asn=\"%lu\"} %llu\n", name,
		(unsigned long)row->asn, (unsigned long long)n);
}

void asncount_format(struct asncount *c, struct buf *out)
{
	static const char messages[] = "reprieve_asn_messages_total";
	static const char refused[] = "reprieve_asn_refused_total";
	struct row *copy = calloc(ASNCOUNT_MAX, sizeof(*copy));
	size_t count;

	if (copy == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	count = c->count;
	memcpy(copy, c->row, count * sizeof(*copy));
	pthread_mutex_unlock(&c->lock);
	qsort(copy, count, sizeof(*copy), by_messages);
	if (count > ASNCOUNT_SHOWN)
		count = ASNCOUNT_SHOWN;
	if (count > 0)
		put_head(out, messages,
			"Messages and refused recipients of the busiest "
			"networks.");
	for (size_t i = 0; i < count; i++)
		put_row(out, messages, &copy[i], copy[i].messages);
	if (count > 0)
		put_head(
			out, refused, "Of these, what is or would be refused.");
	for (size_t i = 0; i < count; i++)
		put_row(out, refused, &copy[i], copy[i].refused);
	free(copy);
}
