/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/offences.h"

#include "support/case.h"
#include "unit/store/desk.h"

#include <string.h>

enum { WINDOW_S = 60, MOST = 3, MS_PER_S = 1000 };

#define KEY "rp:evidence:192.0.2.7"

struct bench {
	struct desk desk;
	struct cidr net;
	struct offences is; /* as of the last that was added */
};

static void begin(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	desk_make(&b->desk, NULL);
	assert_int_equal(cidr_parse(&b->net, slice_of("192.0.2.7")), RES_OK);
}

static void end(struct bench *b)
{
	desk_remove(&b->desk);
}

static unsigned add(struct bench *b, const char *ref, const char *id)
{
	const struct offence o = {
		.at_ms = b->desk.now_ms, .ref = ref, .id = id
	};

	desk_result(offences_add(b->desk.redis, desk_prefix(&b->desk), &b->net,
			    &o, MOST, WINDOW_S, &b->is),
		RES_OK);
	return b->is.count;
}

static void counts(void **state)
{
	char ref[CASE_REF_MAX];
	struct bench b;

	(void)state;
	begin(&b);
	case_ref_new(ref);
	assert_int_equal(add(&b, ref, "a"), 1);
	assert_string_equal(b.is.ref, ref);
	/* Sent again, because the answer did not come. */
	assert_int_equal(add(&b, ref, "a"), 1);
	assert_int_equal(add(&b, ref, "b"), 2);
	assert_int_equal(add(&b, "", "c"), 3);
	/* The last that has one. */
	assert_string_equal(b.is.ref, ref);
	/* No more are kept than list. */
	assert_int_equal(add(&b, "", "d"), MOST);
	DESK_WANTS(&b.desk, "3", "ZCARD", KEY);
	end(&b);
}

static void slides(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	assert_int_equal(add(&b, "", "a"), 1);
	b.desk.now_ms += (WINDOW_S - 1) * MS_PER_S;
	assert_int_equal(add(&b, "", "b"), 2);
	b.desk.now_ms += 2 * MS_PER_S;
	assert_int_equal(add(&b, "", "c"), 2);
	b.desk.now_ms += (WINDOW_S + 1) * MS_PER_S;
	assert_int_equal(add(&b, "", "d"), 1);
	end(&b);
}

static void ends(void **state)
{
	struct bench b;
	char answer[DESK_TEXT_MAX];

	(void)state;
	begin(&b);
	assert_int_equal(add(&b, "", "a"), 1);
	DESK_ASK(&b.desk, answer, "TTL", KEY);
	assert_true(strcmp(answer, "60") == 0 || strcmp(answer, "59") == 0);
	desk_result(offences_forget(b.desk.redis, desk_prefix(&b.desk), &b.net),
		RES_OK);
	assert_int_equal(add(&b, "", "b"), 1);
	end(&b);
}

/* What somebody else wrote there gets nowhere. */
static void believes_no_nonsense(void **state)
{
	struct bench b;
	char answer[DESK_TEXT_MAX];

	(void)state;
	begin(&b);
	DESK_ASK(&b.desk, answer, "ZADD", KEY, "99999999999999", "x' OR/1");
	assert_int_equal(add(&b, "", "a"), 2);
	assert_string_equal(b.is.ref, "");
	DESK_ASK(&b.desk, answer, "DEL", KEY);
	DESK_ASK(&b.desk, answer, "SET", KEY, "text");
	desk_result(
		offences_add(b.desk.redis, desk_prefix(&b.desk), &b.net,
			&(struct offence){ 1, "", "a" }, MOST, WINDOW_S, &b.is),
		RES_TYPE);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("pieces are counted once each, with the last case", counts,
			NULL),
		CASE("a piece counts for the window", slides, NULL),
		CASE("they end by themselves, or when told", ends, NULL),
		CASE("nonsense in the key gets into no listing",
			believes_no_nonsense, NULL),
	};

	return cmocka_run_group_tests_name("store/offences", cases, NULL, NULL);
}
