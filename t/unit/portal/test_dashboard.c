/* SPDX-License-Identifier: BSD-2-Clause */
/* The page of portal/dashboard, and its file. */
#include "base/buf.h"
#include "conf/conf.h"
#include "store/case.h"
#include "store/sums.h"
#include "store/token.h"
#include "support/case.h"
#include "unit/portal/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400000, KEY_MAX = 256, TEXT_MAX = 512 };

#define TOKEN_A "7aaaaaaaaaaaaaaaaaaaaaaaaa"
#define TOKEN_B "7bbbbbbbbbbbbbbbbbbbbbbbbb"
#define PAGE_A "/f/" TOKEN_A
#define FILE_A PAGE_A ".csv"

static int set_up(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	stage_open(s, "traffic { keep_days = 31 }\n");
	*state = s;
	return 0;
}

static int set_up_long(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	stage_open(s, "traffic { keep_days = 400 }\n");
	*state = s;
	return 0;
}

static int set_up_off(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	stage_open(s, "traffic { enabled = no }\n");
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;

	stage_close(s);
	free(s);
	return 0;
}

/* Who has the link with that token. */
static void register_as(struct stage *s, const char *token, const char *purpose,
	const char *subject, const char *of_state)
{
	char id[CASE_REF_MAX], key[KEY_MAX];
	struct buf name;

	case_ref_new(id);
	snprintf(key, sizeof(key), "rp:fbl:%s", id);
	assert_true(REDIS_DO(s->site.redis, "HSET", key, "state", of_state,
		"subject", subject, "mail", "abuse@example.org", "language",
		"en", "created", "1"));
	buf_init(&name, KEY_MAX);
	assert_int_equal(token_key(token, slice_of("rp:"), &name), RES_OK);
	assert_true(REDIS_DO(s->site.redis, "HSET", buf_text(&name), "purpose",
		purpose, "id", id));
	buf_clear(&name);
}

static void owner(struct stage *s, const char *subject)
{
	register_as(s, TOKEN_A, "fbl-page", subject, "active");
}

static const char *date(const struct stage *s, int days, char out[16])
{
	char day[SUMS_DAY_MAX];

	sums_day(s->site.now_ms - (int64_t)days * DAY_MS, day);
	snprintf(out, 16, "%.4s-%.2s-%.2s", day, day + 4, day + 6);
	return out;
}

/* "messages 3 refused 1" of a subject, some days ago. */
static void count(
	struct stage *s, int days, const char *subject, const char *numbers)
{
	char day[SUMS_DAY_MAX], key[KEY_MAX], word[40][32];
	struct slice rest = slice_of(numbers), one;
	const char *argv[42] = { "HSET", key };
	size_t argc = 2;

	snprintf(key, sizeof(key), "rp:traffic:%s:%s",
		sums_day(s->site.now_ms - (int64_t)days * DAY_MS, day),
		subject);
	while (slice_cut(&rest, ' ', &one)) {
		snprintf(word[argc - 2], sizeof(word[0]), "%.*s",
			SLICE_ARG(one));
		argv[argc] = word[argc - 2];
		argc++;
	}
	assert_true(redis_server_do(s->site.redis, argv, NULL, 0));
}

static void wants_line(struct stage *s, int days, const char *rest)
{
	char line[TEXT_MAX], day[16];

	snprintf(line, sizeof(line), "\n%s,%s\r\n", date(s, days, day), rest);
	site_expect_text(&s->site, line);
}

static void an_owner_sees_his_numbers_and_nobody_elses(void **state)
{
	struct stage *s = *state;

	owner(s, "net:192.0.2.0/24");
	count(s, 0, "net:192.0.2.0/24",
		"messages 1234 accepted 1000 refused 234 spf_pass 1111 "
		"complaints 2 @192.0.2.7 x");
	count(s, 0, "net:192.0.2.7", "messages 567 accepted 567 complaints 2");
	count(s, 0, "net:198.51.100.0/24", "messages 8765");
	count(s, 0, "domain:example.org", "messages 8765");
	(void)site_get(&s->site, PAGE_A);
	site_expect(&s->site, 200);
	site_expect_text(&s->site, "<h1>Mail of 192.0.2.0/24</h1>");
	site_expect_text(&s->site, ">1234");
	site_expect_text(&s->site, ">1111<");
	site_expect_text(&s->site, "0.20 %, too high");
	site_expect_text(&s->site,
		"<th scope=\"row\" role=\"rowheader\">192.0.2.7</th>");
	site_expect_text(&s->site, ">567<");
	site_expect_no_text(&s->site, "8765");
	site_expect_no_text(&s->site, "abuse@example.org");
	site_expect_text(&s->site, "href=\"" FILE_A "\"");
	(void)site_get(&s->site, FILE_A);
	site_expect(&s->site, 200);
	assert_string_equal(s->site.answer.type, "text/csv; charset=utf-8");
	site_expect_no_text(&s->site, "8765");
}

