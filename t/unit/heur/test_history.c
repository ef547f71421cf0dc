/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/history.h"

#include "base/arena.h"
#include "base/buf.h"
#include "heur/rate.h"
#include "heur/sender.h"
#include "store/secret.h"
#include "support/case.h"
#include "support/ledger_rig.h"
#include "web/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, MEMORY = 65536 };

#define GREY                                                       \
	"greylist { min_s = 60 window_s = 3600 keep_s = 86400 }\n" \
	"reputation { half_life_s = 86400 min_messages = 4 }\n"
#define LIMITS                                                        \
	"rate { address_hour = 8 network_hour = 40 domain_hour = 4\n" \
	"recipient_hour = 8 user_hour = 20 burst = 4 }\n"

/* One message on its way. */
struct world {
	struct ledger_rig rig;
	struct secret secret;
	struct history_service service;
	struct conn conn;
	struct envelope envelope;
	struct message message;
	struct auth_facts auth;
	struct dkim_fact signature;
	struct arena *arena;
	struct findings found;
	void *state;
};

static struct world *world_new(const char *sections)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	ledger_rig_make(&w->rig, "breaker_failures = 3 breaker_probe_ms = 1000",
		sections);
	secret_load(&w->secret, w->rig.conf->milter.secret_file);
	w->service = (struct history_service){ .ledger = w->rig.one,
		.secret = &w->secret,
		.clock = &w->rig.clock };
	w->arena = arena_new(MEMORY);
	assert_non_null(w->arena);
	return w;
}

static void world_free(struct world *w)
{
	history_clear(w->state);
	arena_free(w->arena);
	ledger_rig_remove(&w->rig);
	free(w);
}

static int set_up(void **state)
{
	*state = world_new(LIMITS GREY);
	return 0;
}

static int set_up_grey(void **state)
{
	*state = world_new(GREY);
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	return 0;
}

static struct check_input input_of(struct world *w)
{
	return (struct check_input){ .conf = w->rig.conf,
		.conn = &w->conn,
		.envelope = &w->envelope,
		.message = &w->message,
		.auth = &w->auth,
		.arena = w->arena,
		.wall_s = w->rig.now_ms / 1000,
		.body_ended = true,
		.service = &w->service,
		.state = &w->state };
}

/* A message begins. Nothing is proved of its sender yet. */
static void begin(struct world *w, const char *ip, const char *sender)
{
	history_clear(w->state);
	w->state = NULL;
	arena_reset(w->arena);
	findings_clear(&w->found);
	w->conn = (struct conn){ .kind = CONN_REMOTE };
	assert_int_equal(ipaddr_parse(&w->conn.ip, slice_of(ip)), RES_OK);
	w->envelope = (struct envelope){ .rcpt_accepted = 0 };
	assert_int_equal(
		address_parse(&w->envelope.sender, slice_of(sender)), RES_OK);
	w->auth = (struct auth_facts){ .dkim_is_known = true };
	w->auth.mailfrom.result = AUTH_NONE;
	w->auth.mailfrom.domain = w->envelope.sender.domain;
	w->auth.is_null_sender = w->envelope.sender.is_null;
	w->auth.dmarc.result = AUTH_NONE;
}

/* As the session does: the recipient is judged, and then counted. */
static void rcpt(struct world *w, const char *address, bool is_taken)
{
	const struct check_input in = input_of(w);

	assert_int_equal(
		address_parse(&w->envelope.rcpt, slice_of(address)), RES_OK);
	assert_int_equal(history_step(&in, NULL), CHECK_WAITING);
	if (is_taken)
		w->envelope.rcpt_accepted++;
	else
		w->envelope.rcpt_refused++;
	w->envelope.rcpt = (struct address){ .is_null = false };
}

static void finish(struct world *w)
{
	static const char *const checks[] = { "spf", "dkim", "dmarc" };
	const struct check_input in = input_of(w);

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		findings_add(&w->found, checks[i])->outcome = OUTCOME_MISS;
	assert_int_equal(history_step(&in, &w->found), CHECK_DONE);
}

/* A whole message to one recipient. */
static void send(
	struct world *w, const char *ip, const char *sender, const char *to)
{
	begin(w, ip, sender);
	rcpt(w, to, true);
	finish(w);
}

