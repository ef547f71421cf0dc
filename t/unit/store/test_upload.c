/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/upload.h"

#include "base/arena.h"
#include "store/mailq.h"
#include "support/case.h"
#include "unit/store/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1024 * 1024, PATIENCE_MS = 5000, ARENA_MAX = 65536 };

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	desk_make(d, NULL);
	desk_redial(d, PATIENCE_MS);
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *d = *state;

	desk_remove(d);
	free(d);
	return 0;
}

static enum result add(struct desk *d, const char *id, struct slice mail)
{
	const struct upload u = { slice_of(id), slice_of("junk"), mail };

	return upload_add(d->redis, desk_prefix(d), &u, d->now_ms);
}

static void wants_mail(struct desk *d, const char *id, struct slice want)
{
	struct slice got = { 0 };

	desk_result(upload_read(d->redis, desk_prefix(d), slice_of(id),
			    d->now_ms, &got),
		RES_OK);
	assert_true(slice_is_equal(got, want));
}

static bool has(struct desk *d, const char *id)
{
	bool found = false;

	desk_result(upload_has(d->redis, desk_prefix(d), slice_of(id), &found),
		RES_OK);
	return found;
}

static void it_waits_with_its_job(void **state)
{
	struct desk *d = *state;
	const struct mailq_taking how = {
		.worker = slice_of("w"), .now_ms = d->now_ms, .slow_ms = 1
	};
	const struct slice mail = slice_make("a\0\xff\r\n", 5);
	struct arena *a = arena_new(ARENA_MAX);
	struct mailq_job job;

	desk_result(add(d, "A", mail), RES_OK);
	/* A second time, when the first answer was lost. */
	desk_result(add(d, "A", mail), RES_OK);
	DESK_WANTS(d, "1", "XLEN", "rp:mailq:slow");
	desk_result(
		mailq_take(d->redis, desk_prefix(d), &how, a, &job), RES_OK);
	assert_true(slice_is_equal(job.kind, slice_of("report-upload")));
	assert_true(slice_is_equal(job.id, slice_of("A")));
	assert_true(slice_is_equal(job.more, slice_of("junk")));
	arena_free(a);
	wants_mail(d, "A", mail);
	assert_true(has(d, "A"));
	assert_false(has(d, "B"));
}

static void it_is_gone_when_it_was_handed_on(void **state)
{
	struct desk *d = *state;
	struct slice mail;

	desk_result(add(d, "A", slice_of("x")), RES_OK);
	desk_result(add(d, "B", slice_of("y")), RES_OK);
	for (int i = 0; i < 2; i++)
		desk_result(
			upload_remove(d->redis, desk_prefix(d), slice_of("A")),
			RES_OK);
	assert_false(has(d, "A"));
	desk_result(upload_read(d->redis, desk_prefix(d), slice_of("A"),
			    d->now_ms, &mail),
		RES_MISSING);
	wants_mail(d, "B", slice_of("y"));
	DESK_WANTS(d, "1:B", "ZRANGE", "rp:upload:all", "0", "-1");
}

static void it_has_an_end(void **state)
{
	struct desk *d = *state;

	desk_result(add(d, "A", slice_of("x")), RES_OK);
	DESK_WANTS(d, "7200", "TTL", "rp:upload:A");
	DESK_WANTS(d, "7200", "TTL", "rp:upload:all");
	DESK_WANTS(d, "1", "EXPIRE", "rp:upload:A", "5");
	DESK_WANTS(d, "1", "EXPIRE", "rp:upload:all", "5");
	/* Who tries to hand it on needs it for longer. */
	wants_mail(d, "A", slice_of("x"));
	DESK_WANTS(d, "7200", "TTL", "rp:upload:A");
	DESK_WANTS(d, "7200", "TTL", "rp:upload:all");
}

static void all_have_a_bound(void **state)
{
	struct desk *d = *state;
	char *mail = calloc(1, 8 * MIB);
	char id[16];

	assert_non_null(mail);
	memset(mail, 'a', 8 * MIB);
	for (int i = 0; i < UPLOAD_OCTETS_MAX / (8 * MIB); i++) {
		snprintf(id, sizeof(id), "A%d", i);
		desk_result(add(d, id, slice_make(mail, 8 * MIB)), RES_OK);
	}
	desk_result(add(d, "B", slice_of("x")), RES_FULL);
	assert_false(has(d, "B"));
	desk_result(upload_remove(d->redis, desk_prefix(d), slice_of("A3")),
		RES_OK);
	desk_result(add(d, "B", slice_of("x")), RES_OK);
	desk_result(add(d, "C", slice_make(mail, 8 * MIB)), RES_FULL);
	/* Those whose time is over count no more. */
	d->now_ms += (int64_t)UPLOAD_KEEP_S * 1000;
	desk_result(add(d, "C", slice_make(mail, 8 * MIB)), RES_OK);
	free(mail);
}

static void there_are_only_so_many(void **state)
{
	struct desk *d = *state;
	char id[16];

	for (int i = 0; i < UPLOAD_COUNT_MAX; i++) {
		snprintf(id, sizeof(id), "A%d", i);
		desk_result(add(d, id, slice_of("x")), RES_OK);
	}
	desk_result(add(d, "B", slice_of("x")), RES_FULL);
	DESK_WANTS(d, "1000", "XLEN", "rp:mailq:slow");
}

#define DESK(text, function)                                                   \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = set_up, \
		.teardown_func = tear_down                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		DESK("an upload waits together with its job",
			it_waits_with_its_job),
		DESK("one that was handed on is gone",
			it_is_gone_when_it_was_handed_on),
		DESK("it has an end, and who reads it puts it off",
			it_has_an_end),
		DESK("all uploads together have a bound", all_have_a_bound),
		DESK("there are only so many of them", there_are_only_so_many),
	};

	return cmocka_run_group_tests_name("store/upload", cases, NULL, NULL);
}
