/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/pipeline.h"

#include "base/arena.h"
#include "base/clock.h"
#include "dns/asker.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <stdlib.h>
#include <string.h>

enum { LONG_MS = 20000 };

static const struct fake_record records[] = {
	{ "a.example", "A", "192.0.2.1" },
	{ "late.example", "TIMEOUT", "" },
	{ NULL, NULL, NULL },
};

struct world {
	struct fake_dns *dns;
	struct asker *asker;
	struct auth_facts auth;
	struct findings found;
	struct progress progress;
	int freed;
	int64_t now;
};

static struct world *the_world; /* a check has no other way to it */

static enum check_progress ask(const struct check_input *in, const char *name,
	const char *check, struct findings *out)
{
	const struct dns_answer *a = asker_ask(in->dns, slice_of(name), DNS_A);

	if (*in->state == NULL)
		*in->state = calloc(1, 1);
	if (a == NULL)
		return CHECK_WAITING;
	if (out != NULL)
		findings_add(out, check)->detail = dns_status_name(a->status);
	return CHECK_DONE;
}

static enum check_progress first(
	const struct check_input *in, struct findings *out)
{
	enum check_progress p = ask(in, "a.example", "first", out);

	if (p == CHECK_DONE && out != NULL)
		in->auth->iprev.result = AUTH_PASS;
	return p;
}

/* Reads what the first has written, as DMARC does with SPF. */
static enum check_progress second(
	const struct check_input *in, struct findings *out)
{
	if (in->auth->iprev.result == AUTH_UNKNOWN)
		return CHECK_WAITING;
	return ask(in, "late.example", "second", out);
}

static enum check_progress never(
	const struct check_input *in, struct findings *out)
{
	(void)in;
	(void)out;
	return CHECK_WAITING;
}

static void clear(void *state)
{
	free(state);
	the_world->freed++;
}

static bool two_pieces(const struct check_input *in, struct slice piece)
{
	char *seen = *in->state;

	assert_true(slice_is_equal(piece, slice_of("x\r\n")));
	return ++*seen < 2;
}

#define ROW(name, begin, step, clear)                                         \
	{                                                                     \
		name, begin, STAGE_END, step, clear, SERVICE_NONE, NULL, 100, \
			100                                                   \
	}

static const struct pipeline_check both[] = {
	ROW("second", STAGE_MAIL, second, clear),
	ROW("first", STAGE_CONNECT, first, clear),
};
static const struct pipeline_check broken[] = {
	ROW("never", STAGE_MAIL, never, NULL),
	ROW("first", STAGE_CONNECT, first, clear),
};
static const struct pipeline_check reader[] = {
	{ "reader", STAGE_EOH, STAGE_END, first, clear, SERVICE_NONE,
		two_pieces, 100, 100 },
	ROW("first", STAGE_CONNECT, first, clear),
};

static void open_world(struct world *w)
{
	const struct asker_limits limits = { 10, LONG_MS };

	*w = (struct world){ .now = clock_mono_ms(clock_system()) };
	the_world = w;
	w->dns = fake_dns_new(records);
	w->asker = asker_new(fake_dns_source(w->dns), &limits, clock_system());
	asker_mark(w->asker);
}

static void close_world(struct world *w)
{
	asker_free(w->asker);
	fake_dns_free(w->dns);
}

static struct check_input input_of(struct world *w)
{
	return (struct check_input){ .auth = &w->auth, .dns = w->asker };
}

static void each_reports_once(void **state)
{
	const struct pipeline p = { .checks = both, .check_count = 2 };
	struct world w;
	struct check_input in;

	(void)state;
	open_world(&w);
	in = input_of(&w);
	pipeline_advance(&p, &w.progress, STAGE_CONNECT, &in);
	assert_int_equal(fake_dns_asked(w.dns), 1);
	/* The deadline is over: the one that never comes is "unknown". */
	pipeline_await(&p, &w.progress, STAGE_END, &in, &w.found, w.now);
	assert_int_equal(w.found.count, 2);
	assert_string_equal(w.found.item[0].check, "first");
	assert_string_equal(w.found.item[0].detail, "found");
	assert_string_equal(w.found.item[1].check, "second");
	assert_string_equal(w.found.item[1].detail, "unknown");
	pipeline_end_message(&p, &w.progress);
	assert_int_equal(w.freed, 1);
	pipeline_end_connection(&p, &w.progress);
	assert_int_equal(w.freed, 2);
	close_world(&w);
}

