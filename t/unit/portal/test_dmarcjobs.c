/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs of portal/dmarcjobs where there is no DNS: what goes out is looked at
 * with a name server (integration/test_dmarc_report). */
#include "portal/jobs.h"

#include "base/arena.h"
#include "store/redis.h"
#include "support/case.h"
#include "unit/portal/site.h"

#include <stdlib.h>

enum { ARENA_MAX = 1024 * 1024 };

struct desk {
	struct site site;
	struct context_view view;
	struct context_loan *loan;
	struct arena *arena;
};

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	site_open(&d->site, "");
	context_enter(d->site.context, &d->view);
	assert_int_equal(context_take(d->site.context, &d->loan), RES_OK);
	d->arena = arena_new(ARENA_MAX);
	assert_non_null(d->arena);
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *d = *state;

	arena_free(d->arena);
	context_give(d->site.context, d->loan);
	context_leave(&d->view);
	site_close(&d->site);
	free(d);
	return 0;
}

static enum result run(struct desk *d, const char *id)
{
	const struct mailq_job of_queue = { .kind = slice_of("dmarc-failure"),
		.id = slice_of(id),
		.more = slice_of("") };
	struct job j = { .site = &d->view,
		.redis = context_redis(d->loan),
		.arena = d->arena,
		.job = &of_queue,
		.now_ms = 1000 };
	job_function *function = job_find(of_queue.kind);

	assert_non_null(function);
	return function(&j);
}

static void what_is_gone_is_done(void **state)
{
	assert_int_equal(run(*state, "0123456789abcdef"), RES_MISSING);
	assert_int_equal(run(*state, ""), RES_MISSING);
}

/* Whether it may go there cannot be asked: later, and it stays. */
static void without_dns_it_waits(void **state)
{
	struct desk *d = *state;
	struct redis *r = context_redis(d->loan);
	const struct slice put[] = { slice_of("HSET"),
		slice_of("rp:dmarc:failure:1"), slice_of("domain"),
		slice_of("a.example"), slice_of("ruf"),
		slice_of("mailto:f@a.example"), slice_of("fields"),
		slice_of("Version: 1\r\n"), slice_of("header"),
		slice_of("From: x\r\n") };
	const struct slice look[] = { slice_of("EXISTS"),
		slice_of("rp:dmarc:failure:1") };
	struct redis_reply reply;

	assert_int_equal(
		redis_command(r, put, sizeof(put) / sizeof(put[0]), &reply),
		RES_OK);
	assert_int_equal(run(d, "1"), RES_DOWN);
	assert_int_equal(redis_command(r, look, 2, &reply), RES_OK);
	assert_int_equal(reply.number, 1);
}

#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_SITE(what_is_gone_is_done),
		WITH_SITE(without_dns_it_waits),
	};

	return cmocka_run_group_tests_name(
		"portal/dmarcjobs", cases, NULL, NULL);
}
