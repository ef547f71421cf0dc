/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/fields.h"

#include "base/arena.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOM_AT_FIRST = 32,
	LATE_OCTETS_MAX = MESSAGE_LATE_MAX * 2 * 65536 /* folds mended */
};

void fields_start(struct fields *f, struct arena *a, size_t fields_max)
{
	unsigned *numbers = f->forged.at;

	arena_free(f->late);
	*f = (struct fields){ .arena = a, .fields_max = fields_max };
	f->message.is_from_lost = a == NULL;
	f->forged.at = numbers;
}

void fields_clear(struct fields *f)
{
	free(f->forged.at);
	f->forged.at = NULL;
	arena_free(f->late);
	f->late = NULL;
}

static bool grow(struct fields *f)
{
	size_t room = f->room == 0 ? ROOM_AT_FIRST : f->room * 2;
	struct field *list;

	if (f->message.field_count < f->room)
		return true;
	list = arena_alloc(f->arena, room * sizeof(*list));
	if (list == NULL)
		return false;
	if (f->message.field_count > 0)
		memcpy(list, f->list, f->message.field_count * sizeof(*list));
	f->list = list;
	f->room = room;
	f->message.fields = list;
	return true;
}

static size_t count_bare(struct slice v)
{
	size_t bare = 0;

	for (const char *at = v.at, *end = v.at + v.len; at < end; at++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (at == NULL)
			break;
		bare += at == v.at || at[-1] != '\r';
	}
	return bare;
}

/* The value as it stood in the message: its blank back, folds as CRLF. */
static enum result mend(
	struct arena *a, struct slice v, bool lacks_blank, struct slice *out)
{
	size_t bare = v.len == 0 ? 0 : count_bare(v);
	char *copy, *to;

	if (bare == 0 && !lacks_blank)
		return arena_copy(a, v, out);
	copy = arena_alloc(a, v.len + bare + 1);
	if (copy == NULL)
		return RES_TOOBIG;
	to = copy;
	if (lacks_blank)
		*to++ = ' ';
	for (size_t i = 0; i < v.len; i++) {
		if (v.at[i] == '\n' && (i == 0 || v.at[i - 1] != '\r'))
			*to++ = '\r';
		*to++ = v.at[i];
	}
	*out = slice_make(copy, (size_t)(to - copy));
	return RES_OK;
}

/* One field as the MTA hands it over. */
struct handed {
	struct slice name;
	struct slice value;
	bool lacks_blank;
};

static bool copy(struct arena *a, const struct handed *h, struct field *out)
{
	*out = (struct field){ .is_cut = h->name.len + h->value.len >=
			FIELD_CUT_AT };
	return arena_copy(a, h->name, &out->name) == RES_OK &&
		mend(a, h->value, h->lacks_blank, &out->value) == RES_OK;
}

static bool keep(struct fields *f, const struct handed *h)
{
	struct field kept;

	if (f->message.field_count >= f->fields_max || !grow(f) ||
		!copy(f->arena, h, &kept))
		return false;
	f->list[f->message.field_count++] = kept;
	return true;
}

static void keep_late(struct fields *f, const struct handed *h)
{
	struct message *m = &f->message;

	if (!slice_is_equal_nocase(h->name, slice_of("From")) ||
		m->late_from_count == MESSAGE_LATE_MAX)
		return;
	if (f->late == NULL)
		f->late = arena_new(LATE_OCTETS_MAX);
	if (f->late == NULL ||
		!copy(f->late, h, &m->late_from[m->late_from_count]))
		m->is_from_lost = true;
	else
		m->late_from_count++;
}

void fields_add(struct fields *f, struct slice name, struct slice value,
	bool lacks_blank)
{
	const struct handed h = { name, value, lacks_blank };

	if (f->message.header_count < UINT_MAX)
		f->message.header_count++;
	if (f->arena == NULL)
		return;
	if (!f->message.is_header_partial && !keep(f, &h))
		f->message.is_header_partial = true;
	if (f->message.is_header_partial)
		keep_late(f, &h);
}

void fields_note_results(struct fields *f, bool claims, size_t max)
{
	struct field_numbers *n = &f->forged;
	unsigned *more;

	f->results_seen++;
	if (!claims)
		return;
	if (n->count >= max) {
		n->is_partial = true;
		return;
	}
	/* Room for powers of two only, so the count alone says how much. */
	if ((n->count & (n->count - 1)) == 0) {
		size_t room = n->count == 0 ? 1 : n->count * 2;

		more = realloc(n->at, room * sizeof(*more));
		if (more == NULL) {
			n->is_partial = true;
			return;
		}
		n->at = more;
	}
	n->at[n->count++] = f->results_seen;
}