/* The same of a sender whose SPF passes. */
static void send_proved(
	struct world *w, const char *ip, const char *sender, const char *to)
{
	begin(w, ip, sender);
	w->auth.mailfrom.result = AUTH_PASS;
	rcpt(w, to, true);
	finish(w);
}

static const struct finding *find(const struct world *w, const char *check)
{
	const struct finding *f = findings_find(&w->found, check);

	if (f == NULL)
		fail_msg("no finding of %s", check);
	return f;
}

/* "miss", "hit first", "unknown temperror" ... */
static void wants(const struct world *w, const char *check, const char *want)
{
	const struct finding *f = find(w, check);
	char got[64];

	snprintf(got, sizeof(got), "%s%s%s", outcome_name(f->outcome),
		f->detail != NULL && f->detail[0] != '\0' ? " " : "",
		f->detail != NULL ? f->detail : "");
	assert_string_equal(got, want);
}

static void wants_text(struct slice got, const char *want)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(got));
	assert_string_equal(text, want);
}

static int64_t wait_of(const struct world *w, const char *check)
{
	return find(w, check)->until_s - w->rig.now_ms / 1000;
}

/* ---- asking ---- */

static void it_waits_for_who_has_proved_what(void **state)
{
	struct world *w = *state;
	const struct check_input in = input_of(w);

	begin(w, "192.0.2.1", "<a@example.org>");
	rcpt(w, "<joe@example.net>", true);
	assert_int_equal(history_step(&in, &w->found), CHECK_WAITING);
	findings_add(&w->found, "spf")->outcome = OUTCOME_MISS;
	findings_add(&w->found, "dkim")->outcome = OUTCOME_MISS;
	assert_int_equal(history_step(&in, &w->found), CHECK_WAITING);
	assert_int_equal(ledger_rig_calls(&w->rig), 0);
	findings_add(&w->found, "dmarc")->outcome = OUTCOME_MISS;
	assert_int_equal(history_step(&in, &w->found), CHECK_DONE);
	assert_int_equal(ledger_rig_calls(&w->rig), 1);
	wants(w, "rate", "miss");
	wants(w, "reputation", "miss");
	wants(w, "greylist", "hit first");
}

static void without_authentication_it_waits_for_nothing(void **state)
{
	struct world *w = world_new("auth { enabled = no }\n" GREY);
	const struct check_input in = input_of(w);

	(void)state;
	begin(w, "192.0.2.1", "<a@example.org>");
	rcpt(w, "<joe@example.net>", true);
	assert_int_equal(history_step(&in, &w->found), CHECK_DONE);
	wants(w, "greylist", "hit first");
	world_free(w);
}

static void who_wants_to_know_nothing_does_not_ask(void **state)
{
	struct world *w = world_new("greylist { enabled = no }\n"
				    "reputation { enabled = no }\n");

	(void)state;
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	assert_int_equal(w->found.count, 3); /* of authentication */
	assert_int_equal(ledger_rig_calls(&w->rig), 0);
	world_free(w);
}

static void without_redis_nothing_is_held_against_anybody(void **state)
{
	struct world *w = *state;
	struct ledger_counts counts;

	redis_server_kill(w->rig.server);
	for (int i = 0; i < 20; i++) {
		send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
		wants(w, "rate", "unknown temperror");
		wants(w, "reputation", "unknown temperror");
		wants(w, "greylist", "unknown temperror");
		assert_int_equal(w->found.count, 6);
	}
	ledger_count(w->rig.one, &counts);
	assert_int_equal(counts.asked, 3);
	assert_true(redis_server_restart(w->rig.server));
}

static void nobodys_address_is_in_redis_or_in_a_finding(void **state)
{
	struct world *w = *state;
	char answer[32];

	for (int i = 0; i < 3; i++)
		send_proved(w, "192.0.2.1", "<mary@example.org>",
			"<joe@example.net>");
	assert_true(redis_server_do(w->rig.server,
		(const char *const[]){ "EVAL",
			"local n = 0\n"
			"for _, k in ipairs(redis.call('KEYS', '*')) do\n"
			"  if k:find('joe') or k:find('mary') then n = n + 1 "
			"end\n"
			"end\n"
			"return n",
			"0", NULL },
		answer, sizeof(answer)));
	assert_string_equal(answer, "0");
	assert_true(ledger_rig_keys(&w->rig) > 3);
	assert_int_equal(ledger_rig_endless(&w->rig), 0);
	for (size_t i = 0; i < w->found.count; i++) {
		const struct finding *f = &w->found.item[i];
		char text[512];

		snprintf(text, sizeof(text), "%.*s %.*s",
			SLICE_ARG(f->evidence), SLICE_ARG(f->subject));
		assert_null(strstr(text, "joe"));
		assert_null(strstr(text, "mary"));
	}
}

