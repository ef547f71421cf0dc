/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dnswatch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct dnswatch {
	const struct dns_source *inner;
	struct dns_source source;
	pthread_mutex_t lock; /* of question */
	struct dnswatch_question *question;
	size_t count;
	size_t room;
};

/* One question on its way. */
struct ticket {
	struct dnswatch *watch;
	size_t which;
	dns_done *done;
	void *at;
	void *inner;
};

/* The strings of one TXT record one behind the other. */
static void keep_text(struct dnswatch_question *q, struct slice rdata)
{
	while (rdata.len > 0) {
		size_t len = (unsigned char)rdata.at[0];
		struct slice part = slice_part(rdata, 1, len);
		size_t room = DNSWATCH_TEXT_MAX - q->text_len;

		if (part.len > room)
			part.len = room;
		if (part.len > 0)
			memcpy(q->text + q->text_len, part.at, part.len);
		q->text_len += part.len;
		rdata = slice_part(rdata, 1 + len, rdata.len);
	}
}

static void note_answer(
	struct dnswatch *w, size_t which, const struct dns_answer *a)
{
	struct dnswatch_question *q;

	pthread_mutex_lock(&w->lock);
	if (which < w->count) {
		q = &w->question[which];
		q->is_answered = true;
		q->status = a->status;
		q->why = a->why;
		q->is_secure = a->is_secure;
		q->count = a->count;
		if (q->type == DNS_TXT && a->count > 0)
			keep_text(q, a->rdata[0]);
	}
	pthread_mutex_unlock(&w->lock);
}

/* The number of the question; without memory one that is never there. */
static size_t note_question(
	struct dnswatch *w, struct slice name, enum dns_type type)
{
	struct dnswatch_question *q;
	size_t which = SIZE_MAX;

	pthread_mutex_lock(&w->lock);
	if (w->count == w->room) {
		size_t room = w->room * 2 + 16;

		q = realloc(w->question, room * sizeof(*q));
		if (q != NULL) {
			w->question = q;
			w->room = room;
		}
	}
	if (w->count < w->room) {
		which = w->count++;
		q = &w->question[which];
		memset(q, 0, sizeof(*q));
		q->type = type;
		q->name_len = slice_part(name, 0, HOSTNAME_MAX).len;
		if (q->name_len > 0)
			memcpy(q->name, name.at, q->name_len);
	}
	pthread_mutex_unlock(&w->lock);
	return which;
}

static void hear(void *at, struct dns_answer *answer)
{
	struct ticket *t = at;

	note_answer(t->watch, t->which, answer);
	t->done(t->at, answer);
}

static struct dns_answer *start(void *ctx, struct slice name,
	enum dns_type type, dns_done *done, void *at, void **ticket)
{
	struct dnswatch *w = ctx;
	struct ticket *t = calloc(1, sizeof(*t));
	struct dns_answer *answer;

	*ticket = NULL;
	/* Without a ticket the question waits for its time to be over. */
	if (t == NULL)
		return NULL;
	*t = (struct ticket){ .watch = w,
		.which = note_question(w, name, type),
		.done = done,
		.at = at };
	answer = w->inner->start(w->inner->ctx, name, type, hear, t, &t->inner);
	if (answer == NULL) {
		*ticket = t;
		return NULL;
	}
	note_answer(w, t->which, answer);
	free(t);
	return answer;
}

static void finish(void *ctx, void *ticket)
{
	struct dnswatch *w = ctx;
	struct ticket *t = ticket;

	w->inner->finish(w->inner->ctx, t->inner);
	free(t);
}

struct dnswatch *dnswatch_open(const struct dns_source *inner)
{
	struct dnswatch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->inner = inner;
	w->source = (struct dns_source){ start, finish, w };
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

void dnswatch_close(struct dnswatch *w)
{
	if (w == NULL)
		return;
	pthread_mutex_destroy(&w->lock);
	free(w->question);
	free(w);
}

const struct dns_source *dnswatch_source(struct dnswatch *w)
{
	return w->inner == NULL ? NULL : &w->source;
}

size_t dnswatch_count(const struct dnswatch *w)
{
	return w->count;
}

const struct dnswatch_question *dnswatch_at(const struct dnswatch *w, size_t i)
{
	return &w->question[i];
}
