/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/templateread - the text of a template as a row of nodes.
 *
 * A row and no tree, so that no text of a template can deepen a stack: each
 * section knows where it ends. Syntax: web/template.h. Threads: any.
 */
#pragma once

#include "base/buf.h"

enum node_kind {
	NODE_NONE = 0,
	NODE_RAW, /* printed as it is */
	NODE_VALUE,
	NODE_MARKUP,
	NODE_SECTION, /* jump: the index of its NODE_END */
	NODE_INVERTED, /* likewise */
	NODE_END, /* jump: the index of what it ends */
	NODE_INCLUDE,
	NODE_WORDS /* translated; each row of white space is one blank */
};

enum {
	NODE_NAME_MAX = 64,
	NODE_DEPTH_MAX = 16 /* sections within each other */
};

struct node {
	enum node_kind kind;
	struct slice text; /* RAW, WORDS: what to print; else the name */
	size_t jump;
};

struct nodes {
	struct node *node;
	size_t count;
};

/*
 * text is written to (white space in WORDS) and borrowed: it must live as long
 * as *out. RES_SYNTAX: why tells the line and the fault; RES_NOMEM. *out is
 * empty then.
 */
enum result templateread_parse(
	struct nodes *out, char *text, size_t len, struct buf *why) MUST_USE;
void templateread_clear(struct nodes *n);

/* Letters, digits, _ and -, one to NODE_NAME_MAX octets. */
bool templateread_is_name(struct slice text);