/* ---- greylist ---- */

static void a_first_contact_is_asked_to_come_again(void **state)
{
	struct world *w = *state;

	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "greylist", "hit first");
	assert_int_equal(wait_of(w, "greylist"), 60);
	ledger_rig_sleep(&w->rig, 10);
	/* Another host of that network, at another milter. */
	w->service.ledger = w->rig.two;
	send(w, "192.0.2.200", "<a@example.org>", "<joe@example.net>");
	wants(w, "greylist", "hit early");
	assert_int_equal(wait_of(w, "greylist"), 50);
	ledger_rig_sleep(&w->rig, 50);
	send(w, "192.0.2.3", "<A@EXAMPLE.org>", "<joe@example.net>");
	wants(w, "greylist", "miss");
	w->service.ledger = w->rig.one;
	send(w, "192.0.2.4", "<other@example.com>", "<ann@example.net>");
	wants(w, "greylist", "miss");
	send(w, "198.51.100.4", "<other@example.com>", "<ann@example.net>");
	wants(w, "greylist", "hit first");
}

static void another_sender_or_recipient_is_another_contact(void **state)
{
	struct world *w = *state;

	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	ledger_rig_sleep(&w->rig, 60);
	send(w, "192.0.2.1", "<b@example.org>", "<joe@example.net>");
	wants(w, "greylist", "hit first");
	send(w, "192.0.2.1", "<a@example.org>", "<ann@example.net>");
	wants(w, "greylist", "hit first");
	send(w, "192.0.2.1", "<>", "<joe@example.net>");
	wants(w, "greylist", "hit first");
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "greylist", "miss");
}

static void the_first_recipient_that_was_taken_counts(void **state)
{
	struct world *w = *state;

	begin(w, "192.0.2.1", "<a@example.org>");
	rcpt(w, "<nobody@example.net>", false);
	rcpt(w, "<joe@example.net>", true);
	rcpt(w, "<ann@example.net>", true);
	finish(w);
	wants(w, "greylist", "hit first");
	ledger_rig_sleep(&w->rig, 60);
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "greylist", "miss");
}

static void an_honest_small_server_is_never_greylisted(void **state)
{
	struct world *w = *state;

	send_proved(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "greylist", "miss");
	/* The next time from another address of its pool. */
	send_proved(w, "2001:db8::1", "<b@example.org>", "<joe@example.net>");
	wants(w, "greylist", "miss");
	begin(w, "198.51.100.7", "<c@example.com>");
	w->signature = (struct dkim_fact){ .result = AUTH_PASS,
		.domain = slice_of("example.com") };
	w->auth.dkim = &w->signature;
	w->auth.dkim_count = 1;
	rcpt(w, "<joe@example.net>", true);
	finish(w);
	wants(w, "greylist", "miss");
}

static void set_reputation(
	struct world *w, const char *key, const char *good, const char *bad)
{
	char at[32];

	snprintf(at, sizeof(at), "%lld", (long long)w->rig.now_ms);
	assert_true(REDIS_DO(w->rig.server, "HSET", key, "good", good, "bad",
		bad, "at", at, "first", at));
	assert_true(REDIS_DO(w->rig.server, "EXPIRE", key, "100000"));
}

static void a_bad_domain_is_greylisted_as_one_sender(void **state)
{
	struct world *w = *state;

	set_reputation(w, "rp:rep:domain:example.org", "2", "18");
	send_proved(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "greylist", "hit first");
	wants(w, "reputation", "hit bad");
	ledger_rig_sleep(&w->rig, 60);
	/* It has a pool of addresses: that does not keep it waiting for ever.
	 */
	send_proved(w, "203.0.113.9", "<a@example.org>", "<joe@example.net>");
	wants(w, "greylist", "miss");
}

