/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/aliases.h"

#include <stdlib.h>
#include <string.h>

enum { BORN_BUCKETS = 64 };

struct alias {
	struct alias *next;
	struct alias_owner owner;
	size_t len;
	char text[];
};

struct aliases {
	struct alias **bucket;
	size_t buckets; /* a power of two */
	size_t count;
	size_t max;
	size_t per_owner;
	size_t text_memory;
	uint64_t seed;
};

static uint64_t stir(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 31;
}

static size_t bucket_of(const struct aliases *a, const struct alias_owner *o)
{
	uint64_t half[2];
	uint64_t h;

	memcpy(half, o->net.net.octet, sizeof(half));
	h = stir(a->seed, half[0]);
	h = stir(h, half[1]);
	h = stir(h, (uint64_t)o->scope << 16 | o->kind << 8 | o->net.bits);
	return (size_t)(h & (a->buckets - 1));
}

static bool is_same(const struct alias_owner *a, const struct alias_owner *b)
{
	return a->kind == b->kind && a->scope == b->scope &&
		cidr_is_equal(&a->net, &b->net);
}

struct aliases *aliases_new(size_t max, size_t per_owner, uint64_t seed)
{
	struct aliases *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->buckets = BORN_BUCKETS;
	a->bucket = calloc(a->buckets, sizeof(struct alias *));
	if (a->bucket == NULL) {
		free(a);
		return NULL;
	}
	a->max = max;
	a->per_owner = per_owner;
	a->seed = seed;
	return a;
}

void aliases_free(struct aliases *a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->buckets; i++) {
		struct alias *at = a->bucket[i];

		while (at != NULL) {
			struct alias *next = at->next;

			free(at);
			at = next;
		}
	}
	free(a->bucket);
	free(a);
}

/* Without memory the chains just get longer. */
static void grow(struct aliases *a)
{
	size_t old = a->buckets;
	struct alias **before = a->bucket;
	struct alias **larger = calloc(old * 2, sizeof(struct alias *));
	size_t i;

	if (larger == NULL)
		return;
	a->bucket = larger;
	a->buckets = old * 2;
	for (i = 0; i < old; i++) {
		struct alias *at = before[i];

		while (at != NULL) {
			struct alias *next = at->next;
			size_t to = bucket_of(a, &at->owner);

			at->next = larger[to];
			larger[to] = at;
			at = next;
		}
	}
	free(before);
}

/* The link that points to text, or NULL; *owned: how many o has. */
static struct alias **find(const struct aliases *a, const struct alias_owner *o,
	struct slice text, size_t *owned)
{
	struct alias **link = &a->bucket[bucket_of(a, o)];
	struct alias **found = NULL;

	*owned = 0;
	for (; *link != NULL; link = &(*link)->next) {
		if (!is_same(&(*link)->owner, o))
			continue;
		++*owned;
		if (slice_is_equal(
			    slice_make((*link)->text, (*link)->len), text))
			found = link;
	}
	return found;
}

enum result aliases_add(
	struct aliases *a, const struct alias_owner *o, struct slice text)
{
	struct alias *made;
	size_t owned;
	size_t to;

	if (find(a, o, text, &owned) != NULL)
		return RES_EXISTS;
	if (a->count >= a->max || owned >= a->per_owner)
		return RES_FULL;
	made = malloc(sizeof(*made) + text.len);
	if (made == NULL)
		return RES_NOMEM;
	made->owner = *o;
	made->len = text.len;
	memcpy(made->text, text.at, text.len);
	if (a->count >= a->buckets)
		grow(a);
	to = bucket_of(a, o);
	made->next = a->bucket[to];
	a->bucket[to] = made;
	a->count++;
	a->text_memory += text.len;
	return RES_OK;
}

bool aliases_remove(
	struct aliases *a, const struct alias_owner *o, struct slice text)
{
	size_t owned;
	struct alias **link = find(a, o, text, &owned);
	struct alias *gone;

	if (link == NULL)
		return false;
	gone = *link;
	*link = gone->next;
	a->count--;
	a->text_memory -= gone->len;
	free(gone);
	return true;
}

size_t aliases_each(const struct aliases *a, const struct alias_owner *o,
	void (*each)(void *ctx, struct slice text), void *ctx)
{
	const struct alias *at = a->bucket[bucket_of(a, o)];
	size_t count = 0;

	for (; at != NULL; at = at->next) {
		if (!is_same(&at->owner, o))
			continue;
		count++;
		if (each != NULL)
			each(ctx, slice_make(at->text, at->len));
	}
	return count;
}

size_t aliases_count(const struct aliases *a)
{
	return a->count;
}

size_t aliases_memory(const struct aliases *a)
{
	return sizeof(*a) + a->buckets * sizeof(struct alias *) +
		a->count * sizeof(struct alias) + a->text_memory;
}
