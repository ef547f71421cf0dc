/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/template - pages and letters as files with gaps, checked when loaded.
 *
 *   {{name}}              the value of name, escaped
 *   {{&name}}             markup of ours (view_markup), as it is
 *   {{#name}}...{{/name}} for each element of the list, or once when name is
 *                         true or not empty; {{^name}}...{{/name}} when not
 *   {{>name}}             another template of the set
 *   {{_ English text}}    its translation; {name} within it is a value; the
 *                         text may hold markup of ours, values are escaped
 *   {{! comment}}
 *
 * Blanks around a name are ignored; in a text each row of blanks and line ends
 * is one blank, for the translator too. A {name} of no value prints nothing; a
 * brace that belongs to no name is itself. {{name}} of words prints their
 * translation, escaped; {{&name}} prints it as markup of ours, its values
 * escaped. {{&name}} of anything else is as {{name}}.
 *
 * A template rendered as TEMPLATE_TEXT (mail) escapes nothing as HTML; in
 * values controls but LF, CR too, become blanks, and its translated texts are
 * broken into lines of TEMPLATE_WIDTH characters between words, but for the
 * first line of all, which is a subject. What is included is of the kind of
 * what includes it. A line that holds nothing but one of # ^ / > ! and blanks
 * leaves no empty line. No name and no value is ever looked at as a template.
 * Sections nest at most 16 deep, includes 8; a template that includes itself
 * is refused when it is rendered.
 *
 * Threads: add from one; render from any after that.
 */
#pragma once

#include "base/buf.h"

struct catalog;
struct templates;
struct view;

enum template_kind { TEMPLATE_HTML = 0, TEMPLATE_TEXT };

enum {
	TEMPLATE_WIDTH = 72,
	TEMPLATE_STEPS_MAX = 1000000 /* of one rendering, whatever it prints */
};

/* NULL: no memory. */
struct templates *templates_new(void);
void templates_free(struct templates *t); /* NULL is fine */

/* Adds, or replaces one of that name (letters, digits, _ and -). text is
 * copied. RES_SYNTAX: why names the line and the fault; RES_NOMEM. */
enum result templates_add(struct templates *t, struct slice name,
	enum template_kind kind, struct slice text, struct buf *why) MUST_USE;
bool templates_has(const struct templates *t, struct slice name);

/* A catalog of NULL is English. What it adds to out is not whole unless RES_OK.
 * RES_MISSING: no such template, or one that it includes; RES_SYNTAX: it
 * includes itself; RES_TOOBIG: past the bound of out, of steps or of includes;
 * RES_NOMEM, also of a view that is not whole. */
enum result template_render(const struct templates *t, struct slice name,
	const struct view *v, const struct catalog *c,
	struct buf *out) MUST_USE;

/* Calls each(ctx, text) for every text that is translated, in order, so that
 * a catalog can be made and checked. */
void templates_texts(const struct templates *t,
	void (*each)(void *ctx, struct slice template, struct slice text),
	void *ctx);