static void who_might_have_proved_a_name_is_not_greylisted(void **state)
{
	struct world *w = *state;

	begin(w, "192.0.2.1", "<a@example.org>");
	w->auth.mailfrom.result = AUTH_TEMPERROR;
	rcpt(w, "<joe@example.net>", true);
	finish(w);
	wants(w, "greylist", "unknown temperror");
	begin(w, "192.0.2.1", "<a@example.org>");
	w->signature = (struct dkim_fact){ .result = AUTH_TEMPERROR };
	w->auth.dkim = &w->signature;
	w->auth.dkim_count = 1;
	rcpt(w, "<joe@example.net>", true);
	finish(w);
	wants(w, "greylist", "unknown temperror");
	/* Whoever is known anyway needs no name. */
	ledger_rig_sleep(&w->rig, 60);
	begin(w, "192.0.2.1", "<a@example.org>");
	w->auth.mailfrom.result = AUTH_TEMPERROR;
	rcpt(w, "<joe@example.net>", true);
	finish(w);
	wants(w, "greylist", "miss");
}

static void where_nobody_is_greylisted_no_entry_is_made(void **state)
{
	struct world *w = world_new("greylist { enabled = no }\n");

	(void)state;
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	assert_null(findings_find(&w->found, "greylist"));
	assert_int_equal(ledger_rig_keys(&w->rig), 0);
	world_free(w);
}

/* ---- rate ---- */

static void who_is_over_a_limit_is_told_which_and_until_when(void **state)
{
	struct world *w = *state;
	const struct finding *f;

	for (int i = 0; i < 2; i++) {
		send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
		wants(w, "rate", "miss");
	}
	ledger_rig_sleep(&w->rig, 50);
	send(w, "192.0.2.1", "<a@example.org>", "<ann@example.net>");
	wants(w, "rate", "hit address");
	f = find(w, "rate");
	wants_text(f->subject, "8 messages an hour");
	wants_text(f->evidence,
		"over the limit of 8 messages an hour of 192.0.2.1");
	assert_int_equal(wait_of(w, "rate"), HOUR_S / 8 - 50);
	ledger_rig_sleep(&w->rig, HOUR_S / 8 - 50);
	send(w, "192.0.2.1", "<a@example.org>", "<ann@example.net>");
	wants(w, "rate", "miss");
}

static void until_then_it_is_told_at_rcpt_without_redis(void **state)
{
	struct world *w = *state;
	const struct check_input in = input_of(w);
	long calls;

	for (int i = 0; i < 3; i++)
		send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	calls = ledger_rig_calls(&w->rig);
	begin(w, "192.0.2.1", "<b@example.org>");
	assert_int_equal(
		address_parse(&w->envelope.rcpt, slice_of("<ann@example.net>")),
		RES_OK);
	rate_run(&in, &w->found);
	wants(w, "rate", "hit address");
	assert_int_equal(wait_of(w, "rate"), HOUR_S / 8);
	assert_int_equal(ledger_rig_calls(&w->rig), calls);
	begin(w, "192.0.2.2", "<b@example.org>");
	assert_int_equal(
		address_parse(&w->envelope.rcpt, slice_of("<ann@example.net>")),
		RES_OK);
	rate_run(&in, &w->found);
	assert_int_equal(w->found.count, 0);
}

static void what_only_adds_to_a_sum_is_told_once(void **state)
{
	struct world *w = world_new(
		LIMITS GREY "check \"rate\" { address = \"score 2\" }\n"
			    "domain \"strict.example\" {\n"
			    "rules = {\"rate address = tempfail\"} }\n");
	const struct check_input in = input_of(w);

	(void)state;
	for (int i = 0; i < 3; i++)
		send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "rate", "hit address");
	begin(w, "192.0.2.1", "<b@example.org>");
	rate_run(&in, &w->found);
	assert_int_equal(w->found.count, 0);
	snprintf(w->envelope.rcpt_domain, sizeof(w->envelope.rcpt_domain),
		"strict.example");
	rate_run(&in, &w->found);
	wants(w, "rate", "hit address");
	world_free(w);
}

