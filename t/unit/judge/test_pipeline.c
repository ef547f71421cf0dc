/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/pipeline.h"

#include "base/arena.h"
#include "base/clock.h"
#include "dns/asker.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <stdlib.h>
#include <string.h>

/* What the made-up checks are given as their service, and what they leave. */
struct world {
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct auth_facts auth;
	struct findings findings;
	struct pipeline pipeline;
	struct pipeline_run run;
	unsigned steps; /* of all checks */
	unsigned live; /* states that are not freed */
	unsigned made;
	unsigned beats;
	size_t body;
	char order[64]; /* a letter for each report */
};

struct memory {
	struct world *world;
	size_t body;
};

static struct memory *remember(const struct check_input *in)
{
	struct world *w = in->service;

	if (*in->state == NULL) {
		struct memory *m = calloc(1, sizeof(*m));

		assert_non_null(m);
		m->world = w;
		*in->state = m;
		w->live++;
		w->made++;
	}
	return *in->state;
}

static void forget(void *state)
{
	struct memory *m = state;

	m->world->live--;
	free(m);
}

static enum check_progress report(const struct check_input *in,
	struct findings *out, const char *name, const struct dns_answer *a)
{
	struct world *w = in->service;
	size_t len = strlen(w->order);

	if (out == NULL)
		return CHECK_DONE;
	w->order[len] = name[0];
	findings_add(out, name)->detail =
		a != NULL && a->status == DNS_UNKNOWN ? "temperror" : "pass";
	return CHECK_DONE;
}

/* Of the connection: one name. */
static enum check_progress conn_step(
	const struct check_input *in, struct findings *out)
{
	struct world *w = remember(in)->world;
	const struct dns_answer *a =
		asker_ask(in->dns, slice_of("conn.example"), DNS_TXT);

	w->steps++;
	return a == NULL ? CHECK_WAITING : report(in, out, "conn", a);
}

/* Of the message: a name, then another one. */
static enum check_progress two_step(
	const struct check_input *in, struct findings *out)
{
	struct world *w = remember(in)->world;
	const struct dns_answer *a =
		asker_ask(in->dns, slice_of("one.example"), DNS_TXT);

	w->steps++;
	if (a == NULL)
		return CHECK_WAITING;
	a = asker_ask(in->dns, slice_of("two.example"), DNS_TXT);
	return a == NULL ? CHECK_WAITING : report(in, out, "two", a);
}

/* Waits for what the next one in the table writes. */
static enum check_progress early_step(
	const struct check_input *in, struct findings *out)
{
	((struct world *)in->service)->steps++;
	return in->auth->dkim_is_known ? report(in, out, "early", NULL)
				       : CHECK_WAITING;
}

static enum check_progress body_step(
	const struct check_input *in, struct findings *out)
{
	struct memory *m = remember(in);

	m->world->steps++;
	if (out == NULL)
		return CHECK_DONE;
	in->auth->dkim_is_known = true;
	m->world->body = m->body;
	return report(in, out, "body", NULL);
}

static void body_body(const struct check_input *in, struct slice piece)
{
	remember(in)->body += piece.len;
}

static enum check_progress stuck_step(
	const struct check_input *in, struct findings *out)
{
	(void)out;
	((struct world *)in->service)->steps++;
	return CHECK_WAITING;
}

enum { ALL = 4, WITH_STUCK = 5 };

static const struct pipeline_check checks[] = {
	{ "conn", STAGE_CONNECT, STAGE_END, SERVICE_BLOCKLIST, conn_step, NULL,
		forget },
	{ "two", STAGE_MAIL, STAGE_END, SERVICE_BLOCKLIST, two_step, NULL,
		forget },
	{ "early", STAGE_EOH, STAGE_END, SERVICE_BLOCKLIST, early_step, NULL,
		NULL },
	{ "body", STAGE_EOH, STAGE_END, SERVICE_BLOCKLIST, body_step, body_body,
		forget },
	{ "stuck", STAGE_MAIL, STAGE_END, SERVICE_BLOCKLIST, stuck_step, NULL,
		NULL },
};

static const struct fake_record records[] = {
	{ "conn.example", "TXT", "c" },
	{ "one.example", "TXT", "1" },
	{ "two.example", "TXT", "2" },
	{ NULL, NULL, NULL },
};

