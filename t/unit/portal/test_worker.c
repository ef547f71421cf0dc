/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/worker.h"

#include "support/case.h"
#include "unit/portal/desk.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 20000, STEP_MS = 5 };

static void wait_for(
	struct desk *d, size_t (*count)(struct smtp_server *s), size_t want)
{
	for (int left = PATIENCE_MS; left > 0; left -= STEP_MS) {
		if (count(d->mta) >= want)
			return;
		(void)poll(NULL, 0, STEP_MS);
	}
	fail_msg("%zu of %zu", count(d->mta), want);
}

static void wait_state(struct desk *d, const char *want)
{
	char text[256] = "";

	for (int left = PATIENCE_MS; left > 0; left -= STEP_MS) {
		if (strcmp(desk_field(d, "state", text), want) == 0)
			return;
		(void)poll(NULL, 0, STEP_MS);
	}
	fail_msg("state %s, not %s", text, want);
}

/* How many jobs wait to be tried again. */
static void wait_later(struct desk *d, const char *want)
{
	char text[64] = "";
	static const char *const argv[] = { "ZCARD", "rp:mailq:later", NULL };

	for (int left = PATIENCE_MS; left > 0; left -= STEP_MS) {
		if (redis_server_do(d->site.redis, argv, text, sizeof(text)) &&
			strcmp(text, want) == 0)
			return;
		(void)poll(NULL, 0, STEP_MS);
	}
	fail_msg("%s jobs wait, not %s", text, want);
}

static struct worker_thread *start(struct desk *d)
{
	struct worker_thread *w = NULL;

	assert_int_equal(worker_thread_open(&w, d->site.context), RES_OK);
	assert_int_equal(worker_thread_start(w), RES_OK);
	return w;
}

static void sends(void **state)
{
	struct desk d;
	struct worker_thread *w;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	w = start(&d);
	wait_state(&d, "sent");
	assert_int_equal(smtp_server_count(d.mta), 1);
	worker_thread_close(w);
	desk_close(&d);
}

/* Ten seconds, then twenty: the clock of the site is the test's. */
static void tries_again(void **state)
{
	struct desk d;
	struct worker_thread *w;

	(void)state;
	desk_open(&d, "");
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	smtp_server_mood(d.mta, SMTP_LATER);
	w = start(&d);
	wait_for(&d, smtp_server_tries, 1);
	wait_later(&d, "1");
	worker_thread_close(w);
	d.site.now_ms += 9000;
	w = start(&d);
	smtp_server_mood(d.mta, SMTP_TAKES);
	worker_thread_close(w);
	assert_int_equal(smtp_server_tries(d.mta), 1);
	d.site.now_ms += 1000;
	w = start(&d);
	wait_state(&d, "sent");
	worker_thread_close(w);
	assert_int_equal(smtp_server_count(d.mta), 1);
	desk_close(&d);
}

static void two_of_them(void **state)
{
	enum { LETTERS = 20 };
	struct desk d;
	struct worker_thread *one;
	struct worker_thread *other;
	char mail[64];
	char ip[64];

	(void)state;
	desk_open(&d, "delist { per_client = 1000 }\n");
	for (unsigned i = 0; i < LETTERS; i++) {
		snprintf(mail, sizeof(mail), "joe%%40d%u.example.org", i);
		snprintf(ip, sizeof(ip), "198.51.100.%u", i + 1);
		desk_ask(&d, mail, ip);
	}
	one = start(&d);
	other = start(&d);
	wait_for(&d, smtp_server_count, LETTERS);
	wait_state(&d, "sent");
	worker_thread_close(one);
	worker_thread_close(other);
	assert_int_equal(smtp_server_count(d.mta), LETTERS);
	desk_close(&d);
}

static void redis_away(void **state)
{
	struct desk d;
	struct worker_thread *w;

	(void)state;
	desk_open(&d, "");
	redis_server_kill(d.site.redis);
	w = start(&d);
	assert_true(redis_server_restart(d.site.redis));
	worker_thread_close(w);
	d.site.now_ms += 1000;
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	w = start(&d);
	wait_state(&d, "sent");
	worker_thread_close(w);
	desk_close(&d);
}

static void strange_job(void **state)
{
	struct desk d;
	struct worker_thread *w;
	char now[32];

	(void)state;
	desk_open(&d, "");
	snprintf(now, sizeof(now), "%lld", (long long)d.site.now_ms);
	assert_true(REDIS_DO(d.site.redis, "XADD", "rp:mailq", "*", "kind",
		"nonsense", "id", "../x", "more", "", "tries", "0", "since",
		now));
	assert_true(REDIS_DO(d.site.redis, "XADD", "rp:mailq", "*", "kind",
		"confirm", "id", "no reference", "more", "", "tries", "0",
		"since", now));
	desk_ask(&d, "joe%40example.org", "192.0.2.66");
	w = start(&d);
	wait_state(&d, "sent");
	worker_thread_close(w);
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("it sends what waits", sends, NULL),
		CASE("an MTA that cannot now is tried again, later each time",
			tries_again, NULL),
		CASE("two of them send each letter once", two_of_them, NULL),
		CASE("it lives on without Redis", redis_away, NULL),
		CASE("a job that nobody knows keeps no other from being done",
			strange_job, NULL),
	};

	return cmocka_run_group_tests_name("portal/worker", cases, NULL, NULL);
}