static void a_mailbox_over_its_limit_is_put_off_alone(void **state)
{
	struct world *w = *state;
	const struct check_input in = input_of(w);

	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	send(w, "198.51.100.1", "<a@example.org>", "<joe+x@example.net>");
	send(w, "203.0.113.1", "<a@example.org>", "<JOE@example.net>");
	wants(w, "rate", "hit recipient");
	wants_text(find(w, "rate")->evidence,
		"over the limit of 8 messages an hour of this recipient");
	begin(w, "203.0.113.1", "<a@example.org>");
	assert_int_equal(
		address_parse(&w->envelope.rcpt, slice_of("<joe@example.net>")),
		RES_OK);
	rate_run(&in, &w->found);
	wants(w, "rate", "hit recipient");
	findings_clear(&w->found);
	assert_int_equal(
		address_parse(&w->envelope.rcpt, slice_of("<ann@example.net>")),
		RES_OK);
	rate_run(&in, &w->found);
	assert_int_equal(w->found.count, 0);
}

static void who_forges_a_domain_does_not_use_up_its_limit(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++) {
		char ip[32], to[64];

		snprintf(ip, sizeof(ip), "198.51.%d.1", i);
		snprintf(to, sizeof(to), "<r%d@example.net>", i);
		send(w, ip, "<a@example.org>", to);
		wants(w, "rate", "miss");
	}
	send_proved(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "rate", "miss");
	send_proved(w, "203.0.113.1", "<a@example.org>", "<ann@example.net>");
	wants(w, "rate", "hit domain");
	wants_text(find(w, "rate")->evidence,
		"over the limit of 4 messages an hour of example.org");
}

static void the_limit_that_opens_last_comes_first(void **state)
{
	struct world *w = *state;

	/* The domain has room again in 15 minutes, the address in half of it.
	 */
	send_proved(w, "192.0.2.1", "<a@example.org>", "<r1@example.net>");
	send(w, "192.0.2.1", "<b@example.com>", "<r2@example.net>");
	send_proved(w, "192.0.2.1", "<a@example.org>", "<r3@example.net>");
	wants(w, "rate", "hit domain");
	assert_int_equal(wait_of(w, "rate"), HOUR_S / 4);
	assert_string_equal(find(w, "rate")[1].detail, "address");
	assert_int_equal(
		find(w, "rate")[1].until_s - w->rig.now_ms / 1000, HOUR_S / 8);
}

static void a_user_is_counted_by_recipients(void **state)
{
	struct world *w = *state;
	const struct check_input in = input_of(w);

	/* 20 an hour, five of them at once. */
	begin(w, "192.0.2.1", "<a@example.org>");
	w->envelope.auth_name = slice_of("ann");
	rate_user_rcpt(&in, &w->found);
	assert_int_equal(w->found.count, 0);
	w->envelope.rcpt_accepted = 5;
	rate_user_end(&in, &w->found);
	wants(w, "rate", "miss");
	findings_clear(&w->found);
	w->envelope.rcpt_accepted = 1;
	rate_user_end(&in, &w->found);
	wants(w, "rate", "hit user");
	wants_text(find(w, "rate")->subject, "20 recipients an hour");
	wants_text(find(w, "rate")->evidence,
		"over the limit of 20 recipients an hour of this user");
	assert_int_equal(wait_of(w, "rate"), HOUR_S / 20);
	findings_clear(&w->found);
	rate_user_rcpt(&in, &w->found);
	wants(w, "rate", "hit user");
	findings_clear(&w->found);
	w->envelope.auth_name = slice_of("joe");
	rate_user_rcpt(&in, &w->found);
	rate_user_end(&in, &w->found);
	wants(w, "rate", "miss");
}

static void where_redis_is_away_a_user_goes_on(void **state)
{
	struct world *w = *state;
	const struct check_input in = input_of(w);

	redis_server_kill(w->rig.server);
	begin(w, "192.0.2.1", "<a@example.org>");
	w->envelope.auth_name = slice_of("ann");
	w->envelope.rcpt_accepted = 1;
	rate_user_end(&in, &w->found);
	wants(w, "rate", "unknown temperror");
	assert_true(redis_server_restart(w->rig.server));
}

