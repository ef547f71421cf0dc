/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/output - what a command answers, once as data, shown in two ways.
 *
 * A command fills one tree: sentences, fields, lists. output_finish prints it
 * for a human, or as one JSON object (--json). Long answers are streamed: each
 * row is printed when it ends. Everything that came from outside is made
 * harmless for a terminal here: octets that are no printable UTF-8 are shown
 * as \xHH. The only file that knows jansson. Threads: one.
 */
#pragma once

#include "base/buf.h"

#include <stdio.h>

struct output;

/* Ends the process when there is no memory, as every call here does. */
struct output *output_new(FILE *to, bool json);
void output_free(struct output *o);
bool output_is_json(const struct output *o);
/* The command was asked for JSON in its own words. Before anything else. */
void output_set_json(struct output *o);

/* A sentence for the human; in JSON one string of the list "messages". */
void output_say(struct output *o, const char *format, ...) PRINTF_LIKE(2, 3);
/* What went wrong; in JSON the field "error" of the root. Printed to standard
 * error at once for humans and machines alike. */
void output_error(struct output *o, const char *format, ...) PRINTF_LIKE(2, 3);

/* Fields of the open object. Empty text is left out. */
void output_text(struct output *o, const char *key, struct slice value);
/* A JSON object that a script of ours wrote; as text when it is none. */
void output_json(struct output *o, const char *key, struct slice value);
void output_number(struct output *o, const char *key, int64_t value);
void output_bool(struct output *o, const char *key, bool value);
/* A string of the open list. */
void output_item(struct output *o, struct slice value);

enum output_style {
	OUTPUT_BLOCK = 0, /* an object: its fields one a line */
	OUTPUT_BLOCKS, /* a list of objects, each as a block */
	OUTPUT_TABLE, /* a list of objects, each a line of columns */
	OUTPUT_LINES, /* a list of strings */
	OUTPUT_PLAIN /* a list of strings, without label and indent */
};

/* Opens an object or list inside; key NULL: an object of the open list. */
void output_open(struct output *o, const char *key, enum output_style style);
void output_close(struct output *o);

/* Columns of a stream, as a human sees them. width 0: as long as it is. */
struct output_column {
	const char *key;
	int width;
};

/*
 * From now on each output_row_open .. output_row_close is printed at once.
 * key NULL: in JSON one object a line (for what never ends); otherwise the
 * rows are the list "key" of the root. Columns are borrowed for ever.
 */
void output_stream(struct output *o, const char *key,
	const struct output_column *column, size_t count);
void output_row_open(struct output *o);
void output_row_close(struct output *o);

/* Prints what was gathered. RES_DOWN: could not write all of it. */
enum result output_finish(struct output *o) MUST_USE;

/*
 * Reads one JSON object from a line and hands out its fields that are strings,
 * or numbers (as text). RES_SYNTAX: no JSON object; *why says where.
 */
enum result output_read_object(struct slice line,
	void (*each)(void *ctx, struct slice key, struct slice value),
	void *ctx, struct buf *why) MUST_USE;

/* 3d 2h, 15m, 40s: for humans. Returns out. */
enum { OUTPUT_SPAN_MAX = 32 };
const char *output_format_span(int64_t seconds, char out[OUTPUT_SPAN_MAX]);
