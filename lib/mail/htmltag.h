/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/htmltag - what is known of the tags of HTML. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

enum htmltag_flag {
	HTMLTAG_VOID = 1, /* has no content and no end */
	HTMLTAG_BLOCK = 2, /* begins and ends a line */
	HTMLTAG_RAW = 4, /* shows nothing; up to its end tag nothing is a tag */
	HTMLTAG_PLAIN = 8, /* up to its end tag nothing is a tag */
	HTMLTAG_SCOPE = 16, /* what is open around it is not ended within it */
	HTMLTAG_TABLE = 32 /* but by one of these */
};

/* Elements that end by themselves where another begins. */
enum htmltag_group {
	HTMLTAG_NONE = 0,
	HTMLTAG_PARAGRAPH = 1,
	HTMLTAG_ITEM = 2,
	HTMLTAG_CELL = 4,
	HTMLTAG_ROW = 8,
	HTMLTAG_CHOICE = 16,
	HTMLTAG_TERM = 32
};

struct htmltag {
	const char *name;
	unsigned flags;
	unsigned group;
	unsigned ends; /* groups that it ends when it begins */
};

/* By its folded name; NULL: not known. */
const struct htmltag *htmltag_find(struct slice name);
