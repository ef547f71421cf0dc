/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/pending.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MIN = 1024 };

struct node {
	struct node *chain; /* of its bucket */
	struct node *newer;
	struct node *older;
	int64_t since_ms;
	uint64_t hash;
	uint32_t len;
	bool is_shown;
	char name[];
};

struct pending {
	size_t max;
	size_t count;
	uint64_t seed;
	struct node **bucket;
	size_t buckets; /* a power of two */
	struct node *newest;
	struct node *oldest;
	struct node *taken; /* freed at the next call */
};

static struct node **new_buckets(size_t count)
{
	return calloc(count, sizeof(struct node *));
}

struct pending *pending_new(size_t max)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->max = max > 0 ? max : 1;
	p->seed = random_u64();
	p->buckets = BUCKETS_MIN;
	p->bucket = new_buckets(p->buckets);
	if (p->bucket == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

static void forget_taken(struct pending *p)
{
	free(p->taken);
	p->taken = NULL;
}

void pending_clear(struct pending *p)
{
	struct node *next;

	forget_taken(p);
	for (struct node *n = p->newest; n != NULL; n = next) {
		next = n->older;
		free(n);
	}
	p->newest = NULL;
	p->oldest = NULL;
	p->count = 0;
	memset(p->bucket, 0, p->buckets * sizeof(*p->bucket));
}

void pending_free(struct pending *p)
{
	if (p == NULL)
		return;
	pending_clear(p);
	free(p->bucket);
	free(p);
}

/* FNV-1a with a secret start: names come from those who may write to Redis,
 * and the set is bounded. */
static uint64_t hash_of(const struct pending *p, struct slice name)
{
	uint64_t h = 0xcbf29ce484222325U ^ p->seed;

	for (size_t i = 0; i < name.len; i++) {
		h ^= (unsigned char)name.at[i];
		h *= 0x100000001b3U;
	}
	return h ^ h >> 29;
}

static void link_newest(struct pending *p, struct node *n)
{
	n->newer = NULL;
	n->older = p->newest;
	if (p->newest != NULL)
		p->newest->newer = n;
	else
		p->oldest = n;
	p->newest = n;
}

static void unlink_node(struct pending *p, struct node *n)
{
	if (n->newer != NULL)
		n->newer->older = n->older;
	else
		p->newest = n->older;
	if (n->older != NULL)
		n->older->newer = n->newer;
	else
		p->oldest = n->newer;
}

/* More buckets; when there is no memory the chains just get longer. */
static void grow(struct pending *p)
{
	size_t count = p->buckets * 4;
	struct node **bucket = new_buckets(count);

	if (bucket == NULL)
		return;
	for (struct node *n = p->newest; n != NULL; n = n->older) {
		n->chain = bucket[n->hash & (count - 1)];
		bucket[n->hash & (count - 1)] = n;
	}
	free(p->bucket);
	p->bucket = bucket;
	p->buckets = count;
}

static struct node *find(
	const struct pending *p, struct slice name, uint64_t hash)
{
	struct node *n = p->bucket[hash & (p->buckets - 1)];

	while (n != NULL &&
		(n->hash != hash ||
			!slice_is_equal(slice_make(n->name, n->len), name)))
		n = n->chain;
	return n;
}

enum result pending_push(struct pending *p, struct slice name, int64_t now_ms)
{
	uint64_t hash = hash_of(p, name);
	struct node *n = find(p, name, hash);

	forget_taken(p);
	if (n != NULL) {
		unlink_node(p, n);
		link_newest(p, n);
		n->is_shown = false;
		return RES_OK;
	}
	if (p->count >= p->max || name.len > UINT32_MAX)
		return RES_FULL;
	n = malloc(sizeof(*n) + name.len);
	if (n == NULL)
		return RES_NOMEM;
	n->since_ms = now_ms;
	n->hash = hash;
	n->len = (uint32_t)name.len;
	n->is_shown = false;
	if (name.len > 0)
		memcpy(n->name, name.at, name.len);
	n->chain = p->bucket[hash & (p->buckets - 1)];
	p->bucket[hash & (p->buckets - 1)] = n;
	link_newest(p, n);
	p->count++;
	if (p->count > p->buckets)
		grow(p);
	return RES_OK;
}

static bool take(struct pending *p, struct node *n, struct slice *name)
{
	struct node **at;

	forget_taken(p);
	if (n == NULL)
		return false;
	at = &p->bucket[n->hash & (p->buckets - 1)];
	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	unlink_node(p, n);
	p->count--;
	p->taken = n;
	*name = slice_make(n->name, n->len);
	return true;
}

bool pending_take_newest(struct pending *p, struct slice *name)
{
	return take(p, p->newest, name);
}

bool pending_take_oldest(struct pending *p, struct slice *name)
{
	return take(p, p->oldest, name);
}

void pending_show_new(struct pending *p,
	void (*each)(void *ctx, struct slice name), void *ctx)
{
	/* A push makes a name the newest: those not shown stand together. */
	for (struct node *n = p->newest; n != NULL && !n->is_shown;
		n = n->older) {
		n->is_shown = true;
		each(ctx, slice_make(n->name, n->len));
	}
}

size_t pending_count(const struct pending *p)
{
	return p->count;
}

int64_t pending_oldest_ms(const struct pending *p, int64_t now_ms)
{
	return p->oldest != NULL ? p->oldest->since_ms : now_ms;
}
