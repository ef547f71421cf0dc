/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/work.h"

#include "support/case.h"
#include "unit/portal/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY "delist { busy_at = 1 queue_at = 100 work_bits = 8 }\n"

/* ---- an answer as text ---- */

#define SALT "0123456789abcdef0123456789abcdef"
#define MARK "00000000000000000000000000000000"

struct row {
	const char *text;
	bool is_read;
	bool is_solved;
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct work_answer a = { .bits = 0 };

	assert_int_equal(work_parse(slice_of(row->text), &a), row->is_read);
	if (row->is_read)
		assert_int_equal(work_is_solved(&a), row->is_solved);
	else
		assert_int_equal(a.bits, 0);
}

/* ---- the form ---- */

static unsigned waiting(const struct desk *d, const char *queue)
{
	char answer[64] = "";

	assert_true(redis_server_do(d->site.redis,
		(const char *const[]){ "XLEN", queue, NULL }, answer,
		sizeof(answer)));
	return (unsigned)strtoul(answer, NULL, 10);
}

/* The answer to the challenge of the form that is shown; false: none. */
static bool solve(struct desk *d, char *out, size_t size)
{
	static const char before[] = "data-challenge=\"";
	const char *at = strstr(buf_text(&d->site.answer.body), before);
	struct work_answer a;

	if (at == NULL)
		return false;
	at += strlen(before);
	for (unsigned n = 0; n < 1000000; n++) {
		snprintf(out, size, "%.*s:%u", (int)strcspn(at, "\""), at, n);
		assert_true(work_parse(slice_of(out), &a));
		if (work_is_solved(&a))
			return true;
	}
	return false;
}

/* One more request, with that answer or none (NULL). */
static void ask(struct desk *d, unsigned number, const char *answer)
{
	char fields[512];

	snprintf(fields, sizeof(fields),
		"mail=ann%u%%40example.org&ip=192.0.2.%u&attest=yes%s%s",
		number, number,
		answer == NULL ? "" : "&work=", answer == NULL ? "" : answer);
	desk_send(d, "/delist", "/delist", fields);
	site_expect(&d->site, 303);
}

/* A busy hour has begun, and the form shows a challenge. */
static void open_busy(struct desk *d, char *answer, size_t size)
{
	desk_open(d, BUSY);
	ask(d, 1, NULL);
	assert_int_equal(waiting(d, "rp:mailq"), 1);
	site_get(&d->site, "/delist");
	site_expect_text(&d->site, "<script src=\"/static/work.js\" defer>");
	assert_true(solve(d, answer, size));
}

static void quiet_hour(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "");
	site_get(&d.site, "/delist");
	site_expect_no_text(&d.site, "<script");
	site_expect_no_text(&d.site, "longer than usual");
	desk_close(&d);
}

static void good_answer(void **state)
{
	char answer[WORK_ANSWER_MAX + 1];
	struct desk d;

	(void)state;
	open_busy(&d, answer, sizeof(answer));
	ask(&d, 2, answer);
	assert_int_equal(waiting(&d, "rp:mailq"), 2);
	assert_int_equal(waiting(&d, "rp:mailq:slow"), 0);
	/* Once is enough. */
	ask(&d, 3, answer);
	assert_int_equal(waiting(&d, "rp:mailq"), 2);
	assert_int_equal(waiting(&d, "rp:mailq:slow"), 1);
	desk_close(&d);
}

static void no_answer(void **state)
{
	char answer[WORK_ANSWER_MAX + 1];
	struct desk d;

	(void)state;
	open_busy(&d, answer, sizeof(answer));
	ask(&d, 2, NULL);
	ask(&d, 3, "nonsense");
	answer[0] = answer[0] == '8' ? '1' : '8'; /* less work than asked for */
	ask(&d, 4, answer);
	assert_int_equal(waiting(&d, "rp:mailq"), 1);
	assert_int_equal(waiting(&d, "rp:mailq:slow"), 3);
	desk_close(&d);
}

static void of_another(void **state)
{
	char answer[WORK_ANSWER_MAX + 1];
	struct desk d;

	(void)state;
	open_busy(&d, answer, sizeof(answer));
	d.site.visitor.peer = "203.0.113.77";
	ask(&d, 2, answer);
	assert_int_equal(waiting(&d, "rp:mailq:slow"), 1);
	desk_close(&d);
}

static void too_late(void **state)
{
	char answer[WORK_ANSWER_MAX + 1];
	struct desk d;

	(void)state;
	open_busy(&d, answer, sizeof(answer));
	d.site.now_ms += 7300 * 1000;
	ask(&d, 2, NULL); /* the hour is busy again */
	ask(&d, 3, answer);
	assert_int_equal(waiting(&d, "rp:mailq:slow"), 1);
	desk_close(&d);
}

int main(void)
{
#define READS(name, ...) CASE(name, reads, (&(const struct row){ __VA_ARGS__ }))
	const struct CMUnitTest cases[] = {
		/* Found by static/work.js. */
		READS("what a browser found is right",
			"12-1795717200-" SALT "-" MARK ":6092", true, true),
		READS("another number is not",
			"12-1795717200-" SALT "-" MARK ":6093", true, false),
		READS("an answer without a number is none",
			"12-1795717200-" SALT "-" MARK ":", false, false),
		READS("no more than 30 bits are asked for",
			"31-1795717200-" SALT "-" MARK ":1", false, false),
		READS("a salt is 32 hex digits", "12-1795717200-xyz-" MARK ":1",
			false, false),
		READS("a number past what a script counts is none",
			"12-1795717200-" SALT "-" MARK ":9007199254740992",
			false, false),
		READS("nothing is no answer", "", false, false),
		CASE("in a quiet hour there is no work and no script",
			quiet_hour, NULL),
		CASE("in a busy hour who has worked does not wait, once",
			good_answer, NULL),
		CASE("who has not worked, or not enough, waits", no_answer,
			NULL),
		CASE("the work of another visitor does not count", of_another,
			NULL),
		CASE("old work does not count", too_late, NULL),
	};

	return cmocka_run_group_tests_name("portal/work", cases, NULL, NULL);
}