static void a_connection_reports_for_each_message(void **state)
{
	const struct pipeline p = { .checks = both + 1, .check_count = 1 };
	struct world w;
	struct check_input in;

	(void)state;
	open_world(&w);
	in = input_of(&w);
	pipeline_advance(&p, &w.progress, STAGE_CONNECT, &in);
	for (int i = 0; i < 2; i++) {
		findings_clear(&w.found);
		pipeline_await(&p, &w.progress, STAGE_END, &in, &w.found,
			w.now + LONG_MS);
		assert_int_equal(w.found.count, 1);
		pipeline_end_message(&p, &w.progress);
	}
	assert_int_equal(w.freed, 0);
	pipeline_end_connection(&p, &w.progress);
	assert_int_equal(w.freed, 1);
	pipeline_end_connection(&p, &w.progress);
	assert_int_equal(w.freed, 1);
	close_world(&w);
}

static void one_that_never_ends_is_our_error(void **state)
{
	const struct pipeline p = { .checks = broken, .check_count = 2 };
	struct world w;
	struct check_input in;
	const struct finding *f;

	(void)state;
	open_world(&w);
	in = input_of(&w);
	pipeline_await(
		&p, &w.progress, STAGE_END, &in, &w.found, w.now + LONG_MS);
	assert_int_equal(w.found.count, 2);
	f = findings_find(&w.found, "never");
	assert_non_null(f);
	assert_string_equal(f->detail, "internal");
	pipeline_end_connection(&p, &w.progress);
	close_world(&w);
}

static void an_aborted_message_frees_its_state(void **state)
{
	const struct pipeline p = { .checks = both, .check_count = 2 };
	struct world w;
	struct check_input in;

	(void)state;
	open_world(&w);
	w.auth.iprev.result = AUTH_PASS;
	in = input_of(&w);
	pipeline_advance(&p, &w.progress, STAGE_RCPT, &in);
	pipeline_end_message(&p, &w.progress);
	assert_int_equal(w.freed, 1);
	pipeline_end_connection(&p, &w.progress);
	assert_int_equal(w.freed, 2);
	close_world(&w);
}

static void shows_the_body_as_long_as_it_is_wanted(void **state)
{
	const struct pipeline p = { .checks = reader, .check_count = 2 };
	struct slice piece = slice_of("x\r\n");
	struct world w;
	struct check_input in;

	(void)state;
	open_world(&w);
	in = input_of(&w);
	pipeline_advance(&p, &w.progress, STAGE_EOH, &in);
	assert_true(pipeline_body(&p, &w.progress, &in, piece));
	assert_false(pipeline_body(&p, &w.progress, &in, piece));
	assert_false(pipeline_body(&p, &w.progress, &in, piece));
	assert_int_equal(*(char *)w.progress.state[0], 2);
	pipeline_end_message(&p, &w.progress);
	pipeline_advance(&p, &w.progress, STAGE_EOH, &in);
	assert_true(pipeline_body(&p, &w.progress, &in, piece));
	pipeline_end_connection(&p, &w.progress);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("each check reports once, whatever their order",
			each_reports_once, NULL),
		CASE("a check of the connection reports for each message",
			a_connection_reports_for_each_message, NULL),
		CASE("a check that never ends is our own error",
			one_that_never_ends_is_our_error, NULL),
		CASE("an aborted message frees what its checks kept",
			an_aborted_message_frees_its_state, NULL),
		cmocka_unit_test(shows_the_body_as_long_as_it_is_wanted),
	};

	return cmocka_run_group_tests_name("judge/pipeline", cases, NULL, NULL);
}
