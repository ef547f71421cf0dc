/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/view - what a template is filled with: names and values, and lists of
 * such. Plain text goes in; web/template escapes it where it is printed.
 *
 * All is owned by the arena given at birth; names are static strings. When
 * memory runs out the view is marked and template_render says RES_NOMEM.
 * A name set again has the new value. Threads: one owner.
 */
#pragma once

#include "base/slice.h"

#include <stdint.h>

struct arena;
struct view;

/* Marks an English text of a table, shown later by view_say, for those who
 * collect the texts to be translated. */
#define N_(text) text

/* NULL: no memory; every function here takes NULL and does nothing. */
struct view *view_new(struct arena *a);

/* Copied. An empty text counts as false in {{#name}}. */
void view_slice(struct view *v, const char *name, struct slice text);
void view_text(struct view *v, const char *name, const char *text);
void view_number(struct view *v, const char *name, int64_t number);
void view_format(struct view *v, const char *name, const char *format, ...)
	PRINTF_LIKE(3, 4);
void view_flag(struct view *v, const char *name, bool is_so);
/* English text of ours (static), translated when printed; may hold {name} of
 * other values of the view. */
void view_say(struct view *v, const char *name, const char *english);
/* Markup of ours that is printed as it is, by {{&name}} only. Borrowed. */
void view_markup(struct view *v, const char *name, struct slice markup);

/* Adds an element to the list of that name: a view that sees the names of v,
 * too, where it has none of its own. */
struct view *view_item(struct view *v, const char *name);

/* ---- for web/template ---- */

enum view_kind {
	VIEW_NONE = 0,
	VIEW_TEXT,
	VIEW_WORDS, /* of view_say */
	VIEW_FLAG,
	VIEW_MARKUP,
	VIEW_LIST
};

struct view_value {
	enum view_kind kind;
	struct slice text; /* of TEXT, WORDS, MARKUP */
	bool is_so; /* FLAG; of others: not empty */
	const struct view *first; /* of LIST */
};

struct view_value view_find(const struct view *v, struct slice name);
const struct view *view_next(const struct view *item); /* NULL: the last */
bool view_is_whole(const struct view *v); /* nothing was lost */
