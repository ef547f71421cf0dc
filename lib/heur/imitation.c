/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/imitation.h"

#include "base/fairlock.h"
#include "conf/conf.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A copy of the names, for the snapshot they came from may be gone. */
struct names {
	size_t count;
	char **at;
};

struct imitation {
	pthread_rwlock_t lock;
	struct names names; /* that the set was made of */
	struct lookalike *set; /* NULL: not made yet */
};

enum result imitation_open(struct imitation **out)
{
	struct imitation *i = calloc(1, sizeof(*i));

	*out = NULL;
	if (i == NULL)
		return RES_NOMEM;
	fairlock_init(&i->lock);
	*out = i;
	return RES_OK;
}

static void clear_names(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->at[i]);
	free(n->at);
	*n = (struct names){ .count = 0 };
}

void imitation_close(struct imitation *i)
{
	if (i == NULL)
		return;
	pthread_rwlock_destroy(&i->lock);
	lookalike_close(i->set);
	clear_names(&i->names);
	free(i);
}

/* ---- the names ---- */

static size_t count_names(const struct conf *conf)
{
	return conf->headers.protected_count + conf->portal.local_domain_count;
}

static const char *name_of(const struct conf *conf, size_t i)
{
	size_t first = conf->headers.protected_count;

	return i < first ? conf->headers.protected[i]
			 : conf->portal.local_domains[i - first];
}

static bool is_made_of(const struct imitation *i, const struct conf *conf)
{
	size_t count = count_names(conf);

	if (i->set == NULL || i->names.count != count)
		return false;
	for (size_t n = 0; n < count; n++)
		if (strcmp(i->names.at[n], name_of(conf, n)) != 0)
			return false;
	return true;
}

static bool copy_names(const struct conf *conf, struct names *out)
{
	size_t count = count_names(conf);

	*out = (struct names){ .at = calloc(count + 1, sizeof(out->at[0])) };
	if (out->at == NULL)
		return false;
	for (; out->count < count; out->count++) {
		out->at[out->count] = strdup(name_of(conf, out->count));
		if (out->at[out->count] == NULL)
			return false;
	}
	return true;
}

/* The lock is held for writing. */
static void make(struct imitation *i, const struct conf *conf)
{
	struct names names;
	struct lookalike *set = NULL;

	if (!copy_names(conf, &names) ||
		lookalike_open((const char *const *)names.at, names.count,
			&set) != RES_OK) {
		clear_names(&names);
		return;
	}
	lookalike_close(i->set);
	clear_names(&i->names);
	i->set = set;
	i->names = names;
}

/* ---- asking ---- */

static struct imitation_answer ask(
	const struct lookalike *set, const struct imitation_question *q)
{
	struct imitation_answer a = { .kind = LOOKALIKE_NO };
	struct lookalike_match m = lookalike_domain(set, q->domain);

	if (m.kind == LOOKALIKE_NO) {
		m = lookalike_text(set, q->text);
		a.is_text = m.kind != LOOKALIKE_NO;
	}
	a.kind = m.kind;
	snprintf(a.name, sizeof(a.name), "%.*s", SLICE_ARG(m.name));
	return a;
}

struct imitation_answer imitation_ask(struct imitation *i,
	const struct conf *conf, const struct imitation_question *q)
{
	struct imitation_answer a = { .kind = LOOKALIKE_NO };
	bool is_ready;

	if (count_names(conf) == 0)
		return a;
	pthread_rwlock_rdlock(&i->lock);
	is_ready = is_made_of(i, conf);
	if (is_ready)
		a = ask(i->set, q);
	pthread_rwlock_unlock(&i->lock);
	if (is_ready)
		return a;
	pthread_rwlock_wrlock(&i->lock);
	if (!is_made_of(i, conf))
		make(i, conf);
	if (is_made_of(i, conf))
		a = ask(i->set, q);
	pthread_rwlock_unlock(&i->lock);
	return a;
}
