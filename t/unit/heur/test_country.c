/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/country.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "geo/geoip.h"
#include "support/case.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX = 65536, FILE_MAX = 1 << 20, PATH_LEN = 512 };

struct row {
	const char *scores; /* of the conf */
	const char *country; /* of the client */
	uint32_t asn;
	const char *findings; /* one a line */
};

static struct conf *load(const char *scores)
{
	struct conf *c = NULL;
	struct buf text, errors;

	buf_init(&text, 4096);
	buf_init(&errors, 4096);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://p.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\" }\n"
		"geo { scores = {%s} }\n",
		scores);
	if (conf_load_text("f", buf_slice(&text), &c, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&text);
	buf_clear(&errors);
	return c;
}

static struct geoip *open_asn(void)
{
	const char *top = getenv("top_srcdir");
	char path[PATH_LEN];
	const struct geoip_options options = {
		.path = { "", path }, .check_s = 60, .size_max = FILE_MAX
	};
	struct geoip *g;

	snprintf(path, sizeof(path), "%s/t/data/geo/asn.mmdb",
		top == NULL ? "." : top);
	assert_int_equal(geoip_open(&g, &options), RES_OK);
	return g;
}

static void describe(const struct findings *found, struct buf *out)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->item[i];

		assert_string_equal(f->check, "country");
		buf_add_format(out, "%s %s %.1f %.*s|%.*s\n",
			outcome_name(f->outcome), f->detail, f->factor,
			SLICE_ARG(f->subject), SLICE_ARG(f->evidence));
	}
}

static void judges(void **state)
{
	const struct row *row = *state;
	struct conf *conf = load(row->scores);
	struct arena *arena = arena_new(ARENA_MAX);
	struct geoip *geo = open_asn();
	struct findings found = { .count = 0 };
	struct conn conn = { .kind = CONN_REMOTE, .asn = row->asn };
	struct check_input in = {
		.conf = conf, .conn = &conn, .arena = arena, .service = geo
	};
	struct buf text;

	assert_int_equal(ipaddr_parse(&conn.ip, slice_of("192.0.2.1")), RES_OK);
	snprintf(conn.country, sizeof(conn.country), "%s", row->country);
	buf_init(&text, 4096);
	assert_int_equal(country_step(&in, NULL), CHECK_DONE);
	assert_int_equal(country_step(&in, &found), CHECK_DONE);
	describe(&found, &text);
	assert_string_equal(buf_text(&text), row->findings);
	buf_clear(&text);
	geoip_close(geo);
	arena_free(arena);
	conf_release(conf);
}

#define JUDGES(name, ...) CASE(name, judges, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		JUDGES("without scores nothing is said", "", "NL", 64500, ""),
		JUDGES("a country with a score", "\"nl 2.5\", \"BR 1\"", "NL",
			0, "hit country 2.5 NL|NL\n"),
		JUDGES("a network with a score, and whose it is",
			"\"AS64500 3\"", "", 64500,
			"hit network 3.0 AS64500|AS64500 (Example Networks)\n"),
		JUDGES("a network whose file has moved on", "\"AS64501 3\"", "",
			64501, "hit network 3.0 AS64501|AS64501\n"),
		JUDGES("both count, and below zero is good",
			"\"NL 1\", \"AS64500 -2\"", "NL", 64500,
			"hit country 1.0 NL|NL\n"
			"hit network -2.0 AS64500|AS64500 (Example "
			"Networks)\n"),
		JUDGES("another country is a miss", "\"BR 1\"", "NL", 0,
			"miss  0.0 |\n"),
		JUDGES("no country known where countries have scores",
			"\"BR 1\"", "", 0, "unknown temperror 0.0 |\n"),
		JUDGES("no network known matters only with scores of networks",
			"\"NL 1\"", "NL", 0, "hit country 1.0 NL|NL\n"),
		JUDGES("what is known counts beside what is not",
			"\"NL 1\", \"AS64501 3\"", "NL", 0,
			"hit country 1.0 NL|NL\n"
			"unknown temperror 0.0 |\n"),
		JUDGES("a score of nothing adds nothing", "\"NL 0\"", "NL", 0,
			"miss  0.0 |\n"),
	};

	return cmocka_run_group_tests_name("heur/country", cases, NULL, NULL);
}
