/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/table.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 16 };

struct entry {
	struct entry *next; /* in its bucket */
	struct entry *newer;
	struct entry *older;
	uint64_t hash;
	void *value;
	size_t len;
	char key[];
};

struct table {
	void (*free_value)(void *);
	struct entry **bucket;
	size_t buckets; /* a power of two */
	size_t count;
	size_t max;
	struct entry *newest;
	struct entry *oldest;
	uint64_t seed[2];
};

/* SipHash-1-3 (Aumasson, Bernstein 2012): a sender who chooses keys cannot
 * choose buckets, for the seed is secret. */
static uint64_t rotate(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static uint64_t hash_of(const struct table *t, struct slice key)
{
	uint64_t v[4] = { t->seed[0] ^ 0x736f6d6570736575u,
		t->seed[1] ^ 0x646f72616e646f6du,
		t->seed[0] ^ 0x6c7967656e657261u,
		t->seed[1] ^ 0x7465646279746573u };
	size_t left = key.len;
	size_t at = 0;
	uint64_t word;

	for (; left >= 8; left -= 8, at += 8) {
		memcpy(&word, key.at + at, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)key.len << 56;
	for (size_t i = 0; i < left; i++)
		word |= (uint64_t)(unsigned char)key.at[at + i] << (8 * i);
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct entry **place_of(const struct table *t, uint64_t hash)
{
	return &t->bucket[hash & (t->buckets - 1)];
}

static struct entry *lookup(
	const struct table *t, struct slice key, uint64_t hash)
{
	struct entry *e = *place_of(t, hash);

	while (e != NULL) {
		if (e->hash == hash &&
			slice_is_equal(slice_make(e->key, e->len), key))
			return e;
		e = e->next;
	}
	return NULL;
}

static void queue_leave(struct table *t, struct entry *e)
{
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		t->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		t->oldest = e->newer;
}

static void queue_enter(struct table *t, struct entry *e)
{
	e->newer = NULL;
	e->older = t->newest;
	if (t->newest != NULL)
		t->newest->newer = e;
	else
		t->oldest = e;
	t->newest = e;
}

static void drop_value(const struct table *t, void *value)
{
	if (t->free_value != NULL && value != NULL)
		t->free_value(value);
}

static void drop(struct table *t, struct entry *e)
{
	struct entry **link = place_of(t, e->hash);

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	queue_leave(t, e);
	t->count--;
	drop_value(t, e->value);
	free(e);
}

/* A table that cannot grow works on, only slower. */
static void grow(struct table *t)
{
	size_t buckets = t->buckets * 2;
	struct entry **bucket = calloc(buckets, sizeof(struct entry *));

	if (bucket == NULL)
		return;
	free(t->bucket);
	t->bucket = bucket;
	t->buckets = buckets;
	for (struct entry *e = t->oldest; e != NULL; e = e->newer) {
		struct entry **place = place_of(t, e->hash);

		e->next = *place;
		*place = e;
	}
}

struct table *table_new(size_t max, void (*free_value)(void *))
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->bucket = calloc(FIRST_BUCKETS, sizeof(struct entry *));
	if (t->bucket == NULL) {
		free(t);
		return NULL;
	}
	t->buckets = FIRST_BUCKETS;
	t->max = max == 0 ? 1 : max;
	t->free_value = free_value;
	random_fill(t->seed, sizeof(t->seed));
	return t;
}

void table_free(struct table *t)
{
	if (t == NULL)
		return;
	table_clear(t);
	free(t->bucket);
	free(t);
}

void table_clear(struct table *t)
{
	while (t->oldest != NULL)
		drop(t, t->oldest);
}

size_t table_count(const struct table *t)
{
	return t->count;
}

void *table_find(struct table *t, struct slice key)
{
	struct entry *e = lookup(t, key, hash_of(t, key));

	if (e == NULL)
		return NULL;
	queue_leave(t, e);
	queue_enter(t, e);
	return e->value;
}

static struct entry *entry_new(struct slice key, uint64_t hash)
{
	struct entry *e = NULL;

	if (key.len > SIZE_MAX - sizeof(*e))
		return NULL;
	e = calloc(1, sizeof(*e) + key.len);
	if (e == NULL)
		return NULL;
	e->hash = hash;
	e->len = key.len;
	if (key.len > 0)
		memcpy(e->key, key.at, key.len);
	return e;
}

enum result table_put(struct table *t, struct slice key, void *value)
{
	uint64_t hash = hash_of(t, key);
	struct entry *e = lookup(t, key, hash);
	struct entry **place = NULL;

	if (e != NULL) {
		if (e->value != value)
			drop_value(t, e->value);
		e->value = value;
		queue_leave(t, e);
		queue_enter(t, e);
		return RES_OK;
	}
	e = entry_new(key, hash);
	if (e == NULL) {
		drop_value(t, value);
		return RES_NOMEM;
	}
	e->value = value;
	if (t->count >= t->max)
		drop(t, t->oldest);
	if (t->count >= t->buckets && t->buckets <= SIZE_MAX / 4)
		grow(t);
	place = place_of(t, hash);
	e->next = *place;
	*place = e;
	queue_enter(t, e);
	t->count++;
	return RES_OK;
}

bool table_remove(struct table *t, struct slice key)
{
	struct entry *e = lookup(t, key, hash_of(t, key));

	if (e == NULL)
		return false;
	drop(t, e);
	return true;
}