static void a_new_sender_follows_the_published_curve(void **state)
{
	struct world *w = world_new(
		"rate { ramp_first = 3 ramp_factor = 1.5 ramp_days = 3 }\n"
		"greylist { enabled = no }\n");
	const struct conf_rate *conf = &w->rig.conf->rate;

	(void)state;
	for (unsigned day = 1; day <= 3; day++) {
		char limit[64];

		for (int i = 0; i < (int)rate_ramp(conf, day); i++) {
			send_proved(w, "192.0.2.1", "<a@example.org>",
				"<joe@example.net>");
			wants(w, "rate", "miss");
		}
		send_proved(w, "203.0.113.1", "<b@example.org>",
			"<joe@example.net>");
		wants(w, "rate", "hit ramp");
		snprintf(limit, sizeof(limit), "%.0f messages on day %u",
			rate_ramp(conf, day), day);
		wants_text(find(w, "rate")->subject, limit);
		ledger_rig_sleep(&w->rig, wait_of(w, "rate"));
	}
	for (int i = 0; i < 50; i++) {
		send_proved(
			w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
		wants(w, "rate", "miss");
	}
	world_free(w);
}

static void the_curve_is_a_pure_function(void **state)
{
	struct conf_rate conf = {
		.ramp_first = 500, .ramp_factor = 2, .ramp_days = 14
	};

	(void)state;
	assert_int_equal((int)rate_ramp(&conf, 1), 500);
	assert_int_equal((int)rate_ramp(&conf, 2), 1000);
	assert_int_equal((int)rate_ramp(&conf, 14), 500 << 13);
	assert_int_equal((int)rate_ramp(&conf, 15), 0);
	assert_int_equal((int)rate_ramp(&conf, 0), 0);
	conf.ramp_first = 0;
	assert_int_equal((int)rate_ramp(&conf, 1), 0);
	conf = (struct conf_rate){ 0 };
	conf.ramp_first = 100000000;
	conf.ramp_factor = 100;
	conf.ramp_days = 365;
	assert_true(rate_ramp(&conf, 365) <= 1e12);
}

static void what_is_told_is_counted(void **state)
{
	static const char *const lines[] = {
		"reprieve_rate_limited_total{limit=\"address\"} 1\n",
		"reprieve_rate_limited_total{limit=\"ramp\"} 0\n",
		"reprieve_greylist_total{answer=\"first\"} 1\n",
		"reprieve_greylist_total{answer=\"early\"} 2\n",
		"reprieve_greylist_total{answer=\"skipped\"} 1\n",
		"reprieve_ledger_seconds_count 4\n",
	};
	struct world *w = *state;
	struct metrics *m = metrics_new();
	struct buf out;

	assert_non_null(m);
	assert_int_equal(history_meters_init(&w->service.meters, m), RES_OK);
	for (int i = 0; i < 3; i++)
		send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	send_proved(w, "203.0.113.1", "<a@example.com>", "<ann@example.net>");
	buf_init(&out, MEMORY);
	metrics_format(m, &out);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strstr(buf_text(&out), lines[i]) == NULL)
			fail_msg("no %s in\n%s", lines[i], buf_text(&out));
	buf_clear(&out);
	metrics_free(m);
}

/* ---- reputation ---- */

static void reputation_adds_by_share_and_number(void **state)
{
	struct world *w = *state;
	double few, many;

	set_reputation(w, "rp:rep:address:192.0.2.1", "0", "4");
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "reputation", "hit bad");
	few = find(w, "reputation")->factor;
	wants_text(find(w, "reputation")->subject, "address:192.0.2.1");
	set_reputation(w, "rp:rep:address:192.0.2.1", "0", "400");
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	many = find(w, "reputation")->factor;
	assert_true(few > 0.99 * w->rig.conf->reputation.score_max / 2);
	assert_true(many > few);
	assert_true(many <= w->rig.conf->reputation.score_max);
	set_reputation(w, "rp:rep:address:192.0.2.1", "400", "2");
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "reputation", "hit good");
	set_reputation(w, "rp:rep:address:192.0.2.1", "70", "30");
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "reputation", "miss");
	set_reputation(w, "rp:rep:address:192.0.2.1", "0", "3");
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "reputation", "miss");
}

static void who_has_a_name_is_not_judged_by_its_neighbours(void **state)
{
	struct world *w = *state;

	set_reputation(w, "rp:rep:network:192.0.2.0/24", "0", "400");
	send_proved(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "reputation", "miss");
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "reputation", "hit bad");
	assert_true(find(w, "reputation")->factor <=
		w->rig.conf->reputation.score_max / 2);
	set_reputation(w, "rp:rep:address:192.0.2.1", "50", "0");
	send(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "reputation", "hit good");
}

