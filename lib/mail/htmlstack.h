/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/htmlstack - the elements that are open where an HTML text is read.
 *
 * Not a tree builder: it knows what ends by itself where another begins, and
 * that an end tag in a cell ends nothing around its table. Threads: plain data.
 */
#pragma once

#include "mail/html.h"
#include "mail/htmllook.h"
#include "mail/htmltag.h"

struct htmlstack_element {
	uint32_t hash; /* of the name */
	unsigned flags, group;
	struct htmllook look;
};

struct htmlstack {
	size_t depth;
	bool has_sheet; /* there was a style sheet */
	struct htmlstack_element open[HTML_DEPTH_MAX];
};

void htmlstack_init(struct htmlstack *s);

/* What stands here is not seen. */
bool htmlstack_is_hidden(const struct htmlstack *s);
/* It is, but a style sheet may show it. */
bool htmlstack_is_toggled(const struct htmlstack *s);

/* Takes in an open tag (tag NULL: not known). Is that element hidden? */
bool htmlstack_enter(struct htmlstack *s, const struct htmltag *tag,
	const struct html_token *open, bool is_self_closing);

void htmlstack_leave(
	struct htmlstack *s, const struct htmltag *tag, struct slice name);
