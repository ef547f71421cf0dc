/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/headerhash.h"

#include "base/arena.h"
#include "base/digest.h"
#include "fact/message.h"

#include <stdlib.h>

/* By name, and of one name from the lowest field up. */
struct entry {
	const struct field *field;
	size_t taken; /* of its name; kept at the first entry of the name */
};

struct headerhash {
	size_t count;
	struct entry *entries;
};

static int fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int compare_names(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	for (size_t i = 0; i < a.len; i++)
		if (fold(a.at[i]) != fold(b.at[i]))
			return fold(a.at[i]) - fold(b.at[i]);
	return 0;
}

static int compare_entries(const void *left, const void *right)
{
	const struct field *a = ((const struct entry *)left)->field;
	const struct field *b = ((const struct entry *)right)->field;
	int order = compare_names(a->name, b->name);

	if (order != 0)
		return order;
	return a == b ? 0 : a > b ? -1 : 1;
}

struct headerhash *headerhash_new(const struct message *m, struct arena *a)
{
	struct headerhash *h = arena_alloc(a, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->count = m->field_count;
	h->entries = arena_alloc(a, (h->count + 1) * sizeof(*h->entries));
	if (h->entries == NULL)
		return NULL;
	for (size_t i = 0; i < h->count; i++)
		h->entries[i].field = &m->fields[i];
	qsort(h->entries, h->count, sizeof(*h->entries), compare_entries);
	return h;
}

/* The first entry of that name, or count. */
static size_t find(const struct headerhash *h, struct slice name)
{
	size_t low = 0, high = h->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_names(h->entries[middle].field->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The next field that this name stands for, or NULL. */
static const struct field *take(
	struct headerhash *h, struct slice name, const struct field *own)
{
	size_t first = find(h, name), at;
	const struct field *field;

	do {
		if (first == h->count)
			return NULL;
		at = first + h->entries[first].taken;
		if (at >= h->count ||
			compare_names(h->entries[at].field->name, name) != 0)
			return NULL;
		field = h->entries[at].field;
		h->entries[first].taken++;
	} while (field == own);
	return field;
}

enum result headerhash_make(struct headerhash *h,
	const struct headerhash_input *in, struct headerhash_output *out)
{
	struct slice rest = in->names, name;
	struct digest *d = digest_new();
	struct canon_sink sink;
	enum result res;

	*out = (struct headerhash_output){ .octets = in->own->value.len };
	if (d == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < h->count; i++)
		h->entries[i].taken = 0;
	canon_sink_digest(&sink, d);
	while (slice_cut(&rest, ':', &name)) {
		const struct field *f = take(h, slice_trim(name), in->own);

		if (f == NULL)
			continue;
		canon_field(&sink, in->how, f);
		out->is_cut |= f->is_cut;
		out->octets += f->name.len + f->value.len;
	}
	canon_field_unsigned(&sink, in->how, in->own, in->b_tag);
	out->is_cut |= in->own->is_cut;
	canon_flush(&sink);
	res = digest_end(d, out->digest);
	digest_free(d);
	return res;
}
