/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/dmarcin.h"

#include "support/case.h"
#include "unit/store/desk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 300, SAID_MAX = 8192 };

static const int64_t now_s = 1795780000; /* 2026-11-27 */
static const int64_t day_s = 86400;

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	desk_make(d, NULL);
	d->now_ms = now_s * 1000;
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	desk_remove(*state);
	free(*state);
	return 0;
}

static struct dmarcin_row row(const char *ip, uint64_t count, bool aligned)
{
	struct dmarcin_row r = { .count = count,
		.disposition = aligned ? DMARCIN_NONE : DMARCIN_QUARANTINE,
		.dkim = aligned,
		.spf = aligned,
		.from = slice_of("example.org") };

	assert_int_equal(ipaddr_parse(&r.ip, slice_of(ip)), RES_OK);
	return r;
}

static struct dmarcin_report report_of(
	const char *org, const char *id, struct dmarcin_row *rows, size_t count)
{
	return (struct dmarcin_report){ .org = slice_of(org),
		.id = slice_of(id),
		.email = slice_of("dmarc@receiver.example"),
		.policy = slice_of("reject"),
		.domain = "example.org",
		.begin_s = now_s - day_s,
		.end_s = now_s,
		.row = rows,
		.row_count = count };
}

static void put(struct desk *d, struct dmarcin_report *r, enum result want)
{
	dmarcin_merge(r);
	desk_result(dmarcin_put(d->redis, d->conf, r, d->now_ms), want);
}

struct said {
	char text[SAID_MAX];
	size_t len;
};

static void say(void *ctx, const struct dmarcin_report *r)
{
	struct said *s = ctx;
	char ip[IPADDR_TEXT_MAX];

	s->len += (size_t)snprintf(s->text + s->len, SAID_MAX - s->len,
		"[%.*s %.*s %s %.*s %" PRId64 "]", SLICE_ARG(r->org),
		SLICE_ARG(r->id), r->domain, SLICE_ARG(r->policy),
		r->end_s - r->begin_s);
	for (size_t i = 0; i < r->row_count && i < 3; i++)
		s->len += (size_t)snprintf(s->text + s->len, SAID_MAX - s->len,
			" %s*%" PRIu64 "%s%s%s",
			ipaddr_format(&r->row[i].ip, ip), r->row[i].count,
			dmarcin_disposition_name(r->row[i].disposition),
			r->row[i].dkim ? "+" : "-", r->row[i].spf ? "+" : "-");
	s->len += (size_t)snprintf(s->text + s->len, SAID_MAX - s->len,
		" =%" PRIu64 "\n", dmarcin_messages(r));
}

static void wants(
	struct desk *d, const char *domain, int64_t since_s, const char *want)
{
	struct said s = { .len = 0 };

	desk_result(dmarcin_list(d->redis, d->conf, slice_of(domain), since_s,
			    say, &s),
		RES_OK);
	assert_string_equal(s.text, want);
}

static void keeps(void **state)
{
	struct dmarcin_row rows[] = { row("2001:db8::1", 7, true),
		row("192.0.2.1", 2, true), row("192.0.2.1", 3, true),
		row("192.0.2.1", 4, false) };
	struct dmarcin_report r = report_of("Receiver Ltd", "1", rows, 4);
	struct desk *d = *state;
	static const char all[] = "[Receiver Ltd 1 example.org reject 86400] "
				  "192.0.2.1*5none++ 192.0.2.1*4quarantine-- "
				  "2001:db8::1*7none++ =16\n";

	put(d, &r, RES_OK);
	assert_int_equal(r.row_count, 3);
	wants(d, "example.org", now_s - 2 * day_s, all);
	wants(d, "", 0, all);
	wants(d, "other.example", 0, "");
	wants(d, "", now_s, "");
}

static void counts_once(void **state)
{
	struct dmarcin_row rows[] = { row("192.0.2.1", 2, true) };
	struct dmarcin_report r = report_of("o", "1", rows, 1);
	struct desk *d = *state;

	put(d, &r, RES_OK);
	put(d, &r, RES_EXISTS);
	rows[0].count = 50;
	put(d, &r, RES_EXISTS);
	wants(d, "", 0,
		"[o 1 example.org reject 86400] 192.0.2.1*2none++ =2\n");
	r.org = slice_of("p");
	put(d, &r, RES_OK);
}

