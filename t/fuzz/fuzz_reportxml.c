/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/reportxml and ctl/reportpack: whatever is attached to a mail, what the
 * child makes of it ends and fits; and whatever a child may write, the parent
 * reads no row without an address and a number.
 */
#include "ctl/reportxml.h"

#include "base/utf8.h"
#include "t/fuzz/target.h"

enum { UNPACKED_MAX = 1 << 20, LINES_MAX = 1 << 22 };

static void check(const struct reportxml *r, enum result res)
{
	target_promise(
		r->report.row_count <= REPORTXML_ROWS_MAX, "rows have a bound");
	for (size_t i = 0; i < r->report.row_count; i++)
		target_promise(r->report.row[i].count > 0 &&
				r->report.row[i].count <= DMARCIN_COUNT_MAX &&
				r->report.row[i].from.len <= DMARCIN_WORD_MAX,
			"a row is within its bounds");
	if (res != RES_OK)
		return;
	target_promise(r->report.org.len > 0 && r->report.id.len > 0 &&
			r->report.domain[0] != '\0' &&
			r->report.begin_s <= r->report.end_s &&
			r->report.begin_s >= 0,
		"a report says who, which, of what and when");
	target_promise(
		utf8_is_whole(r->report.org) && utf8_is_whole(r->report.id),
		"its texts are text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice in = slice_make(data, size);
	struct reportxml r;
	struct buf lines;

	buf_init(&lines, LINES_MAX);
	reportxml_parse(in, UNPACKED_MAX, &lines);
	check(&r, reportxml_take(buf_slice(&lines), &r));
	reportxml_clear(&r);
	buf_clear(&lines);
	check(&r, reportxml_take(in, &r));
	reportxml_clear(&r);
	return 0;
}