static void the_file_has_a_line_for_each_day_and_address(void **state)
{
	struct stage *s = *state;

	owner(s, "net:192.0.2.0/24");
	count(s, 0, "net:192.0.2.0/24",
		"messages 3 accepted 2 marked 1 dmarc_fail 1 complaints 1 "
		"@192.0.2.7 x @192.0.2.8 x");
	count(s, 0, "net:192.0.2.7", "messages 2 accepted 2");
	count(s, 0, "net:192.0.2.8",
		"messages 1 marked 1 dmarc_fail 1 complaints 1");
	count(s, 2, "net:192.0.2.0/24", "deferred 4");
	(void)site_get(&s->site, FILE_A);
	site_expect(&s->site, 200);
	assert_true(slice_has_prefix(buf_slice(&s->site.answer.body),
		slice_of("date,scope,subject,messages,accepted,marked,held,"
			 "deferred,refused,spf_pass,spf_fail,dkim_pass,"
			 "dkim_fail,dmarc_pass,dmarc_fail,complaints,not_junk,"
			 "complaint_rate,list_events\r\n")));
	wants_line(s, 0,
		"network,192.0.2.0/24,3,2,1,0,0,0,0,0,0,0,0,1,1,0,33.333,");
	wants_line(
		s, 0, "address,192.0.2.7,2,2,0,0,0,0,0,0,0,0,0,0,0,0,0.000,");
	wants_line(
		s, 0, "address,192.0.2.8,1,0,1,0,0,0,0,0,0,0,0,1,1,0,100.000,");
	wants_line(s, 1, "network,192.0.2.0/24,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,");
	wants_line(s, 2, "network,192.0.2.0/24,0,0,0,0,4,0,0,0,0,0,0,0,0,0,,");
	wants_line(s, 30, "network,192.0.2.0/24,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,");
}

static void a_domain_has_days_and_no_list(void **state)
{
	struct stage *s = *state;

	owner(s, "domain:example.org");
	count(s, 1, "domain:example.org",
		"messages 2000 accepted 2000 dkim_pass 2000 complaints 6");
	(void)site_get(&s->site, PAGE_A);
	site_expect(&s->site, 200);
	site_expect_text(&s->site, "<h1>Mail of example.org</h1>");
	site_expect_text(&s->site, "0.30 %, far too high");
	site_expect_no_text(&s->site, "block list");
	(void)site_get(&s->site, FILE_A);
	wants_line(s, 1,
		"domain,example.org,2000,2000,0,0,0,0,0,0,2000,0,0,0,6,0,"
		"0.300,");
}

struct rate_row {
	const char *numbers;
	const char *want;
};

static void a_rate_is_told_in_words(void **state)
{
	static const struct rate_row rows[] = {
		{ "accepted 10000", "0.00 %, good" },
		{ "accepted 9000 marked 1001 complaints 10", "0.10 %, good" },
		{ "accepted 10000 complaints 10", "0.10 %, too high" },
		{ "accepted 10000 complaints 30", "0.30 %, far too high" },
		{ "accepted 1 complaints 2", "200.00 %, far too high" },
	};
	struct stage *s = *state;

	owner(s, "domain:example.org");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		REDIS_DO(s->site.redis, "EVAL",
			"for _, k in ipairs(redis.call('KEYS','rp:traffic:*')) "
			"do redis.call('DEL', k) end",
			"0");
		count(s, 0, "domain:example.org", rows[i].numbers);
		(void)site_get(&s->site, PAGE_A);
		site_expect_text(&s->site, rows[i].want);
	}
}

static void refused_mail_has_no_rate(void **state)
{
	struct stage *s = *state;

	owner(s, "net:192.0.2.7");
	count(s, 0, "net:192.0.2.7", "messages 5 refused 5 complaints 1");
	(void)site_get(&s->site, PAGE_A);
	site_expect(&s->site, 200);
	site_expect_no_text(&s->site, " %,");
	site_expect_no_text(&s->site, "By address");
}

