/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confload - one load of a config in the making, inside lib/conf only.
 *
 * Holds the snapshot being filled, where each option was said, and the errors
 * and warnings so far, which come out in the order of files and lines.
 * Threads: one owner.
 */
#pragma once

#include "base/buf.h"

struct conf;
struct conf_row;
struct confload;

/* A line of one of the files; line 0: nowhere, a default. */
struct conf_place {
	unsigned file;
	unsigned line;
};

enum conf_severity { CONF_ERROR = 1, CONF_WARNING };

/* is_real: name is a file, and it may name others. RES_NOMEM. */
enum result confload_new(struct confload **out, bool is_real) MUST_USE;
void confload_free(struct confload *l); /* and the snapshot, if still there */

/* Reads one text, and the files it includes, into the snapshot. */
enum result confload_text(
	struct confload *l, const char *name, struct slice text) MUST_USE;

struct conf *confload_conf(struct confload *l);
/* The snapshot is the caller's from now on. */
struct conf *confload_take(struct confload *l);

bool confload_is_real(const struct confload *l);

/* Where the option was said; the start of its section, or of the file,
 * when it was not. */
struct conf_place confload_place(
	const struct confload *l, const char *section, const char *name);
bool confload_is_said(
	const struct confload *l, const char *section, const char *name);
/* The same for check "title" and domain "title". */
struct conf_place confload_titled_place(const struct confload *l,
	const char *section, const char *title, const char *name);
/* Has the file a word on this option of that section? */
bool confload_is_titled_said(const struct confload *l, const char *section,
	const char *title, const char *name);

void confload_note(struct confload *l, enum conf_severity severity,
	struct conf_place place, const char *format, ...) PRINTF_LIKE(4, 5);
bool confload_has_errors(const struct confload *l);
void confload_print_notes(struct confload *l, struct buf *out);
