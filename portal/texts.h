/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/texts - templates, help pages, catalogues and static files of the
 * site: those that are built in, and the operator's own instead of them.
 *
 * Built in from portal/templates (NAME.html pages, NAME.txt letters),
 * portal/help (LANG/NAME.md), portal/static and po (by portal/mkfiles). Below
 * portal.site the same names replace them one by one: templates/NAME.html,
 * templates/NAME.txt, help/LANG/NAME.md (also new ones), static/NAME (style.css
 * is added behind ours, logo.svg or logo.png replaces it). Read once, at start
 * and at each reload. Threads: any, once open.
 */
#pragma once

#include "base/buf.h"
#include "web/language.h"

struct catalog;
struct templates;
struct texts;

enum { TEXTS_FILE_MAX = 256 * 1024, TEXTS_FILES_MAX = 512 };

/* site: folder or "". why: FILE:LINE: TEXT of the operator's file that is
 * wrong. RES_SYNTAX, RES_DENIED, RES_TOOBIG, RES_NOMEM; RES_MISSING: no such
 * folder. */
enum result texts_open(
	struct texts **out, const char *site, struct buf *why) MUST_USE;
void texts_close(struct texts *t); /* NULL is fine */

const struct templates *texts_templates(const struct texts *t);
/* NULL for English. */
const struct catalog *texts_catalog(const struct texts *t, enum language l);

struct texts_help {
	const char *name; /* "policies" */
	struct slice title;
	struct slice markup;
	struct slice changed; /* date of the last change, "2026-11-26" */
	enum language language; /* English when there is no other */
};
/* False: no such page. */
bool texts_help(const struct texts *t, struct slice name, enum language l,
	struct texts_help *out);
/* In the order in which the index shows them; false: no more. */
bool texts_help_at(const struct texts *t, size_t i, enum language l,
	struct texts_help *out);

struct texts_file {
	const char *type; /* media type */
	struct slice data;
};
bool texts_file(
	const struct texts *t, struct slice name, struct texts_file *out);
