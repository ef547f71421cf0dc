/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/detailcache.h"

#include "base/arena.h"
#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Changes are counted for groups of names: a change of one now and then makes
 * the answer about another be asked for again, which does no harm. */
enum { GROUPS = 1024 };

struct kept {
	struct details details; /* its slices point behind it */
	int64_t expire_ms;
	char text[];
};

struct detailcache {
	pthread_mutex_t lock;
	struct table *table;
	uint64_t changes[GROUPS];
};

struct detailcache *detailcache_new(size_t max)
{
	struct detailcache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->table = table_new(max, free);
	if (c->table == NULL) {
		free(c);
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void detailcache_free(struct detailcache *c)
{
	if (c == NULL)
		return;
	table_free(c->table);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static uint64_t *changes_of(struct detailcache *c, struct slice name)
{
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.at[i]) * 16777619u;
	return &c->changes[(h ^ h >> 16) % GROUPS];
}

uint64_t detailcache_ticket(struct detailcache *c, struct slice name)
{
	uint64_t ticket;

	pthread_mutex_lock(&c->lock);
	ticket = *changes_of(c, name);
	pthread_mutex_unlock(&c->lock);
	return ticket;
}

/* A text that does not fit is empty rather than a reason to know nothing. */
static void copy_text(struct arena *a, struct slice *text)
{
	if (arena_copy(a, *text, text) != RES_OK)
		*text = slice_make("", 0);
}

bool detailcache_find(struct detailcache *c, struct slice name, struct arena *a,
	struct details *out, int64_t *expire_ms)
{
	const struct kept *kept;
	size_t i;

	pthread_mutex_lock(&c->lock);
	kept = table_find(c->table, name);
	if (kept != NULL) {
		*out = kept->details;
		*expire_ms = kept->expire_ms;
		copy_text(a, &out->key);
		for (i = 0; i < DETAILS_TEXTS; i++)
			copy_text(a, &out->text[i]);
	}
	pthread_mutex_unlock(&c->lock);
	return kept != NULL;
}

static struct slice pack(char **to, struct slice text)
{
	char *at = *to;

	if (text.len > 0)
		memcpy(at, text.at, text.len);
	*to += text.len;
	return slice_make(at, text.len);
}

static struct kept *copy_of(const struct details *d, int64_t expire_ms)
{
	size_t size = d->key.len;
	struct kept *kept;
	char *to;
	size_t i;

	for (i = 0; i < DETAILS_TEXTS; i++)
		size += d->text[i].len;
	kept = malloc(sizeof(*kept) + size);
	if (kept == NULL)
		return NULL;
	kept->details = *d;
	kept->expire_ms = expire_ms;
	to = kept->text;
	kept->details.key = pack(&to, d->key);
	for (i = 0; i < DETAILS_TEXTS; i++)
		kept->details.text[i] = pack(&to, d->text[i]);
	return kept;
}

void detailcache_keep(struct detailcache *c, struct slice name, uint64_t ticket,
	const struct details *d, int64_t expire_ms)
{
	struct kept *kept = copy_of(d, expire_ms);

	if (kept == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	/* Without memory it is asked for again next time. */
	if (*changes_of(c, name) == ticket)
		(void)!table_put(c->table, name, kept);
	else
		free(kept);
	pthread_mutex_unlock(&c->lock);
}

void detailcache_forget(struct detailcache *c, struct slice name)
{
	size_t i;

	pthread_mutex_lock(&c->lock);
	if (name.len > 0) {
		++*changes_of(c, name);
		(void)table_remove(c->table, name);
	} else {
		for (i = 0; i < GROUPS; i++)
			c->changes[i]++;
		table_clear(c->table);
	}
	pthread_mutex_unlock(&c->lock);
}

size_t detailcache_count(struct detailcache *c)
{
	size_t count;

	pthread_mutex_lock(&c->lock);
	count = table_count(c->table);
	pthread_mutex_unlock(&c->lock);
	return count;
}