static void a_good_name_does_not_wash_a_bad_address(void **state)
{
	struct world *w = *state;

	set_reputation(w, "rp:rep:domain:example.org", "400", "0");
	send_proved(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "reputation", "hit good");
	set_reputation(w, "rp:rep:address:192.0.2.1", "0", "40");
	send_proved(w, "192.0.2.1", "<a@example.org>", "<joe@example.net>");
	wants(w, "reputation", "miss");
}

/* ---- who is it? ---- */

static void a_sender_has_the_name_that_it_has_proved(void **state)
{
	struct auth_facts auth = { .dkim_is_known = true };
	struct dkim_fact signed_by[2] = {
		{ .result = AUTH_PASS,
			.is_partial = true,
			.domain = slice_of("partial.example") },
		{ .result = AUTH_PASS, .domain = slice_of("signer.example") },
	};
	struct ipaddr ip;
	struct sender s;

	(void)state;
	assert_int_equal(
		ipaddr_parse(&ip, slice_of("2001:db8:1:2:3::4")), RES_OK);
	sender_read(&s, &ip, &auth);
	assert_string_equal(s.address, "2001:db8:1:2::/64");
	assert_string_equal(s.network, "2001:db8:1::/48");
	assert_string_equal(s.domain, "");
	auth.dkim = signed_by;
	auth.dkim_count = 2;
	sender_read(&s, &ip, &auth);
	assert_string_equal(s.domain, "signer.example");
	auth.mailfrom.domain = slice_of("bounce.example");
	auth.mailfrom.result = AUTH_FAIL;
	sender_read(&s, &ip, &auth);
	assert_string_equal(s.domain, "signer.example");
	auth.mailfrom.result = AUTH_PASS;
	sender_read(&s, &ip, &auth);
	assert_string_equal(s.domain, "bounce.example");
	auth.dmarc.result = AUTH_PASS;
	auth.dmarc.org_domain = slice_of("author.example");
	sender_read(&s, &ip, &auth);
	assert_string_equal(s.domain, "author.example");
	auth.dmarc.org_domain = slice_of("no name: of ours");
	auth.dmarc.from_domain = slice_of("mail.author.example");
	sender_read(&s, &ip, &auth);
	assert_string_equal(s.domain, "mail.author.example");
}

#define WITH(up, test) cmocka_unit_test_setup_teardown(test, up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH(set_up, it_waits_for_who_has_proved_what),
		cmocka_unit_test(without_authentication_it_waits_for_nothing),
		cmocka_unit_test(who_wants_to_know_nothing_does_not_ask),
		WITH(set_up, without_redis_nothing_is_held_against_anybody),
		WITH(set_up, nobodys_address_is_in_redis_or_in_a_finding),
		WITH(set_up_grey, a_first_contact_is_asked_to_come_again),
		WITH(set_up_grey,
			another_sender_or_recipient_is_another_contact),
		WITH(set_up_grey, the_first_recipient_that_was_taken_counts),
		WITH(set_up_grey, an_honest_small_server_is_never_greylisted),
		WITH(set_up_grey, a_bad_domain_is_greylisted_as_one_sender),
		WITH(set_up_grey,
			who_might_have_proved_a_name_is_not_greylisted),
		cmocka_unit_test(where_nobody_is_greylisted_no_entry_is_made),
		WITH(set_up, who_is_over_a_limit_is_told_which_and_until_when),
		WITH(set_up, until_then_it_is_told_at_rcpt_without_redis),
		cmocka_unit_test(what_only_adds_to_a_sum_is_told_once),
		WITH(set_up, a_mailbox_over_its_limit_is_put_off_alone),
		WITH(set_up, who_forges_a_domain_does_not_use_up_its_limit),
		WITH(set_up, the_limit_that_opens_last_comes_first),
		WITH(set_up, a_user_is_counted_by_recipients),
		WITH(set_up, where_redis_is_away_a_user_goes_on),
		cmocka_unit_test(a_new_sender_follows_the_published_curve),
		cmocka_unit_test(the_curve_is_a_pure_function),
		WITH(set_up, what_is_told_is_counted),
		WITH(set_up_grey, reputation_adds_by_share_and_number),
		WITH(set_up_grey,
			who_has_a_name_is_not_judged_by_its_neighbours),
		WITH(set_up_grey, a_good_name_does_not_wash_a_bad_address),
		cmocka_unit_test(a_sender_has_the_name_that_it_has_proved),
	};

	return cmocka_run_group_tests_name("heur/history", cases, NULL, NULL);
}
