/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/htmllook - would a reader see what stands in this element?
 *
 * From the tricks in attributes alone: hidden, style (CSS), color, bgcolor.
 * What it cannot tell it calls seen. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

#include <stdint.h>

struct html_token;

enum {
	HTMLLOOK_PAGE = 1 << 24, /* the colour of the page itself */
	HTMLLOOK_UNKNOWN = 2 << 24,
	HTMLLOOK_CLEAR = 4 << 24 /* transparent */
};

struct htmllook {
	bool is_gone; /* nothing within can be seen again */
	bool is_named; /* by an element with a class or an id */
	bool is_invisible; /* visibility: an element within may undo it */
	bool is_tiny; /* so may a size */
	uint32_t color; /* 0xrrggbb, or one of the above */
	uint32_t background;
};

/* Of a page without any style. */
void htmllook_init(struct htmllook *look);

/* look is that of the parent, and becomes that of the element. */
void htmllook_enter(struct htmllook *look, const struct html_token *open);

/* A page with a style sheet may have any colour. */
bool htmllook_is_hidden(const struct htmllook *look, bool has_sheet);
