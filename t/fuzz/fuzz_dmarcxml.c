/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An aggregate report of rows that are not ours: the first line is the record,
 * each other one a row. What comes out is XML as far as octets go: printable,
 * each element closed, nothing of a row outside of one.
 */
#include "base/buf.h"
#include "ctl/dmarcxml.h"
#include "t/fuzz/target.h"

#include <string.h>

enum { ROWS_MAX = 32, DEPTH_MAX = 16, NAME_MAX_LEN = 32 };

struct nest {
	struct slice name[DEPTH_MAX];
	size_t depth;
};

static void check_tag(struct nest *n, struct slice tag)
{
	if (tag.at[0] == '?')
		return;
	if (tag.at[0] != '/') {
		target_promise(n->depth < DEPTH_MAX, "not deeper than it is");
		n->name[n->depth++] = slice_part(tag, 0, slice_find(tag, ' '));
		target_promise(n->name[n->depth - 1].len < NAME_MAX_LEN,
			"a name of ours");
		return;
	}
	target_promise(n->depth > 0 &&
			slice_is_equal(n->name[--n->depth],
				slice_part(tag, 1, tag.len)),
		"each element is closed");
}

static bool is_entity(struct slice rest)
{
	return slice_has_prefix(rest, slice_of("&amp;")) ||
		slice_has_prefix(rest, slice_of("&lt;")) ||
		slice_has_prefix(rest, slice_of("&gt;")) ||
		slice_has_prefix(rest, slice_of("&quot;"));
}

static void check_xml(struct slice xml)
{
	struct nest n = { .depth = 0 };

	for (size_t i = 0; i < xml.len; i++) {
		char c = xml.at[i];
		struct slice rest = slice_part(xml, i, xml.len);

		target_promise(
			c == '\n' || (c >= ' ' && c <= '~'), "printable");
		if (c == '&')
			target_promise(is_entity(rest), "an entity of ours");
		target_promise(c != '>', "no end without a begin");
		if (c == '<') {
			size_t end = slice_find(rest, '>');

			target_promise(end < rest.len && end > 1, "a tag");
			check_tag(&n, slice_part(rest, 1, end - 1));
			i += end;
		}
	}
	target_promise(n.depth == 0, "all elements are closed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size), line;
	struct aggregate_row row[ROWS_MAX];
	struct dmarcxml_report report = {
		.org_name = slice_of("Example"),
		.email = slice_of("d@example.net"),
		.contact = slice_of(""),
		.id = "1",
		.begin_s = 86400,
		.end_s = 172799,
		.domain = slice_of("a.example"),
		.record = slice_of(""),
		.row = row,
	};
	size_t written = 0;
	struct buf out;
	enum result res;

	slice_cut(&text, '\n', &report.record);
	while (report.count < ROWS_MAX && slice_cut(&text, '\n', &line))
		row[report.count++] = (struct aggregate_row){ line, 1 };
	buf_init(&out, 1 << 20);
	res = dmarcxml_write(&report, &out, &written);
	target_promise(written <= report.count, "no more rows than there are");
	if (res == RES_OK)
		check_xml(buf_slice(&out));
	buf_clear(&out);
	return 0;
}
