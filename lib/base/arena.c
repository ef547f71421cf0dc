/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 4096, ALIGN = alignof(max_align_t) };

struct block {
	struct block *next;
	size_t size; /* octets in data */
	size_t used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *first; /* NULL: nothing was asked for yet */
	struct block *last;
	size_t max;
	size_t used;
};

static struct block *block_new(size_t size)
{
	struct block *b = NULL;

	if (size > SIZE_MAX - sizeof(*b))
		return NULL;
	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->next = NULL;
	b->size = size;
	b->used = 0;
	return b;
}

struct arena *arena_new(size_t max)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->max = max;
	return a;
}

void arena_reset(struct arena *a)
{
	struct block *b = a->first;

	while (b != NULL) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
	a->first = NULL;
	a->last = NULL;
	a->used = 0;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a);
}

/* A block with room for len, at the end of the chain; or NULL. */
static struct block *block_for(struct arena *a, size_t len)
{
	struct block *b = a->last;

	if (b != NULL && b->size - b->used >= len)
		return b;
	b = block_new(len > BLOCK_SIZE ? len : BLOCK_SIZE);
	if (b == NULL)
		return NULL;
	if (a->last == NULL)
		a->first = b;
	else
		a->last->next = b;
	a->last = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t len)
{
	struct block *b = NULL;
	void *at = NULL;

	/* An empty piece still gets an address of its own. */
	if (len == 0)
		len = 1;
	if (len > a->max - a->used || len > SIZE_MAX - ALIGN)
		return NULL;
	len = (len + ALIGN - 1) / ALIGN * ALIGN;
	b = block_for(a, len);
	if (b == NULL)
		return NULL;
	at = b->data + b->used;
	b->used += len;
	/* The padding may pass max by less than ALIGN once. */
	a->used = len > a->max - a->used ? a->max : a->used + len;
	memset(at, 0, len);
	return at;
}

enum result arena_copy(struct arena *a, struct slice s, struct slice *out)
{
	char *at = NULL;

	*out = slice_make(NULL, 0);
	if (s.len == 0)
		return RES_OK;
	at = arena_alloc(a, s.len);
	if (at == NULL)
		return RES_TOOBIG;
	memcpy(at, s.at, s.len);
	*out = slice_make(at, s.len);
	return RES_OK;
}

const char *arena_text(struct arena *a, struct slice s)
{
	char *at = NULL;

	if (s.len == SIZE_MAX)
		return NULL;
	at = arena_alloc(a, s.len + 1);
	if (at != NULL && s.len > 0)
		memcpy(at, s.at, s.len);
	return at;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