static const struct fake_record dead[] = {
	{ "conn.example", "TIMEOUT", "" },
	{ "one.example", "TIMEOUT", "" },
	{ "two.example", "TXT", "2" },
	{ NULL, NULL, NULL },
};

static struct world *world_new(const struct fake_record *zone, size_t count)
{
	const struct asker_limits limits = { 20, 60000 };
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->dns = fake_dns_new(zone);
	w->arena = arena_new(65536);
	w->asker = asker_new(fake_dns_source(w->dns), &limits, clock_system());
	assert_non_null(w->asker);
	w->pipeline.checks = checks;
	w->pipeline.check_count = count;
	w->pipeline.service[SERVICE_BLOCKLIST] = w;
	pipeline_begin(&w->run, &w->pipeline);
	return w;
}

static void world_free(struct world *w)
{
	pipeline_end_connection(&w->run);
	pipeline_end_connection(&w->run);
	assert_int_equal(w->live, 0);
	asker_free(w->asker);
	fake_dns_free(w->dns);
	arena_free(w->arena);
	free(w);
}

static struct check_input input(struct world *w)
{
	return (struct check_input){
		.auth = &w->auth, .dns = w->asker, .arena = w->arena
	};
}

static void advance(struct world *w, enum stage stage)
{
	const struct check_input in = input(w);

	pipeline_advance(&w->run, stage, &in);
}

static void body(struct world *w, const char *piece)
{
	const struct check_input in = input(w);

	pipeline_body(&w->run, &in, slice_of(piece));
}

static void beat(void *at)
{
	struct world *w = at;

	w->beats++;
	(void)fake_dns_let_go(w->dns);
}

static void await(struct world *w, int64_t for_ms, int64_t beat_ms)
{
	const struct check_input in = input(w);
	const struct pipeline_wait wait = { .clock = clock_system(),
		.deadline_ms = clock_mono_ms(clock_system()) + for_ms,
		.beat_ms = beat_ms,
		.beat = beat_ms > 0 ? beat : NULL,
		.at = w };

	findings_clear(&w->findings);
	memset(w->order, 0, sizeof(w->order));
	pipeline_await(&w->run, STAGE_END, &in, &w->findings, &wait);
}

static void begin_message(struct world *w)
{
	w->auth = (struct auth_facts){ .dkim_is_known = false };
	asker_mark(w->asker);
	advance(w, STAGE_MAIL);
}

static void end_message(struct world *w)
{
	pipeline_end_message(&w->run);
	asker_release(w->asker);
}

static const char *detail(const struct world *w, const char *check)
{
	const struct finding *f = findings_find(&w->findings, check);

	return f == NULL ? "(none)" : f->detail;
}

static void reports_in_order(void **state)
{
	struct world *w = world_new(records, ALL);

	(void)state;
	advance(w, STAGE_CONNECT);
	begin_message(w);
	advance(w, STAGE_EOH);
	body(w, "one\r\n");
	body(w, "");
	body(w, "two\r\n");
	await(w, 5000, 0);
	/* The third needs the fourth, so it is the last to report. */
	assert_string_equal(w->order, "ctbe");
	assert_int_equal(w->findings.count, 4);
	assert_int_equal(w->body, 10);
	assert_int_equal(w->run.waited_ms, 0);
	await(w, 5000, 0);
	assert_string_equal(w->order, "");
	end_message(w);
	world_free(w);
}

static void asks_as_soon_as_a_name_is_known(void **state)
{
	struct world *w = world_new(records, 2);
	unsigned steps;

	(void)state;
	fake_dns_hold(w->dns, true);
	advance(w, STAGE_CONNECT);
	assert_int_equal(fake_dns_asked(w->dns), 1);
	begin_message(w);
	assert_int_equal(fake_dns_asked(w->dns), 2);
	steps = w->steps;
	advance(w, STAGE_MAIL);
	advance(w, STAGE_MAIL);
	assert_int_equal(w->steps, steps);
	assert_int_equal(fake_dns_let_go(w->dns), 2);
	advance(w, STAGE_MAIL);
	assert_int_equal(fake_dns_asked(w->dns), 3);
	/* What has nothing more to do is not stepped for another's answer. */
	steps = w->steps;
	assert_int_equal(fake_dns_let_go(w->dns), 1);
	advance(w, STAGE_MAIL);
	assert_int_equal(w->steps, steps + 1);
	await(w, 5000, 0);
	assert_string_equal(w->order, "ct");
	end_message(w);
	world_free(w);
}

