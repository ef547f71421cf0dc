/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/scopes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BORN_CAPACITY = 16 };

/* Numbers and a hash of their names; 0 in the hash is an empty place. */
struct scopes {
	struct scope *all; /* index = number */
	size_t used; /* numbers handed out, with those to use again */
	size_t capacity;
	size_t max;
	size_t live;
	size_t name_memory;
	uint32_t *again; /* numbers to use again; as large as all */
	size_t again_count;
	uint32_t *index;
	size_t index_size; /* a power of two, at least twice the capacity */
	uint64_t seed;
};

static uint64_t hash_name(const struct scopes *s, struct slice name)
{
	uint64_t h = s->seed;
	size_t i;

	for (i = 0; i < name.len; i++) {
		h = (h ^ (unsigned char)name.at[i]) * UINT64_C(0x100000001b3);
		h ^= h >> 29;
	}
	return h ^ h >> 32;
}

static size_t place_of(const struct scopes *s, struct slice name)
{
	size_t i = (size_t)hash_name(s, name) & (s->index_size - 1);

	while (s->index[i] != 0 &&
		!slice_is_equal(s->all[s->index[i]].name, name))
		i = (i + 1) & (s->index_size - 1);
	return i;
}

static void reindex(struct scopes *s)
{
	size_t i;

	memset(s->index, 0, s->index_size * sizeof(*s->index));
	for (i = 1; i < s->used; i++) {
		if (s->all[i].name.at != NULL)
			s->index[place_of(s, s->all[i].name)] = (uint32_t)i;
	}
}

static enum result grow(struct scopes *s, size_t capacity)
{
	size_t index_size = capacity * 2;
	struct scope *all = calloc(capacity, sizeof(*all));
	uint32_t *again = calloc(capacity, sizeof(*again));
	uint32_t *index = calloc(index_size, sizeof(*index));

	if (all == NULL || again == NULL || index == NULL) {
		free(all);
		free(again);
		free(index);
		return RES_NOMEM;
	}
	if (s->used > 0) {
		memcpy(all, s->all, s->used * sizeof(*all));
		memcpy(again, s->again, s->again_count * sizeof(*again));
	}
	free(s->all);
	free(s->again);
	free(s->index);
	s->all = all;
	s->again = again;
	s->index = index;
	s->capacity = capacity;
	s->index_size = index_size;
	reindex(s);
	return RES_OK;
}

struct scopes *scopes_new(size_t max, uint64_t seed)
{
	struct scopes *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->max = max;
	s->seed = seed;
	if (grow(s, BORN_CAPACITY) != RES_OK) {
		free(s);
		return NULL;
	}
	s->used = 1;
	return s;
}

void scopes_free(struct scopes *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 1; i < s->used; i++)
		free((void *)(uintptr_t)s->all[i].name.at);
	free(s->all);
	free(s->again);
	free(s->index);
	free(s);
}

bool scopes_find(const struct scopes *s, struct slice name, uint32_t *id)
{
	if (name.len > 0) {
		uint32_t found = s->index[place_of(s, name)];

		if (found == 0)
			return false;
		*id = found;
		return true;
	}
	*id = 0;
	return true;
}

static enum result add(struct scopes *s, struct slice name, uint32_t *id)
{
	char *copy;

	if (s->live >= s->max)
		return RES_FULL;
	if (s->again_count == 0 && s->used == s->capacity &&
		grow(s, s->capacity * 2) != RES_OK)
		return RES_NOMEM;
	copy = malloc(name.len);
	if (copy == NULL)
		return RES_NOMEM;
	memcpy(copy, name.at, name.len);
	*id = s->again_count > 0 ? s->again[--s->again_count]
				 : (uint32_t)s->used++;
	memset(&s->all[*id], 0, sizeof(s->all[*id]));
	s->all[*id].name = slice_make(copy, name.len);
	s->index[place_of(s, s->all[*id].name)] = *id;
	s->live++;
	s->name_memory += name.len;
	return RES_OK;
}

enum result scopes_intern(struct scopes *s, struct slice name, uint32_t *id)
{
	if (scopes_find(s, name, id))
		return RES_OK;
	return add(s, name, id);
}

struct scope *scopes_at(const struct scopes *s, uint32_t id)
{
	assert(id < s->used);
	return &s->all[id];
}

/* Those behind the freed place may have been pushed past it: put them anew. */
static void close_gap(struct scopes *s, size_t i)
{
	s->index[i] = 0;
	for (;;) {
		uint32_t moved;

		i = (i + 1) & (s->index_size - 1);
		moved = s->index[i];
		if (moved == 0)
			return;
		s->index[i] = 0;
		s->index[place_of(s, s->all[moved].name)] = moved;
	}
}

void scopes_drop_empty(struct scopes *s, uint32_t id)
{
	struct scope *scope = scopes_at(s, id);

	if (id == 0 || scope->entries > 0 || scope->name.at == NULL)
		return;
	close_gap(s, place_of(s, scope->name));
	s->name_memory -= scope->name.len;
	free((void *)(uintptr_t)scope->name.at);
	memset(scope, 0, sizeof(*scope));
	s->again[s->again_count++] = id;
	s->live--;
}

size_t scopes_count(const struct scopes *s)
{
	return s->live;
}

size_t scopes_memory(const struct scopes *s)
{
	return sizeof(*s) +
		s->capacity * (sizeof(*s->all) + sizeof(*s->again)) +
		s->index_size * sizeof(*s->index) + s->name_memory;
}