/* Who broke off comes again, and nothing of the first try counts. */
static void takes_up_again(void **state)
{
	struct dmarcin_row rows[] = { row("192.0.2.1", 2, true) };
	struct dmarcin_report r = report_of("o", "1", rows, 1);
	char key[DESK_TEXT_MAX], out[DESK_TEXT_MAX];
	struct desk *d = *state;

	put(d, &r, RES_OK);
	DESK_ASK(d, key, "KEYS", "rp:dmarcin:report:*");
	DESK_ASK(d, out, "HDEL", key, "done");
	DESK_ASK(d, out, "HSET", key, "=192.0.2.9 none pass pass x", "9");
	wants(d, "", 0, "");
	put(d, &r, RES_OK);
	wants(d, "", 0,
		"[o 1 example.org reject 86400] 192.0.2.1*2none++ =2\n");
}

static uint64_t life_of(struct desk *d, const char *key)
{
	char out[DESK_TEXT_MAX];
	uint64_t life_s = 0;

	DESK_ASK(d, out, "TTL", key);
	assert_int_equal(
		slice_parse_u64(slice_of(out), 0, UINT32_MAX, &life_s), RES_OK);
	return life_s;
}

static void ends_by_itself(void **state)
{
	struct dmarcin_row rows[] = { row("192.0.2.1", 2, true) };
	struct dmarcin_report r = report_of("o", "1", rows, 1);
	struct desk *d = *state;
	static const char *const keys[] = { "rp:dmarcin:domains",
		"rp:dmarcin:of:example.org", NULL };
	char key[DESK_TEXT_MAX];

	put(d, &r, RES_OK);
	DESK_ASK(d, key, "KEYS", "rp:dmarcin:report:*");
	assert_in_range(life_of(d, key), 90 * day_s - 60, 90 * day_s);
	for (size_t i = 0; keys[i] != NULL; i++)
		assert_in_range(
			life_of(d, keys[i]), 90 * day_s - 60, 90 * day_s);
	/* A later one takes the old name off the lists. */
	r.id = slice_of("2");
	r.begin_s += 91 * day_s;
	r.end_s += 91 * day_s;
	d->now_ms += 91 * day_s * 1000;
	put(d, &r, RES_OK);
	DESK_WANTS(d, "1", "ZCARD", "rp:dmarcin:of:example.org");
}

static void knows_its_time(void **state)
{
	const struct {
		int64_t begin_s, end_s;
		enum result want;
	} times[] = {
		{ now_s - 91 * day_s, now_s - 90 * day_s, RES_RANGE },
		{ now_s - 89 * day_s, now_s - 88 * day_s, RES_OK },
		{ now_s + day_s, now_s + 2 * day_s, RES_OK },
		{ now_s + 3 * day_s, now_s + 4 * day_s, RES_RANGE },
		{ now_s - day_s, now_s - 2 * day_s, RES_RANGE },
		{ now_s - 40 * day_s, now_s, RES_RANGE },
		{ 0, UINT32_MAX, RES_RANGE },
	};
	struct dmarcin_row rows[] = { row("192.0.2.1", 2, true) };
	struct desk *d = *state;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char id[24];
		struct dmarcin_report r;

		snprintf(id, sizeof(id), "%zu", i);
		r = report_of("o", id, rows, 1);
		r.begin_s = times[i].begin_s;
		r.end_s = times[i].end_s;
		put(d, &r, times[i].want);
	}
}

static void many_rows(void **state)
{
	struct dmarcin_row rows[ROWS_MAX];
	struct dmarcin_report r = report_of("o", "1", rows, ROWS_MAX);
	struct desk *d = *state;
	char ip[32];

	for (int i = 0; i < ROWS_MAX; i++) {
		snprintf(ip, sizeof(ip), "198.51.%d.%d", i / 256, i % 256);
		rows[i] = row(ip, 1, true);
	}
	put(d, &r, RES_OK);
	wants(d, "", 0,
		"[o 1 example.org reject 86400] 198.51.0.0*1none++ "
		"198.51.0.1*1none++ 198.51.0.2*1none++ =300\n");
}