static void waits_for_answers(void **state)
{
	struct world *w = world_new(records, 2);

	(void)state;
	fake_dns_hold(w->dns, true);
	advance(w, STAGE_CONNECT);
	begin_message(w);
	/* The beats let the answers go, one question after the other. */
	await(w, 20000, 20);
	assert_string_equal(w->order, "ct");
	assert_string_equal(detail(w, "two"), "pass");
	assert_in_range(w->beats, 2, 100);
	assert_in_range(w->run.waited_ms, 30, 10000);
	end_message(w);
	assert_int_equal(w->run.waited_ms, 0);
	world_free(w);
}

static void a_deadline_ends_it(void **state)
{
	struct world *w = world_new(dead, ALL);
	int64_t start = clock_mono_ms(clock_system());

	(void)state;
	advance(w, STAGE_CONNECT);
	begin_message(w);
	advance(w, STAGE_EOH);
	await(w, 50, 20);
	assert_in_range(clock_mono_ms(clock_system()) - start, 50, 5000);
	assert_int_equal(w->findings.count, 4);
	assert_string_equal(detail(w, "conn"), "temperror");
	assert_string_equal(detail(w, "two"), "temperror");
	assert_string_equal(detail(w, "early"), "pass");
	end_message(w);
	world_free(w);
}

static void a_check_that_never_ends_is_our_fault(void **state)
{
	struct world *w = world_new(records, WITH_STUCK);

	(void)state;
	begin_message(w);
	/* Nothing is on its way: it does not cost the time either. */
	await(w, 3600 * 1000, 0);
	assert_string_equal(w->order, "ctbe");
	assert_string_equal(detail(w, "stuck"), "internal");
	assert_int_equal(
		findings_find(&w->findings, "stuck")->outcome, OUTCOME_UNKNOWN);
	assert_true(w->steps < 20);
	end_message(w);
	world_free(w);
}

static void two_messages_on_one_connection(void **state)
{
	struct world *w = world_new(records, ALL);

	(void)state;
	advance(w, STAGE_CONNECT);
	for (int i = 0; i < 2; i++) {
		begin_message(w);
		advance(w, STAGE_EOH);
		body(w, "x");
		await(w, 5000, 0);
		assert_string_equal(w->order, "ctbe");
		assert_int_equal(w->body, 1);
		end_message(w);
		/* That of the connection stays. */
		assert_int_equal(w->live, 1);
	}
	assert_int_equal(w->made, 5);
	world_free(w);
}

static void an_abort_frees_all_once(void **state)
{
	struct world *w = world_new(records, ALL);

	(void)state;
	fake_dns_hold(w->dns, true);
	advance(w, STAGE_CONNECT);
	begin_message(w);
	advance(w, STAGE_EOH);
	body(w, "x");
	assert_int_equal(w->live, 3);
	end_message(w);
	pipeline_end_message(&w->run);
	assert_int_equal(w->live, 1);
	fake_dns_hold(w->dns, false);
	begin_message(w);
	await(w, 5000, 0);
	/* Answers of the first message were dropped, not lost. */
	assert_int_equal(w->findings.count, 4);
	end_message(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("checks report in order, but for one that needs another",
			reports_in_order, NULL),
		CASE("questions go out as soon as their names are known",
			asks_as_soon_as_a_name_is_known, NULL),
		CASE("the end waits for answers and keeps the MTA awake",
			waits_for_answers, NULL),
		CASE("a dead DNS server costs the deadline and no more",
			a_deadline_ends_it, NULL),
		CASE("a check that never ends is an internal error",
			a_check_that_never_ends_is_our_fault, NULL),
		CASE("the connection's state lives over two messages",
			two_messages_on_one_connection, NULL),
		CASE("an abort in the middle frees each state once",
			an_abort_frees_all_once, NULL),
	};

	return cmocka_run_group_tests_name("judge/pipeline", cases, NULL, NULL);
}