static void without_numbers_the_page_says_so(void **state)
{
	struct stage *s = *state;

	owner(s, "net:2001:db8:1::/48");
	(void)site_get(&s->site, PAGE_A);
	site_expect(&s->site, 200);
	site_expect_text(&s->site, "There are no numbers of these days");
	site_expect_no_text(&s->site, "<table");
}

static void a_site_that_keeps_none_says_so(void **state)
{
	struct stage *s = *state;

	owner(s, "net:192.0.2.0/24");
	(void)site_get(&s->site, PAGE_A);
	site_expect(&s->site, 200);
	site_expect_text(&s->site, "This site keeps no such numbers");
}

/* ---- who may see it ---- */

static void wants_gone(struct stage *s, const char *target)
{
	(void)site_get(&s->site, target);
	site_expect(&s->site, 404);
	site_expect_text(&s->site, "<h1>This link does not hold</h1>");
	site_expect_text(&s->site, "href=\"/fbl\"");
	site_expect_no_text(&s->site, "192.0.2.");
}

static void a_link_that_does_not_hold_shows_nothing(void **state)
{
	static const char *const states[] = { "new", "confirmed", "lapsed",
		"ended", "nonsense" };
	struct stage *s = *state;

	count(s, 0, "net:192.0.2.0/24", "messages 3 @192.0.2.7 x");
	wants_gone(s, PAGE_A);
	wants_gone(s, FILE_A);
	wants_gone(s, "/f/short");
	wants_gone(s, "/f/../../etc/passwd");
	wants_gone(s, "/f/.csv.csv");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		register_as(
			s, TOKEN_A, "fbl-page", "net:192.0.2.0/24", states[i]);
		wants_gone(s, PAGE_A);
		wants_gone(s, FILE_A);
	}
	/* The link of another letter is none of this page. */
	register_as(s, TOKEN_B, "fbl", "net:192.0.2.0/24", "active");
	wants_gone(s, "/f/" TOKEN_B);
	register_as(s, TOKEN_B, "fbl-end", "net:192.0.2.0/24", "active");
	wants_gone(s, "/f/" TOKEN_B);
}

static void without_redis_it_is_told_to_come_back(void **state)
{
	struct stage *s = *state;

	owner(s, "net:192.0.2.0/24");
	redis_server_kill(s->site.redis);
	(void)site_get(&s->site, PAGE_A);
	site_expect(&s->site, 503);
	(void)site_get(&s->site, FILE_A);
	site_expect(&s->site, 503);
}

/* ---- the list ---- */

static void remember(
	struct stage *s, const char *ip, int64_t at_ms, const char *what)
{
	char key[KEY_MAX], line[64];

	snprintf(key, sizeof(key), "rp:hist:%s", ip);
	REDIS_DO(s->site.redis, "HSET", key, "level", "1");
	snprintf(key, sizeof(key), "rp:hist:%s:log", ip);
	snprintf(line, sizeof(line), "%lld %s 1", (long long)at_ms, what);
	REDIS_DO(s->site.redis, "LPUSH", key, line);
}

static void the_list_is_told_of_the_owners_addresses_only(void **state)
{
	struct stage *s = *state;
	const int64_t now_ms = s->site.now_ms;

	owner(s, "net:192.0.2.0/24");
	remember(s, "192.0.2.9", now_ms - 3 * (int64_t)DAY_MS, "listed");
	remember(s, "192.0.2.9", now_ms - 2 * (int64_t)DAY_MS, "delisted");
	remember(s, "192.0.2.9", now_ms - 1, "listed");
	remember(s, "192.0.2.10", now_ms - 90 * (int64_t)DAY_MS, "struck");
	remember(s, "198.51.100.9", now_ms - 1, "listed");
	stage_list(s, "192.0.2.9");
	stage_list(s, "198.51.100.9");
	(void)site_get(&s->site, PAGE_A);
	site_expect(&s->site, 200);
	site_expect_text(&s->site, "192.0.2.9: is on the list");
	site_expect_text(&s->site, "192.0.2.9 was removed from the list");
	site_expect_text(&s->site, "href=\"/delist\">Ask for removal");
	/* Before all that is shown, and somebody else's. */
	site_expect_no_text(&s->site, "192.0.2.10");
	site_expect_no_text(&s->site, "198.51.100.9");
	(void)site_get(&s->site, FILE_A);
	wants_line(s, 2,
		"address,192.0.2.9,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,delisted");
	site_expect_no_text(&s->site, "192.0.2.10");
}

