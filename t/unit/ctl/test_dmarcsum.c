/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dmarcsum.h"

#include "support/case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct dmarcin_row row(const char *ip, uint64_t count, bool dkim)
{
	struct dmarcin_row r = { .count = count,
		.disposition = DMARCIN_NONE,
		.dkim = dkim,
		.from = slice_of("x.example") };

	assert_int_equal(ipaddr_parse(&r.ip, slice_of(ip)), RES_OK);
	return r;
}

static void add(struct dmarcsum *s, const char *org, const char *domain,
	struct dmarcin_row *rows, size_t count)
{
	struct dmarcin_report r = {
		.org = slice_of(org), .row = rows, .row_count = count
	};

	snprintf(r.domain, sizeof(r.domain), "%s", domain);
	dmarcsum_add(s, &r);
}

static void sums(void **state)
{
	struct dmarcin_row one[] = { row("192.0.2.1", 5, true),
		row("192.0.2.2", 1, false) };
	struct dmarcin_row two[] = { row("192.0.2.2", 9, false),
		row("192.0.2.2", 2, true) };
	struct dmarcsum *s = dmarcsum_new();
	const struct dmarcsum_source *source;
	const struct dmarcsum_domain *domain;
	size_t count;

	(void)state;
	assert_non_null(s);
	add(s, "b", "z.example", one, 1);
	add(s, "a", "y.example", one, 2);
	add(s, "a", "y.example", two, 2);
	add(s, "b", "y.example", two, 1);
	source = dmarcsum_sources(s, &count);
	assert_int_equal(count, 5);
	/* y: a .2 10, b .2 9, a .1 5, a .2 aligned 2; then z. */
	assert_int_equal(source[0].row.count, 10);
	assert_true(slice_is_equal(source[0].org, slice_of("a")));
	assert_int_equal(source[1].row.count, 9);
	assert_true(slice_is_equal(source[1].org, slice_of("b")));
	assert_int_equal(source[2].row.count, 5);
	assert_int_equal(source[3].row.count, 2);
	assert_true(source[3].row.dkim);
	assert_true(slice_is_equal(source[4].domain, slice_of("z.example")));
	domain = dmarcsum_domains(s, &count);
	assert_int_equal(count, 2);
	assert_true(slice_is_equal(domain[0].domain, slice_of("y.example")));
	assert_int_equal(domain[0].reports, 3);
	assert_int_equal(domain[0].messages, 26);
	assert_int_equal(domain[0].passed, 7);
	assert_int_equal(domain[1].reports, 1);
	assert_int_equal(dmarcsum_left_out(s), 0);
	dmarcsum_free(s);
}

static void has_bounds(void **state)
{
	enum { ROWS = 1000, EACH = 3 };
	struct dmarcin_row rows[ROWS];
	struct dmarcsum *s = dmarcsum_new();
	uint64_t added = 0, kept = 0;
	size_t count;
	const struct dmarcsum_source *source;

	(void)state;
	assert_non_null(s);
	for (unsigned r = 0; r * ROWS < DMARCSUM_SOURCES_MAX + 5 * ROWS; r++) {
		for (unsigned i = 0; i < ROWS; i++) {
			rows[i] = row("192.0.2.1", EACH, true);
			rows[i].ip.octet[0] = (uint8_t)r;
			rows[i].ip.octet[1] = (uint8_t)(i >> 8);
			rows[i].ip.octet[2] = (uint8_t)i;
		}
		add(s, "o", "y.example", rows, ROWS);
		added += (uint64_t)ROWS * EACH;
	}
	source = dmarcsum_sources(s, &count);
	for (size_t i = 0; i < count; i++)
		kept += source[i].row.count;
	assert_int_equal(count, DMARCSUM_SOURCES_MAX);
	assert_int_equal(kept + dmarcsum_left_out(s), added);
	dmarcsum_free(s);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("equal sources of one organisation are one line", sums,
			NULL),
		CASE("past the bound messages are counted", has_bounds, NULL),
	};

	return cmocka_run_group_tests_name("ctl/dmarcsum", cases, NULL, NULL);
}
