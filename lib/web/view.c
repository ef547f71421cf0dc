/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/view.h"

#include "base/arena.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_TEXT_MAX = 24 };

struct entry {
	const char *name;
	struct view_value value;
	struct view *last; /* of VIEW_LIST */
	struct entry *next;
};

struct view {
	struct arena *arena;
	struct view *outer; /* NULL: the root */
	struct view *next; /* of a list */
	struct entry *entries;
	bool is_broken; /* of the root: something was lost */
};

static void mark_broken(struct view *v)
{
	while (v->outer != NULL)
		v = v->outer;
	v->is_broken = true;
}

struct view *view_new(struct arena *a)
{
	struct view *v = a != NULL ? arena_alloc(a, sizeof(*v)) : NULL;

	if (v != NULL)
		v->arena = a;
	return v;
}

static struct entry *find_own(const struct view *v, struct slice name)
{
	struct entry *e = v->entries;

	while (e != NULL && !slice_is_equal(slice_of(e->name), name))
		e = e->next;
	return e;
}

/* The entry of that name, made when there is none; NULL: no memory. */
static struct entry *take_entry(struct view *v, const char *name)
{
	struct entry *e = find_own(v, slice_of(name));

	if (e != NULL)
		return e;
	e = arena_alloc(v->arena, sizeof(*e));
	if (e == NULL) {
		mark_broken(v);
		return NULL;
	}
	e->name = name;
	e->next = v->entries;
	v->entries = e;
	return e;
}

static void put(struct view *v, const char *name, enum view_kind kind,
	struct slice text)
{
	struct entry *e = v != NULL ? take_entry(v, name) : NULL;

	if (e == NULL)
		return;
	e->value = (struct view_value){
		.kind = kind,
		.text = text,
		.is_so = text.len > 0,
	};
}

void view_slice(struct view *v, const char *name, struct slice text)
{
	struct slice copy = { 0 };

	if (v == NULL)
		return;
	if (arena_copy(v->arena, text, &copy) != RES_OK)
		mark_broken(v);
	put(v, name, VIEW_TEXT, copy);
}

void view_text(struct view *v, const char *name, const char *text)
{
	view_slice(v, name, slice_of(text));
}

void view_number(struct view *v, const char *name, int64_t number)
{
	char text[NUMBER_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%" PRId64, number);
	view_text(v, name, text);
}

void view_format(struct view *v, const char *name, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int len;

	if (v == NULL)
		return;
	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len >= 0)
		text = arena_alloc(v->arena, (size_t)len + 1);
	if (text == NULL) {
		mark_broken(v);
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	put(v, name, VIEW_TEXT, slice_make(text, (size_t)len));
}

void view_flag(struct view *v, const char *name, bool is_so)
{
	struct entry *e = v != NULL ? take_entry(v, name) : NULL;

	if (e != NULL)
		e->value = (struct view_value){
			.kind = VIEW_FLAG,
			.is_so = is_so,
		};
}

void view_say(struct view *v, const char *name, const char *english)
{
	put(v, name, VIEW_WORDS, slice_of(english));
}

void view_markup(struct view *v, const char *name, struct slice markup)
{
	put(v, name, VIEW_MARKUP, markup);
}

struct view *view_item(struct view *v, const char *name)
{
	struct entry *e = v != NULL ? take_entry(v, name) : NULL;
	struct view *item = NULL;

	if (e == NULL)
		return NULL;
	item = view_new(v->arena);
	if (item == NULL) {
		mark_broken(v);
		return NULL;
	}
	item->outer = v;
	if (e->value.kind == VIEW_LIST)
		e->last->next = item;
	else
		e->value = (struct view_value){
			.kind = VIEW_LIST,
			.is_so = true,
			.first = item,
		};
	e->last = item;
	return item;
}

/* ---- for web/template ---- */

struct view_value view_find(const struct view *v, struct slice name)
{
	for (; v != NULL; v = v->outer) {
		const struct entry *e = find_own(v, name);

		if (e != NULL)
			return e->value;
	}
	return (struct view_value){ .kind = VIEW_NONE };
}

const struct view *view_next(const struct view *item)
{
	return item != NULL ? item->next : NULL;
}

bool view_is_whole(const struct view *v)
{
	if (v == NULL)
		return false;
	while (v->outer != NULL)
		v = v->outer;
	return !v->is_broken;
}