static void nothing_on_the_list_is_good_news(void **state)
{
	struct stage *s = *state;

	owner(s, "net:192.0.2.0/24");
	/* Somebody's, so that the list is known. */
	stage_list(s, "198.51.100.9");
	(void)site_get(&s->site, PAGE_A);
	site_expect_text(&s->site, "Nothing of yours is on our block list");
	site_expect_no_text(&s->site, "Ask for removal");
}

/* ---- bounds ---- */

static void a_full_network_and_all_days_fit(void **state)
{
	static const char fill[] =
		"for d = 1, #KEYS do\n"
		"  for i = 0, 13 do\n"
		"    redis.call('HSET', KEYS[d], ARGV[i + 1], 123456789)\n"
		"  end\n"
		"  for i = 0, 255 do\n"
		"    redis.call('HSET', KEYS[d], '@192.0.2.' .. i, '')\n"
		"    redis.call('HSET', 'rp:traffic:' .. string.sub(KEYS[d], "
		"12, 19) .. ':net:192.0.2.' .. i, 'messages', 1000000)\n"
		"  end\n"
		"end\n";
	struct stage *s = *state;

	owner(s, "net:192.0.2.0/24");
	for (int i = 0; i < 400; i++) {
		char day[SUMS_DAY_MAX], key[KEY_MAX];

		snprintf(key, sizeof(key), "rp:traffic:%s:net:192.0.2.0/24",
			sums_day(s->site.now_ms - (int64_t)i * DAY_MS, day));
		assert_true(REDIS_DO(s->site.redis, "EVAL", fill, "1", key,
			"messages", "accepted", "marked", "held", "deferred",
			"refused", "spf_pass", "spf_fail", "dkim_pass",
			"dkim_fail", "dmarc_pass", "dmarc_fail", "complaints",
			"not_junk"));
	}
	for (int i = 0; i < 256; i++) {
		char ip[32];

		snprintf(ip, sizeof(ip), "192.0.2.%d", i);
		remember(s, ip, s->site.now_ms - 1, "listed");
	}
	(void)site_get(&s->site, PAGE_A);
	assert_int_equal(s->site.answer.status, 200);
	site_expect_text(&s->site, "reach back 16 days only");
	site_expect_text(&s->site, "only the first are shown");
	site_expect_text(&s->site, "Only the last days are shown");
	site_expect_text(&s->site, "Only the addresses with the most mail");
	(void)site_get(&s->site, FILE_A);
	assert_int_equal(s->site.answer.status, 200);
}

static void each_language_has_its_own_point(void **state)
{
	struct stage *s = *state;

	owner(s, "domain:example.org");
	count(s, 0, "domain:example.org", "accepted 1000 complaints 2");
	(void)site_get(&s->site, PAGE_A "?lang=es");
	site_expect(&s->site, 200);
	site_expect_text(&s->site, "0,20 %");
	(void)site_get(&s->site, PAGE_A "?lang=pt-BR");
	site_expect_text(&s->site, "0,20 %");
	/* A file is read by programs. */
	(void)site_get(&s->site, FILE_A "?lang=es");
	site_expect_text(&s->site, ",0.200,");
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		ON_STAGE(an_owner_sees_his_numbers_and_nobody_elses),
		ON_STAGE(the_file_has_a_line_for_each_day_and_address),
		ON_STAGE(a_domain_has_days_and_no_list),
		ON_STAGE(a_rate_is_told_in_words),
		ON_STAGE(refused_mail_has_no_rate),
		ON_STAGE(without_numbers_the_page_says_so),
		cmocka_unit_test_setup_teardown(
			a_site_that_keeps_none_says_so, set_up_off, tear_down),
		ON_STAGE(a_link_that_does_not_hold_shows_nothing),
		ON_STAGE(without_redis_it_is_told_to_come_back),
		ON_STAGE(the_list_is_told_of_the_owners_addresses_only),
		ON_STAGE(nothing_on_the_list_is_good_news),
		cmocka_unit_test_setup_teardown(a_full_network_and_all_days_fit,
			set_up_long, tear_down),
		ON_STAGE(each_language_has_its_own_point),
	};

	return cmocka_run_group_tests_name(
		"portal/dashboard", cases, NULL, NULL);
}
