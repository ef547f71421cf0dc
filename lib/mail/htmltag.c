/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/htmltag.h"

/* In the order of their octets. */
static const struct htmltag tags[] = {
	{ "a", 0, 0, 0 },
	{ "address", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "area", HTMLTAG_VOID, 0, 0 },
	{ "article", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "aside", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "b", 0, 0, 0 },
	{ "base", HTMLTAG_VOID, 0, 0 },
	{ "basefont", HTMLTAG_VOID, 0, 0 },
	{ "bgsound", HTMLTAG_VOID, 0, 0 },
	{ "big", 0, 0, 0 },
	{ "blockquote", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "body", HTMLTAG_TABLE, 0, 0 },
	{ "br", HTMLTAG_VOID | HTMLTAG_BLOCK, 0, 0 },
	{ "caption", HTMLTAG_BLOCK | HTMLTAG_SCOPE | HTMLTAG_TABLE, 0, 0 },
	{ "center", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "code", 0, 0, 0 },
	{ "col", HTMLTAG_VOID, 0, 0 },
	{ "dd", HTMLTAG_BLOCK, HTMLTAG_TERM, HTMLTAG_TERM | HTMLTAG_PARAGRAPH },
	{ "details", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "dir", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "div", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "dl", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "dt", HTMLTAG_BLOCK, HTMLTAG_TERM, HTMLTAG_TERM | HTMLTAG_PARAGRAPH },
	{ "em", 0, 0, 0 },
	{ "embed", HTMLTAG_VOID, 0, 0 },
	{ "fieldset", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "figcaption", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "figure", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "font", 0, 0, 0 },
	{ "footer", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "form", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "frame", HTMLTAG_VOID, 0, 0 },
	{ "h1", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "h2", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "h3", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "h4", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "h5", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "h6", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "head", 0, 0, 0 },
	{ "header", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "hr", HTMLTAG_VOID | HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "html", HTMLTAG_TABLE, 0, 0 },
	{ "i", 0, 0, 0 },
	{ "iframe", HTMLTAG_RAW, 0, 0 },
	{ "img", HTMLTAG_VOID, 0, 0 },
	{ "input", HTMLTAG_VOID, 0, 0 },
	{ "keygen", HTMLTAG_VOID, 0, 0 },
	{ "li", HTMLTAG_BLOCK, HTMLTAG_ITEM, HTMLTAG_ITEM | HTMLTAG_PARAGRAPH },
	{ "link", HTMLTAG_VOID, 0, 0 },
	{ "listing", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "main", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "menu", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "meta", HTMLTAG_VOID, 0, 0 },
	{ "nav", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "noembed", HTMLTAG_RAW, 0, 0 },
	{ "noframes", HTMLTAG_RAW, 0, 0 },
	{ "object", 0, 0, 0 },
	{ "ol", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "optgroup", HTMLTAG_BLOCK, HTMLTAG_CHOICE, HTMLTAG_CHOICE },
	{ "option", HTMLTAG_BLOCK, HTMLTAG_CHOICE, HTMLTAG_CHOICE },
	{ "p", HTMLTAG_BLOCK, HTMLTAG_PARAGRAPH, HTMLTAG_PARAGRAPH },
	{ "param", HTMLTAG_VOID, 0, 0 },
	{ "pre", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "s", 0, 0, 0 },
	{ "script", HTMLTAG_RAW, 0, 0 },
	{ "section", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "small", 0, 0, 0 },
	{ "source", HTMLTAG_VOID, 0, 0 },
	{ "span", 0, 0, 0 },
	{ "strong", 0, 0, 0 },
	{ "style", HTMLTAG_RAW, 0, 0 },
	{ "sub", 0, 0, 0 },
	{ "summary", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "sup", 0, 0, 0 },
	{ "table", HTMLTAG_BLOCK | HTMLTAG_SCOPE | HTMLTAG_TABLE, 0,
		HTMLTAG_PARAGRAPH },
	{ "tbody", HTMLTAG_BLOCK | HTMLTAG_TABLE, 0,
		HTMLTAG_ROW | HTMLTAG_CELL | HTMLTAG_PARAGRAPH },
	{ "td", HTMLTAG_BLOCK | HTMLTAG_SCOPE | HTMLTAG_TABLE, HTMLTAG_CELL,
		HTMLTAG_CELL | HTMLTAG_PARAGRAPH },
	{ "textarea", HTMLTAG_PLAIN, 0, 0 },
	{ "tfoot", HTMLTAG_BLOCK | HTMLTAG_TABLE, 0,
		HTMLTAG_ROW | HTMLTAG_CELL | HTMLTAG_PARAGRAPH },
	{ "th", HTMLTAG_BLOCK | HTMLTAG_SCOPE | HTMLTAG_TABLE, HTMLTAG_CELL,
		HTMLTAG_CELL | HTMLTAG_PARAGRAPH },
	{ "thead", HTMLTAG_BLOCK | HTMLTAG_TABLE, 0,
		HTMLTAG_ROW | HTMLTAG_CELL | HTMLTAG_PARAGRAPH },
	{ "title", HTMLTAG_PLAIN, 0, 0 },
	{ "tr", HTMLTAG_BLOCK | HTMLTAG_TABLE, HTMLTAG_ROW,
		HTMLTAG_ROW | HTMLTAG_CELL | HTMLTAG_PARAGRAPH },
	{ "track", HTMLTAG_VOID, 0, 0 },
	{ "tt", 0, 0, 0 },
	{ "u", 0, 0, 0 },
	{ "ul", HTMLTAG_BLOCK, 0, HTMLTAG_PARAGRAPH },
	{ "wbr", HTMLTAG_VOID, 0, 0 },
	{ "xmp", HTMLTAG_RAW, 0, 0 },
};

const struct htmltag *htmltag_find(struct slice name)
{
	size_t low = 0, high = sizeof(tags) / sizeof(tags[0]);

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const int order = slice_order(name, tags[mid].name);

		if (order == 0)
			return &tags[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
