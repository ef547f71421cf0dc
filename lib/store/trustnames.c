/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/trustnames.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	enum trust_kind kind;
	uint32_t expire_s;
	char domain[HOSTNAME_MAX];
	size_t len; /* of key */
	char key[];
};

struct trustnames {
	struct entry **entry; /* by kind and domain */
	size_t count;
	size_t room;
	size_t max;
};

struct trustnames *trustnames_new(size_t max)
{
	struct trustnames *t = calloc(1, sizeof(*t));

	if (t != NULL)
		t->max = max;
	return t;
}

void trustnames_free(struct trustnames *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->entry[i]);
	free(t->entry);
	free(t);
}

static int compare(
	const struct entry *e, enum trust_kind kind, struct slice domain)
{
	size_t len = strlen(e->domain);
	int order;

	if (e->kind != kind)
		return e->kind < kind ? -1 : 1;
	order = domain.len == 0 ? 0
				: memcmp(e->domain, domain.at,
					  len < domain.len ? len : domain.len);
	if (order != 0)
		return order;
	return len < domain.len ? -1 : len > domain.len;
}

/* The first that is not before that name. */
static size_t find(
	const struct trustnames *t, enum trust_kind kind, struct slice domain)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare(t->entry[mid], kind, domain) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* True, and where: the very key is there. */
static bool find_key(const struct trustnames *t, const struct trust_name *name,
	struct slice key, size_t *at)
{
	struct slice domain = slice_of(name->domain);

	for (*at = find(t, name->kind, domain); *at < t->count &&
		compare(t->entry[*at], name->kind, domain) == 0;
		(*at)++)
		if (slice_is_equal(
			    slice_make(t->entry[*at]->key, t->entry[*at]->len),
			    key))
			return true;
	return false;
}

static enum result make_room(struct trustnames *t)
{
	size_t room = t->room == 0 ? 16 : t->room * 2;
	struct entry **more;

	if (t->count < t->room)
		return RES_OK;
	more = realloc(t->entry, room * sizeof(struct entry *));
	if (more == NULL)
		return RES_NOMEM;
	t->entry = more;
	t->room = room;
	return RES_OK;
}

enum result trustnames_put(struct trustnames *t, const struct trust_name *name,
	struct slice key, uint32_t expire_s)
{
	struct entry *e;
	size_t at;

	if (find_key(t, name, key, &at)) {
		t->entry[at]->expire_s = expire_s;
		return RES_OK;
	}
	if (t->count >= t->max)
		return RES_FULL;
	if (make_room(t) != RES_OK)
		return RES_NOMEM;
	e = malloc(sizeof(*e) + key.len);
	if (e == NULL)
		return RES_NOMEM;
	e->kind = name->kind;
	e->expire_s = expire_s;
	memcpy(e->domain, name->domain, sizeof(e->domain));
	e->len = key.len;
	memcpy(e->key, key.at, key.len);
	memmove(t->entry + at + 1, t->entry + at,
		(t->count - at) * sizeof(struct entry *));
	t->entry[at] = e;
	t->count++;
	return RES_OK;
}

void trustnames_remove(
	struct trustnames *t, const struct trust_name *name, struct slice key)
{
	size_t at;

	if (!find_key(t, name, key, &at))
		return;
	free(t->entry[at]);
	t->count--;
	memmove(t->entry + at, t->entry + at + 1,
		(t->count - at) * sizeof(struct entry *));
}

bool trustnames_has(const struct trustnames *t, enum trust_kind kind,
	struct slice domain, int64_t now_s)
{
	for (size_t at = find(t, kind, domain);
		at < t->count && compare(t->entry[at], kind, domain) == 0; at++)
		if (t->entry[at]->expire_s == 0 ||
			now_s < (int64_t)t->entry[at]->expire_s)
			return true;
	return false;
}

size_t trustnames_count(const struct trustnames *t)
{
	return t->count;
}

struct slice trustnames_at(
	const struct trustnames *t, size_t i, uint32_t *expire_s)
{
	*expire_s = t->entry[i]->expire_s;
	return slice_make(t->entry[i]->key, t->entry[i]->len);
}
