/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/dnscache.h"

#include "base/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 16, BUCKETS = 1024, OVERHEAD = 64 };

struct entry {
	struct entry *chain;
	struct entry *newer;
	struct entry *older;
	struct dns_answer *answer;
	int64_t until_ms;
	size_t cost;
	uint64_t hash;
	enum dns_type type;
	size_t len;
	char name[];
};

struct shard {
	pthread_mutex_t lock;
	struct entry *bucket[BUCKETS];
	struct entry *newest;
	struct entry *oldest;
	size_t octets;
};

struct dnscache {
	size_t octets_max; /* of one shard */
	uint64_t seed;
	struct shard shard[SHARDS];
};

struct dnscache *dnscache_new(size_t octets)
{
	struct dnscache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->octets_max = octets / SHARDS;
	c->seed = random_u64();
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&c->shard[i].lock, NULL);
	return c;
}

static void entry_free(struct entry *e)
{
	dns_answer_release(e->answer);
	free(e);
}

void dnscache_free(struct dnscache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		struct entry *e = c->shard[i].newest;

		while (e != NULL) {
			struct entry *older = e->older;

			entry_free(e);
			e = older;
		}
		pthread_mutex_destroy(&c->shard[i].lock);
	}
	free(c);
}

/* FNV-1a over a seed nobody knows, and a last mix for the high bits. */
static uint64_t hash_of(
	const struct dnscache *c, struct slice name, enum dns_type type)
{
	uint64_t h = c->seed ^ (uint64_t)type;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.at[i]) * 1099511628211ULL;
	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9ULL;
	return h ^ h >> 32;
}

static struct shard *shard_of(struct dnscache *c, uint64_t hash)
{
	return &c->shard[hash % SHARDS];
}

static struct entry **bucket_of(struct shard *s, uint64_t hash)
{
	return &s->bucket[hash / SHARDS % BUCKETS];
}

static void unlink_age(struct shard *s, struct entry *e)
{
	*(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
	*(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
}

static void link_newest(struct shard *s, struct entry *e)
{
	e->newer = NULL;
	e->older = s->newest;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = e;
	s->newest = e;
}

static void drop(struct shard *s, struct entry *e)
{
	struct entry **at = bucket_of(s, e->hash);

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	unlink_age(s, e);
	s->octets -= e->cost;
	entry_free(e);
}

static struct entry *find(
	struct shard *s, uint64_t hash, struct slice name, enum dns_type type)
{
	struct entry *e = *bucket_of(s, hash);

	while (e != NULL &&
		(e->hash != hash || e->type != type || e->len != name.len ||
			memcmp(e->name, name.at, name.len) != 0))
		e = e->chain;
	return e;
}

struct dns_answer *dnscache_find(struct dnscache *c, struct slice name,
	enum dns_type type, int64_t now_ms)
{
	uint64_t hash = hash_of(c, name, type);
	struct shard *s = shard_of(c, hash);
	struct dns_answer *a = NULL;
	struct entry *e;

	pthread_mutex_lock(&s->lock);
	e = find(s, hash, name, type);
	if (e != NULL && e->until_ms <= now_ms) {
		drop(s, e);
	} else if (e != NULL) {
		if (s->newest != e) {
			unlink_age(s, e);
			link_newest(s, e);
		}
		a = dns_answer_hold(e->answer);
	}
	pthread_mutex_unlock(&s->lock);
	return a;
}

static struct entry *entry_new(uint64_t hash, struct slice name,
	enum dns_type type, struct dns_answer *a)
{
	struct entry *e = malloc(sizeof(*e) + name.len);

	if (e == NULL)
		return NULL;
	*e = (struct entry){ .answer = dns_answer_hold(a),
		.hash = hash,
		.type = type,
		.len = name.len,
		.cost = sizeof(*e) + OVERHEAD + sizeof(*a) + name.len };
	memcpy(e->name, name.at, name.len);
	for (size_t i = 0; i < a->count; i++)
		e->cost += a->rdata[i].len + sizeof(a->rdata[i]);
	return e;
}

void dnscache_put(struct dnscache *c, struct slice name, enum dns_type type,
	struct dns_answer *a, int64_t until_ms)
{
	uint64_t hash = hash_of(c, name, type);
	struct shard *s = shard_of(c, hash);
	struct entry *e = entry_new(hash, name, type, a);
	struct entry *before;

	if (e == NULL || e->cost > c->octets_max) {
		if (e != NULL)
			entry_free(e);
		return;
	}
	e->until_ms = until_ms;
	pthread_mutex_lock(&s->lock);
	before = find(s, hash, name, type);
	if (before != NULL)
		drop(s, before);
	e->chain = *bucket_of(s, hash);
	*bucket_of(s, hash) = e;
	link_newest(s, e);
	s->octets += e->cost;
	while (s->octets > c->octets_max)
		drop(s, s->oldest);
	pthread_mutex_unlock(&s->lock);
}

size_t dnscache_octets(struct dnscache *c)
{
	size_t sum = 0;

	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&c->shard[i].lock);
		sum += c->shard[i].octets;
		pthread_mutex_unlock(&c->shard[i].lock);
	}
	return sum;
}
