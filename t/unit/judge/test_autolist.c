/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/autolist.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "judge/record.h"
#include "support/case.h"
#include "support/redis_server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TEXT_MAX = 1024, WAIT_MS = 20000, ANSWER_MAX = 256 };

struct bench {
	struct redis_server *server;
	struct conf *conf;
	struct autolist *list;
	const struct session_watch *watch;
	struct conn conn;
	struct envelope envelope;
	struct verdict verdict;
	struct record record;
	char ref[CASE_REF_MAX];
};

static struct conf *load(struct redis_server *server, const char *listing)
{
	struct conf *conf = NULL;
	char text[TEXT_MAX];
	struct buf errors;

	snprintf(text, sizeof(text),
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\" "
		"trusted = {\"198.51.100.0/24\"} }\n"
		"redis { servers = {\"unix:%s\"} }\n"
		"listing { %s traps = {\"Trap@Example.NET\"} }\n",
		redis_server_socket(server), listing);
	buf_init(&errors, 8192);
	if (conf_load_text("test", slice_of(text), &conf, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	return conf;
}

static void begin(struct bench *b, const char *listing)
{
	*b = (struct bench){ .server = redis_server_start() };
	assert_non_null(b->server);
	b->conf = load(b->server, listing);
	assert_int_equal(
		autolist_open(&b->list, b->conf, clock_system()), RES_OK);
	assert_int_equal(autolist_start(b->list), RES_OK);
	b->watch = autolist_watch(b->list, NULL);
	b->conn =
		(struct conn){ .kind = CONN_REMOTE, .id = "0123456789abcdef" };
	assert_int_equal(
		ipaddr_parse(&b->conn.ip, slice_of("192.0.2.7")), RES_OK);
	case_ref_new(b->ref);
	b->verdict = (struct verdict){
		.action = ACTION_ACCEPT, .would_be = ACTION_ACCEPT, .score = 16
	};
	b->record = (struct record){ .stage = "eom",
		.scope = { .conf = b->conf },
		.conn = &b->conn,
		.envelope = &b->envelope,
		.verdict = &b->verdict,
		.ref = b->ref };
}

static void end(struct bench *b)
{
	autolist_close(b->list);
	conf_release(b->conf);
	redis_server_stop(b->server);
}

static void see(struct bench *b)
{
	b->watch->judged(b->watch->at, &b->record);
}

static void see_from(struct bench *b, const char *ip)
{
	assert_int_equal(ipaddr_parse(&b->conn.ip, slice_of(ip)), RES_OK);
	see(b);
}

static struct autolist_counts counts_of(struct bench *b)
{
	struct autolist_counts n;

	autolist_count(b->list, &n);
	return n;
}

/* Until so many pieces are through, whatever came of them. */
static struct autolist_counts wait_for(struct bench *b, uint64_t evidence)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int64_t until_ms = clock_mono_ms(clock_system()) + WAIT_MS;
	struct autolist_counts n = counts_of(b);

	while (n.evidence < evidence &&
		clock_mono_ms(clock_system()) < until_ms) {
		nanosleep(&nap, NULL);
		n = counts_of(b);
	}
	assert_int_equal(n.evidence, evidence);
	return n;
}

static void wants(struct bench *b, const char *want, const char *const *command)
{
	char answer[ANSWER_MAX] = "";

	assert_true(
		redis_server_do(b->server, command, answer, sizeof(answer)));
	assert_string_equal(answer, want);
}

#define WANTS(b, want, ...) \
	wants((b), (want), (const char *const[]){ __VA_ARGS__, NULL })

/* ---- listing ---- */

static void lists_after_enough(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 3 window_s = 3600");
	see(&b);
	see(&b);
	wait_for(&b, 2);
	WANTS(&b, "0", "EXISTS", "rp:block:192.0.2.7");
	WANTS(&b, "2", "ZCARD", "rp:evidence:192.0.2.7");
	see(&b);
	assert_int_equal(wait_for(&b, 3).listed, 1);
	WANTS(&b, "3 messages scored 15 or more within 1 h", "HGET",
		"rp:block:192.0.2.7", "reason");
	WANTS(&b, "self", "HGET", "rp:block:192.0.2.7", "class");
	WANTS(&b, "1", "HGET", "rp:block:192.0.2.7", "level");
	WANTS(&b, "auto", "HGET", "rp:block:192.0.2.7", "origin");
	WANTS(&b, b.ref, "HGET", "rp:block:192.0.2.7", "ref");
	WANTS(&b, "0", "EXISTS", "rp:evidence:192.0.2.7");
	/* What goes on moves the evidence, and makes no second listing. */
	for (int i = 0; i < 3; i++)
		see(&b);
	assert_int_equal(wait_for(&b, 6).listed, 1);
	WANTS(&b, "1", "HGET", "rp:block:192.0.2.7", "level");
	end(&b);
}

static void lists_one_network(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 2");
	see_from(&b, "2001:db8:5:6::1");
	see_from(&b, "2001:db8:5:6:ffff::2");
	assert_int_equal(wait_for(&b, 2).listed, 1);
	WANTS(&b, "1", "EXISTS", "rp:block:2001:db8:5:6::/64");
	see_from(&b, "192.0.2.8");
	see_from(&b, "192.0.2.9");
	assert_int_equal(wait_for(&b, 4).listed, 1);
	end(&b);
}

static void only_tells_when_off(void **state)
{
	struct bench b;
	struct autolist_counts n;

	(void)state;
	begin(&b, "messages = 2");
	REDIS_DO(b.server, "HSET", "rp:parole:192.0.2.7", "until_ms",
		"9999999999999", "level", "1");
	see(&b);
	see(&b);
	n = wait_for(&b, 2);
	assert_int_equal(n.would, 1);
	assert_int_equal(n.listed + n.struck, 0);
	WANTS(&b, "0", "EXISTS", "rp:block:192.0.2.7");
	end(&b);
}

static void ends_its_window(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 2 window_s = 60");
	/* A minute and a bit ago, by whatever clock. */
	REDIS_DO(b.server, "ZADD", "rp:evidence:192.0.2.7", "1000", "/old");
	see(&b);
	assert_int_equal(wait_for(&b, 1).listed, 0);
	WANTS(&b, "1", "ZCARD", "rp:evidence:192.0.2.7");
	end(&b);
}

/* ---- who is not meant ---- */

static void spares(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 1");
	b.verdict.score = 14.9;
	see(&b);
	b.verdict.score = 16;
	b.verdict.is_trusted = true;
	see(&b);
	b.verdict.is_trusted = false;
	b.verdict.is_exempt = true;
	see(&b);
	b.verdict.is_exempt = false;
	b.record.verdict = NULL;
	see(&b);
	b.record.verdict = &b.verdict;
	b.record.stage = "rcpt";
	see(&b);
	b.record.stage = "eom";
	see_from(&b, "198.51.100.9");
	see_from(&b, "10.0.0.1");
	see_from(&b, "127.0.0.1");
	b.conn.kind = CONN_LOCAL;
	see(&b);
	b.conn.kind = CONN_REMOTE;
	see_from(&b, "192.0.2.99");
	assert_int_equal(wait_for(&b, 1).listed, 1);
	WANTS(&b, "1", "EXISTS", "rp:block:192.0.2.99");
	end(&b);
}

static void spares_allowed(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 1");
	REDIS_DO(b.server, "SET", "rp:allow:192.0.2.7", "a friend");
	see(&b);
	assert_int_equal(wait_for(&b, 1).listed, 0);
	WANTS(&b, "0", "EXISTS", "rp:block:192.0.2.7");
	end(&b);
}

static void counts_traps(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 2");
	b.record.stage = "rcpt";
	b.record.ref = "";
	b.verdict.score = 0;
	b.envelope.rcpt.local = slice_of("TRAP");
	snprintf(b.envelope.rcpt_domain, sizeof(b.envelope.rcpt_domain),
		"example.net");
	/* A bounce: it was another one who forged the trap. */
	b.envelope.sender.is_null = true;
	see(&b);
	b.envelope.sender.is_null = false;
	see(&b);
	/* The same once more, in the same session. */
	see(&b);
	assert_int_equal(wait_for(&b, 2).listed, 0);
	snprintf(b.conn.id, sizeof(b.conn.id), "another");
	see(&b);
	assert_int_equal(wait_for(&b, 3).listed, 1);
	WANTS(&b,
		"2 messages scored 15 or more, or went to an address that "
		"nobody was given, within 24 h",
		"HGET", "rp:block:192.0.2.7", "reason");
	end(&b);
}

/* ---- parole ---- */

static void on_parole(struct bench *b)
{
	REDIS_DO(b->server, "HSET", "rp:parole:192.0.2.7", "until_ms",
		"9999999999999", "level", "1");
}

static void strikes_on_parole(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 100");
	on_parole(&b);
	for (unsigned i = 0; i < b.conf->delist.parole_marks; i++)
		see(&b);
	assert_int_equal(wait_for(&b, b.conf->delist.parole_marks).struck, 1);
	WANTS(&b, "a message scored 16.0 while on parole", "HGET",
		"rp:block:192.0.2.7", "reason");
	WANTS(&b, "2", "HGET", "rp:block:192.0.2.7", "level");
	end(&b);
}

/* Greylisting and limits put off what may be honest. */
static void does_not_mark_delays(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 100");
	on_parole(&b);
	b.verdict.score = 0;
	b.verdict.would_be = ACTION_TEMPFAIL;
	see(&b);
	b.verdict.score = 16;
	see(&b);
	wait_for(&b, 1);
	WANTS(&b, "1", "HGET", "rp:parole:192.0.2.7", "marks");
	end(&b);
}

/* ---- Redis ---- */

static void waits_for_redis(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 1");
	redis_server_kill(b.server);
	see(&b);
	assert_true(redis_server_restart(b.server));
	assert_int_equal(wait_for(&b, 1).listed, 1);
	WANTS(&b, "1", "EXISTS", "rp:block:192.0.2.7");
	end(&b);
}

static void drops_what_is_too_much(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, "enabled = yes messages = 100000");
	redis_server_freeze(b.server);
	for (int i = 0; i < 5000; i++)
		see(&b);
	assert_true(counts_of(&b).dropped >= 5000 - 1025);
	assert_true(counts_of(&b).waiting <= 1024);
	redis_server_thaw(b.server);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("enough bad messages list their sender, once",
			lists_after_enough, NULL),
		CASE("an IPv6 /64 is one sender, two IPv4 addresses are two",
			lists_one_network, NULL),
		CASE("switched off it tells what it would do",
			only_tells_when_off, NULL),
		CASE("what is older than the window does not count",
			ends_its_window, NULL),
		CASE("good mail, trusted, local and own addresses are spared",
			spares, NULL),
		CASE("an exception holds", spares_allowed, NULL),
		CASE("a trap counts whatever the sum, once a session",
			counts_traps, NULL),
		CASE("parole ends with the marks", strikes_on_parole, NULL),
		CASE("what is put off is no mark", does_not_mark_delays, NULL),
		CASE("evidence waits until Redis is back", waits_for_redis,
			NULL),
		CASE("more than the queue holds is dropped and counted",
			drops_what_is_too_much, NULL),
	};

	return cmocka_run_group_tests_name("judge/autolist", cases, NULL, NULL);
}
