/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarcuri.h"

#include "base/buf.h"
#include "support/case.h"

#include <inttypes.h>

struct row {
	const char *list;
	const char *want; /* "address!limit" each, parted by blanks */
	size_t ignored;
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct dmarcuri uri[DMARCURI_MAX];
	size_t ignored;
	size_t count = dmarcuri_parse(slice_of(row->list), uri, &ignored);
	struct buf got;

	buf_init(&got, 4096);
	for (size_t i = 0; i < count; i++) {
		buf_add_format(&got, "%s%s", i > 0 ? " " : "", uri[i].mailbox);
		if (uri[i].limit > 0)
			buf_add_format(&got, "!%" PRIu64, uri[i].limit);
	}
	assert_string_equal(buf_text(&got), row->want);
	assert_int_equal(ignored, row->ignored);
	buf_clear(&got);
}

#define ROW(name, ...) CASE(name, reads, (&(const struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("one address", "mailto:d@a.example", "d@a.example", 0),
		ROW("several, with blanks",
			"mailto:d@a.example , MAILTO:e@B.Example,",
			"d@a.example e@b.example", 0),
		ROW("limits",
			"mailto:d@a.example!10m,mailto:e@a.example!5K,"
			"mailto:f@a.example!700",
			"d@a.example!10485760 e@a.example!5120 "
			"f@a.example!700",
			0),
		ROW("octets by their numbers", "mailto:d%2Bx@a.example",
			"d+x@a.example", 0),
		ROW("header fields are dropped",
			"mailto:d@a.example?cc=v@b.example&subject=x",
			"d@a.example", 0),
		ROW("the same twice", "mailto:d@a.example,mailto:D@A.example",
			"d@a.example", 1),
		ROW("no more than five",
			"mailto:1@a.example,mailto:2@a.example,"
			"mailto:3@a.example,mailto:4@a.example,"
			"mailto:5@a.example,mailto:6@a.example",
			"1@a.example 2@a.example 3@a.example 4@a.example "
			"5@a.example",
			1),
		ROW("other ways than mail",
			"https://a.example/,ftp:x,mailto:d@a.example",
			"d@a.example", 2),
		ROW("not an address",
			"mailto:,mailto:d,mailto:@a.example,mailto:d@,"
			"mailto:a@b@c.example,mailto:d@[192.0.2.1],d@a.example",
			"", 7),
		ROW("two in one",
			"mailto:a@a.example%2Cb@b.example,"
			"mailto:a@a.example;b@b.example",
			"", 2),
		ROW("commands of SMTP",
			"mailto:d@a.example%0D%0ADATA,mailto:%3Cd@a.example%3E,"
			"mailto:d@a.example%00,mailto:d@a.example%20",
			"", 4),
		ROW("half a number", "mailto:d%4@a.example,mailto:d@a.exampl%",
			"", 2),
		ROW("limits that are none",
			"mailto:d@a.example!,mailto:d@a.example!0,"
			"mailto:d@a.example!1x,mailto:d@a.example!-1,"
			"mailto:d@a.example!99999999999999999999t,"
			"mailto:d@a.example!18446744073709551615t",
			"", 6),
		ROW("ways to elsewhere",
			"mailto:d%25b.example@a.example,mailto:|x@a.example,"
			"mailto:b!d@a.example,mailto:-d@a.example",
			"", 4),
		ROW("nothing", "", "", 0),
		ROW("commas", ", ,,", "", 0),
	};

	return cmocka_run_group_tests_name("auth/dmarcuri", cases, NULL, NULL);
}