static void has_bounds(void **state)
{
	struct dmarcin_row rows[] = { row("192.0.2.1", 2, true) };
	struct dmarcin_report r = report_of("o", "1", rows, 1);
	struct desk *d = *state;
	char out[DESK_TEXT_MAX];

	DESK_ASK(d, out, "EVAL",
		"for i = 1, 2000 do redis.call('ZADD', KEYS[1], ARGV[1], "
		"'d' .. i .. '.example') end return 1",
		"1", "rp:dmarcin:domains", "1795780000");
	put(d, &r, RES_FULL);
	DESK_ASK(d, out, "ZREM", "rp:dmarcin:domains", "d1.example");
	put(d, &r, RES_OK);
	DESK_ASK(d, out, "EVAL",
		"for i = 1, 20000 do redis.call('ZADD', KEYS[1], ARGV[1], i) "
		"end return 1",
		"1", "rp:dmarcin:of:example.org", "1795780000");
	r.id = slice_of("2");
	put(d, &r, RES_FULL);
}

/* A small file may unpack to many rows. */
static void has_bounds_in_a_day(void **state)
{
	enum { MANY = 20000 };
	static char from[DMARCIN_WORD_MAX];
	struct dmarcin_row *rows = calloc(MANY, sizeof(*rows));
	struct dmarcin_report r = report_of("o", "1", rows, MANY);
	struct desk *d = *state;
	char id[16];
	int kept = 0;

	assert_non_null(rows);
	memset(from, 'x', sizeof(from));
	for (uint32_t i = 0; i < MANY; i++) {
		rows[i] = row("192.0.2.1", 2, true);
		rows[i].from = slice_make(from, sizeof(from));
		memcpy(rows[i].ip.octet + 12, &i, sizeof(i));
	}
	for (int i = 0; i < 10; i++) {
		enum result res;

		snprintf(id, sizeof(id), "%d", i);
		r.id = slice_of(id);
		res = dmarcin_put(d->redis, d->conf, &r, d->now_ms);
		if (res != RES_FULL)
			desk_result(res, RES_OK);
		kept += res == RES_OK;
	}
	assert_int_equal(kept, 2);
	/* A small one has room, and on the next day others have. */
	r.id = slice_of("small");
	r.row_count = MANY / 10;
	put(d, &r, RES_OK);
	r.id = slice_of("next");
	r.row_count = MANY;
	put(d, &r, RES_FULL);
	d->now_ms += day_s * 1000;
	put(d, &r, RES_OK);
	free(rows);
}

/* What somebody wrote by hand harms nothing. */
static void bears_nonsense(void **state)
{
	struct dmarcin_row rows[] = { row("192.0.2.1", 2, true) };
	struct dmarcin_report r = report_of("o", "1", rows, 1);
	struct desk *d = *state;
	char key[DESK_TEXT_MAX], out[DESK_TEXT_MAX];

	put(d, &r, RES_OK);
	DESK_ASK(d, key, "KEYS", "rp:dmarcin:report:*");
	DESK_ASK(d, out, "HSET", key, "=", "1", "=192.0.2.1", "5",
		"=x none pass pass ", "4", "=192.0.2.3 none pass pass y", "-1",
		"=192.0.2.4 none pass pass y", "x", "begin2", "7");
	DESK_ASK(d, out, "ZADD", "rp:dmarcin:of:example.org", "1795780000",
		"gone", "1795780000", "wrong");
	DESK_ASK(d, out, "SET", "rp:dmarcin:report:wrong", "a text");
	DESK_ASK(d, out, "ZADD", "rp:dmarcin:domains", "1795780000",
		"wrong.example");
	DESK_ASK(d, out, "SET", "rp:dmarcin:of:wrong.example", "a text");
	wants(d, "", 0,
		"[o 1 example.org reject 86400] 192.0.2.1*2none++ =2\n");
}

#define STEP(text, function)                                                   \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = set_up, \
		.teardown_func = tear_down                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		STEP("a report is kept, equal rows are one", keeps),
		STEP("one that comes twice counts once", counts_once),
		STEP("one that broke off is taken up again", takes_up_again),
		STEP("all of it ends by itself", ends_by_itself),
		STEP("old ones and those of the future are not kept",
			knows_its_time),
		STEP("more rows than fit into a command are kept", many_rows),
		STEP("domains and reports have a bound", has_bounds),
		STEP("so have the octets of a day", has_bounds_in_a_day),
		STEP("nonsense by hand harms nothing", bears_nonsense),
	};

	return cmocka_run_group_tests_name("store/dmarcin", cases, NULL, NULL);
}
