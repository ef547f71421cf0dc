/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/standing.h"

#include "support/case.h"
#include "unit/store/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)
#define HIST "rp:hist:192.0.2.7"
#define PAROLE "rp:parole:192.0.2.7"
#define BLOCK "rp:block:192.0.2.7"
#define ALLOW "rp:allow:192.0.2.7"
#define DUE "rp:delist:exceptions"

struct bench {
	struct desk desk;
	struct cidr net;
	struct standing is; /* as last read */
};

static void begin(struct bench *b, const char *delist)
{
	memset(b, 0, sizeof(*b));
	desk_make(&b->desk, delist);
	assert_int_equal(cidr_parse(&b->net, slice_of("192.0.2.7")), RES_OK);
}

static void end(struct bench *b)
{
	desk_remove(&b->desk);
}

static void look(struct bench *b)
{
	desk_result(standing_read(b->desk.redis, b->desk.conf, &b->net,
			    b->desk.now_ms, &b->is),
		RES_OK);
}

static void wants_state(struct bench *b, enum standing_state want)
{
	look(b);
	assert_string_equal(
		standing_state_name(b->is.state), standing_state_name(want));
}

static struct standing_evidence evidence(bool is_trap)
{
	const struct standing_evidence e = { .reason = slice_of("spam run"),
		.code = slice_of("BLOCKED_SELF"),
		.origin = slice_of("auto"),
		.ref = slice_of(""),
		.who = slice_of("mx1"),
		.is_trap = is_trap };

	return e;
}

static void list(struct bench *b)
{
	struct standing_evidence e = evidence(false);

	desk_result(standing_list(b->desk.redis, b->desk.conf, &b->net,
			    b->desk.now_ms, &e, &b->is),
		RES_OK);
}

static bool mark(struct bench *b, bool is_trap)
{
	struct standing_evidence e = evidence(is_trap);
	bool listed = !is_trap;

	desk_result(standing_mark(b->desk.redis, b->desk.conf, &b->net,
			    b->desk.now_ms, &e, &listed),
		RES_OK);
	return listed;
}

static enum result lock(struct bench *b, bool is_on)
{
	return standing_lock(b->desk.redis, b->desk.conf, &b->net,
		b->desk.now_ms, is_on, slice_of("ann@mx1"), slice_of("botnet"));
}

/* As a removal that was granted leaves it (store/delist). */
static void release(struct bench *b, const char *level)
{
	char now[24], until[24], got[DESK_TEXT_MAX];

	(void)snprintf(now, sizeof(now), "%lld", (long long)b->desk.now_ms);
	(void)snprintf(until, sizeof(until), "%lld",
		(long long)(b->desk.now_ms + 7 * DAY_MS));
	DESK_ASK(&b->desk, got, "DEL", BLOCK);
	DESK_ASK(&b->desk, got, "HSET", PAROLE, "since_ms", now, "until_ms",
		until, "level", level, "marks", "0");
	DESK_ASK(&b->desk, got, "HSET", HIST, "delisted_ms", now);
}

static void nothing_is_known(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL);
	wants_state(&b, STANDING_NONE);
	assert_int_equal(b.is.level, 0);
	assert_int_equal(b.is.listed_ms, 0);
	assert_int_equal(b.is.log_count, 0);
	assert_int_equal(b.is.removal_free_ms, 0);
	end(&b);
}

static void lists_with_a_reason(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	list(&b);
	assert_string_equal(standing_state_name(b.is.state), "listed");
	assert_int_equal(b.is.level, 1);
	assert_int_equal(b.is.listed_ms, b.desk.now_ms);
	assert_int_equal(b.is.evidence_ms, b.desk.now_ms);
	DESK_WANTS(&b.desk,
		"spam run BLOCKED_SELF auto mx1 self 1 "
		"2027-01-15T08:00:00Z ",
		"HMGET", BLOCK, "reason", "code", "origin", "by", "class",
		"level", "since", "ref");
	DESK_WANTS(&b.desk, "86400", "TTL", BLOCK);
	DESK_WANTS(&b.desk, "1", "XLEN", "rp:audit");
	assert_non_null(strstr(DESK_ASK(&b.desk, got, "EVAL",
				       "local e = redis.call('XRANGE', "
				       "'rp:audit', '-', '+')[1][2] "
				       "return table.concat(e, '|')",
				       "0"),
		"who|mx1|what|list|key|" BLOCK "|before||after|{"));
	assert_int_equal(b.is.log_count, 1);
	assert_string_equal(b.is.log[0].what, "listed");
	assert_int_equal(b.is.log[0].at_ms, b.desk.now_ms);
	assert_int_equal(b.is.log[0].level, 1);
	end(&b);
}

static void lists_once(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL);
	list(&b);
	b.desk.now_ms += HOUR_MS;
	list(&b);
	assert_int_equal(b.is.level, 1);
	assert_int_equal(b.is.evidence_ms, b.desk.now_ms);
	assert_int_equal(b.is.listed_ms, b.desk.now_ms - HOUR_MS);
	DESK_WANTS(&b.desk, "1", "XLEN", "rp:audit");
	DESK_WANTS(&b.desk, "1", "HGET", HIST, "listings");
	end(&b);
}

/* The life of each further listing, class and all. */
static void doubles_the_life(void **state)
{
	static const char *const want[] = { "86400 self", "172800 self",
		"345600 self", "691200 review", "1382400 review",
		"2592000 review", "2592000 review" };
	struct bench b;
	char ttl[DESK_TEXT_MAX], class[DESK_TEXT_MAX], both[1200];

	(void)state;
	begin(&b, NULL);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		list(&b);
		assert_int_equal(b.is.level, i + 1);
		(void)snprintf(both, sizeof(both), "%s %s",
			DESK_ASK(&b.desk, ttl, "TTL", BLOCK),
			DESK_ASK(&b.desk, class, "HGET", BLOCK, "class"));
		assert_string_equal(both, want[i]);
		DESK_ASK(&b.desk, ttl, "DEL", BLOCK); /* its life is over */
		wants_state(&b, STANDING_NONE);
		b.desk.now_ms += DAY_MS;
	}
	end(&b);
}

static void forgives_with_time(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	DESK_ASK(&b.desk, got, "HSET", HIST, "level", "3", "clean_ms",
		"1800000000000", "listings", "3");
	b.desk.now_ms += 30 * DAY_MS - 1;
	look(&b);
	assert_int_equal(b.is.level, 3);
	b.desk.now_ms += 1;
	look(&b);
	assert_int_equal(b.is.level, 2);
	b.desk.now_ms += 30 * DAY_MS;
	look(&b);
	assert_int_equal(b.is.level, 1);
	/* A mark begins the clean time anew, and gives back no level. */
	assert_false(mark(&b, false));
	look(&b);
	assert_int_equal(b.is.level, 1);
	assert_int_equal(b.is.clean_ms, b.desk.now_ms);
	b.desk.now_ms += 29 * DAY_MS;
	look(&b);
	assert_int_equal(b.is.level, 1);
	b.desk.now_ms += 365 * DAY_MS;
	look(&b);
	assert_int_equal(b.is.level, 0);
	list(&b);
	assert_int_equal(b.is.level, 1);
	end(&b);
}

static void ends_parole_at_a_trap(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	list(&b);
	release(&b, "1");
	wants_state(&b, STANDING_PAROLE);
	assert_int_equal(b.is.parole_since_ms, b.desk.now_ms);
	assert_int_equal(b.is.parole_until_ms, b.desk.now_ms + 7 * DAY_MS);
	b.desk.now_ms += HOUR_MS;
	assert_true(mark(&b, true));
	wants_state(&b, STANDING_LISTED);
	assert_int_equal(b.is.level, 2);
	assert_string_equal(b.is.log[0].what, "struck");
	assert_string_equal(DESK_ASK(&b.desk, got, "EXISTS", PAROLE), "0");
	DESK_WANTS(&b.desk, "172800", "TTL", BLOCK);
	end(&b);
}

static void ends_parole_at_the_fifth_mark(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL);
	list(&b);
	release(&b, "1");
	for (unsigned i = 1; i <= 4; i++) {
		b.desk.now_ms += HOUR_MS;
		assert_false(mark(&b, false));
		wants_state(&b, STANDING_PAROLE);
		assert_int_equal(b.is.parole_marks, i);
	}
	assert_true(mark(&b, false));
	wants_state(&b, STANDING_LISTED);
	assert_int_equal(b.is.level, 2);
	end(&b);
}

static void lets_parole_pass(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL);
	list(&b);
	release(&b, "1");
	b.desk.now_ms += 7 * DAY_MS;
	wants_state(&b, STANDING_NONE);
	assert_int_equal(b.is.level, 1);
	assert_int_equal(b.is.parole_until_ms, 0);
	/* The trap alone lists nobody who is not on parole. */
	assert_false(mark(&b, true));
	wants_state(&b, STANDING_NONE);
	assert_int_equal(b.is.evidence_ms, b.desk.now_ms);
	end(&b);
}

static void strikes_harder_on_parole(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL);
	list(&b);
	release(&b, "2");
	list(&b);
	assert_string_equal(standing_state_name(b.is.state), "listed");
	assert_int_equal(b.is.level, 3);
	assert_string_equal(b.is.log[0].what, "struck");
	end(&b);
}

static void remembers_a_mark_briefly(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	assert_false(mark(&b, false));
	DESK_WANTS(&b.desk, "604800", "TTL", HIST);
	list(&b);
	assert_false(mark(&b, false));
	DESK_ASK(&b.desk, got, "TTL", HIST);
	assert_int_equal(strtoul(got, NULL, 10), STANDING_KEEP_S);
	end(&b);
}

static void spares_the_allowed(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	DESK_ASK(&b.desk, got, "SET", ALLOW, "partner");
	wants_state(&b, STANDING_ALLOWED);
	list(&b);
	assert_string_equal(standing_state_name(b.is.state), "allowed");
	DESK_WANTS(&b.desk, "0", "EXISTS", BLOCK);
	DESK_ASK(&b.desk, got, "DEL", ALLOW);
	DESK_ASK(&b.desk, got, "HSET", ALLOW, "origin", "delist", "ptr",
		"mail.example.org");
	wants_state(&b, STANDING_EXCEPTED);
	list(&b);
	DESK_WANTS(&b.desk, "0", "EXISTS", BLOCK);
	end(&b);
}

static void leaves_an_admins_entry(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	DESK_ASK(&b.desk, got, "HSET", BLOCK, "reason", "trial", "shadow",
		" Yes ");
	wants_state(&b, STANDING_NONE);
	list(&b);
	DESK_WANTS(&b.desk, "trial ", "HMGET", BLOCK, "reason", "level");
	/* Neither does parole write into it. */
	release(&b, "1");
	DESK_ASK(&b.desk, got, "HSET", BLOCK, "shadow", "yes");
	assert_false(mark(&b, true));
	DESK_WANTS(&b.desk, "1", "HLEN", BLOCK);
	end(&b);
}

static void locks(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL);
	desk_result(lock(&b, true), RES_MISSING);
	list(&b);
	desk_result(lock(&b, true), RES_OK);
	wants_state(&b, STANDING_LOCKED);
	assert_string_equal(b.is.log[0].what, "locked");
	/* Again is no change, and none is recorded. */
	desk_result(lock(&b, true), RES_OK);
	DESK_WANTS(&b.desk, "2", "XLEN", "rp:audit");
	DESK_WANTS(&b.desk, "86400", "TTL", BLOCK);
	desk_result(lock(&b, false), RES_OK);
	wants_state(&b, STANDING_LISTED);
	assert_string_equal(b.is.log[0].what, "unlocked");
	DESK_WANTS(&b.desk, "3", "XLEN", "rp:audit");
	end(&b);
}

static void locks_what_was_typed(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	DESK_ASK(&b.desk, got, "SET", BLOCK, "spam run", "EX", "5000");
	desk_result(lock(&b, true), RES_OK);
	wants_state(&b, STANDING_LOCKED);
	DESK_WANTS(&b.desk, "spam run", "HGET", BLOCK, "reason");
	DESK_ASK(&b.desk, got, "TTL", BLOCK);
	assert_in_range(strtoul(got, NULL, 10), 4900, 5000);
	DESK_ASK(&b.desk, got, "DEL", BLOCK);
	DESK_ASK(&b.desk, got, "SADD", BLOCK, "x");
	desk_result(lock(&b, true), RES_TYPE);
	end(&b);
}

static void forgets(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	list(&b);
	release(&b, "1");
	DESK_ASK(&b.desk, got, "ZADD", HIST ":done", "1800000000000", "a");
	list(&b);
	desk_result(standing_forget(b.desk.redis, b.desk.conf, &b.net,
			    b.desk.now_ms, slice_of("ann@mx1"),
			    slice_of("new owner")),
		RES_OK);
	wants_state(&b, STANDING_LISTED);
	assert_int_equal(b.is.level, 0);
	assert_int_equal(b.is.log_count, 0);
	assert_int_equal(b.is.removals, 0);
	desk_result(
		standing_forget(b.desk.redis, b.desk.conf, &b.net,
			b.desk.now_ms, slice_of("ann@mx1"), slice_of("again")),
		RES_MISSING);
	DESK_WANTS(&b.desk, "3", "XLEN", "rp:audit");
	end(&b);
}

static void counts_removals(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	DESK_ASK(&b.desk, got, "ZADD", HIST ":done", "1800000000000", "a",
		"1800000001000", "b");
	b.desk.now_ms += DAY_MS;
	look(&b);
	assert_int_equal(b.is.removals, 2);
	assert_int_equal(b.is.removal_free_ms, 0);
	DESK_ASK(&b.desk, got, "ZADD", HIST ":done", "1800000002000", "c");
	look(&b);
	assert_int_equal(b.is.removals, 3);
	assert_int_equal(
		b.is.removal_free_ms, INT64_C(1800000000000) + 90 * DAY_MS);
	b.desk.now_ms = b.is.removal_free_ms;
	look(&b);
	assert_int_equal(b.is.removals, 2);
	assert_int_equal(b.is.removal_free_ms, 0);
	end(&b);
}

static void keeps_twenty_lines(void **state)
{
	struct bench b;
	char got[DESK_TEXT_MAX];

	(void)state;
	begin(&b, NULL);
	for (unsigned i = 0; i < 25; i++) {
		list(&b);
		DESK_ASK(&b.desk, got, "DEL", BLOCK);
		b.desk.now_ms += HOUR_MS;
	}
	DESK_WANTS(&b.desk, "20", "LLEN", HIST ":log");
	look(&b);
	assert_int_equal(b.is.log_count, STANDING_LOG_MAX);
	assert_int_equal(b.is.log[0].level, 25);
	/* What is no line of ours is passed over. */
	DESK_ASK(&b.desk, got, "LPUSH", HIST ":log", "x", "1 2",
		"1 a-word-that-is-too-long 1", "99 allowed 1");
	look(&b);
	assert_string_equal(b.is.log[0].what, "allowed");
	assert_string_equal(b.is.log[1].what, "listed");
	end(&b);
}

static void lists_a_whole_ipv6_client(void **state)
{
	struct bench b;
	struct ipaddr ip;

	(void)state;
	begin(&b, NULL);
	assert_int_equal(
		ipaddr_parse(&ip, slice_of("2001:db8:0:1::7")), RES_OK);
	b.net = cidr_of_client(&ip);
	list(&b);
	DESK_WANTS(&b.desk, "spam run", "HGET", "rp:block:2001:db8:0:1::/64",
		"reason");
	wants_state(&b, STANDING_LISTED);
	end(&b);
}

static void except(struct bench *b, const char *net, const char *score)
{
	char key[128], got[DESK_TEXT_MAX];

	(void)snprintf(key, sizeof(key), "rp:allow:%s", net);
	DESK_ASK(&b->desk, got, "HSET", key, "origin", "delist", "ptr",
		"mail.example.org");
	DESK_ASK(&b->desk, got, "ZADD", DUE, score, net);
}

static enum result next(struct bench *b, struct standing_exception *x)
{
	return standing_exception_due(
		b->desk.redis, b->desk.conf, b->desk.now_ms, x);
}

static void looks_at_each_exception_once(void **state)
{
	struct standing_exception x;
	char got[DESK_TEXT_MAX], text[CIDR_TEXT_MAX];
	struct bench b;

	(void)state;
	begin(&b, NULL);
	desk_result(next(&b, &x), RES_MISSING);
	except(&b, "192.0.2.7", "1800000000000");
	except(&b, "192.0.2.8", "1800000000001");
	/* One that an admin has taken over, one that is gone. */
	DESK_ASK(&b.desk, got, "SET", "rp:allow:192.0.2.9", "partner");
	DESK_ASK(
		&b.desk, got, "ZADD", DUE, "1", "192.0.2.9", "2", "192.0.2.10");
	desk_result(next(&b, &x), RES_OK);
	assert_string_equal(cidr_format(&x.net, text), "192.0.2.7");
	assert_string_equal(x.ptr, "mail.example.org");
	/* Another portal gets nothing: that one is claimed, the other's time
	 * has not come. */
	desk_result(next(&b, &x), RES_MISSING);
	DESK_WANTS(&b.desk, "2", "ZCARD", DUE);
	b.desk.now_ms += 1;
	desk_result(next(&b, &x), RES_OK);
	assert_string_equal(cidr_format(&x.net, text), "192.0.2.8");
	b.desk.now_ms += DAY_MS;
	desk_result(next(&b, &x), RES_OK);
	assert_string_equal(cidr_format(&x.net, text), "192.0.2.7");
	end(&b);
}

static void finish(struct bench *b, const struct standing_exception *x)
{
	desk_result(standing_exception_end(b->desk.redis, b->desk.conf, x,
			    b->desk.now_ms, slice_of("the name changed")),
		RES_OK);
}

static void ends_its_own_exception(void **state)
{
	struct standing_exception x;
	char got[DESK_TEXT_MAX];
	struct bench b;

	(void)state;
	begin(&b, NULL);
	except(&b, "192.0.2.7", "1");
	desk_result(next(&b, &x), RES_OK);
	finish(&b, &x);
	wants_state(&b, STANDING_NONE);
	assert_string_equal(b.is.log[0].what, "exception-over");
	DESK_WANTS(&b.desk, "0", "EXISTS", ALLOW);
	DESK_WANTS(&b.desk, "0", "ZCARD", DUE);
	DESK_WANTS(&b.desk, "1", "XLEN", "rp:audit");
	/* Granted anew for another name meanwhile. */
	except(&b, "192.0.2.7", "1");
	DESK_ASK(&b.desk, got, "HSET", ALLOW, "ptr", "new.example.org");
	finish(&b, &x);
	wants_state(&b, STANDING_EXCEPTED);
	DESK_WANTS(&b.desk, "1", "ZCARD", DUE);
	/* Taken over by an admin. */
	DESK_ASK(&b.desk, got, "HSET", ALLOW, "origin", "admin", "ptr",
		"mail.example.org");
	finish(&b, &x);
	wants_state(&b, STANDING_ALLOWED);
	DESK_WANTS(&b.desk, "0", "ZCARD", DUE);
	DESK_WANTS(&b.desk, "1", "XLEN", "rp:audit");
	end(&b);
}

static void tells_that_it_could_not_ask(void **state)
{
	struct bench b;
	struct standing s;

	(void)state;
	begin(&b, NULL);
	desk_redial(&b.desk, 100);
	redis_server_freeze(b.desk.server);
	assert_int_not_equal(standing_read(b.desk.redis, b.desk.conf, &b.net,
				     b.desk.now_ms, &s),
		RES_OK);
	assert_string_equal(standing_state_name(s.state), "unknown");
	redis_server_thaw(b.desk.server);
	end(&b);
}

/* More than go in one pipeline; an error among them costs no later answer. */
static void knows_of_whom_there_is_something(void **state)
{
	struct bench b;
	struct cidr net[200];
	bool known[200];

	(void)state;
	begin(&b, NULL);
	for (unsigned i = 0; i < 200; i++) {
		net[i] = b.net;
		net[i].net.octet[15] = (uint8_t)i;
	}
	REDIS_DO(b.desk.server, "HSET", "rp:hist:192.0.2.3", "level", "1");
	REDIS_DO(
		b.desk.server, "HSET", "rp:parole:192.0.2.64", "until_ms", "1");
	REDIS_DO(b.desk.server, "SET", "rp:block:192.0.2.199", "spam run");
	REDIS_DO(b.desk.server, "SET", "rp:block:192.0.2.0/24", "spam run");
	assert_int_equal(
		standing_known(b.desk.redis, b.desk.conf, net, 200, known),
		RES_OK);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(known[i], i == 3 || i == 64 || i == 199);
	look(&b);
	desk_redial(&b.desk, 100);
	redis_server_freeze(b.desk.server);
	assert_int_not_equal(
		standing_known(b.desk.redis, b.desk.conf, net, 200, known),
		RES_OK);
	redis_server_thaw(b.desk.server);
	end(&b);
}

/* What a person wrote into the history must not make a listing for ever. */
static void ends_all_listings(void **state)
{
	const char *level = *state;
	char life[DESK_TEXT_MAX];
	struct bench b;

	begin(&b, NULL);
	DESK_WANTS(&b.desk, "1", "HSET", HIST, "level", level);
	list(&b);
	DESK_ASK(&b.desk, life, "TTL", BLOCK);
	assert_true(strtol(life, NULL, 10) > 0);
	wants_state(&b, STANDING_LISTED);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("nothing is held against a stranger", nothing_is_known,
			NULL),
		CASE("a listing has reason, level, life and audit",
			lists_with_a_reason, NULL),
		CASE("who is listed is not listed twice", lists_once, NULL),
		CASE("each time doubles the life, up to a month",
			doubles_the_life, NULL),
		CASE("a level goes with each clean month", forgives_with_time,
			NULL),
		CASE("one trap ends a parole", ends_parole_at_a_trap, NULL),
		CASE("so do five bad marks", ends_parole_at_the_fifth_mark,
			NULL),
		CASE("a clean week ends it, too", lets_parole_pass, NULL),
		CASE("a listing on parole goes one level up",
			strikes_harder_on_parole, NULL),
		CASE("one bad mark is not kept for a year",
			remembers_a_mark_briefly, NULL),
		CASE("the allowed are never listed", spares_the_allowed, NULL),
		CASE("an admin's entry in shadow stays as it is",
			leaves_an_admins_entry, NULL),
		CASE("a lock keeps self-service away", locks, NULL),
		CASE("an entry made by redis-cli can be locked",
			locks_what_was_typed, NULL),
		CASE("what is forgotten is gone, the listing stays", forgets,
			NULL),
		CASE("a level that is no number ends a listing all the same",
			ends_all_listings, "nan"),
		CASE("so does one beyond all numbers", ends_all_listings,
			"1e300"),
		CASE("of many networks it knows those with something to tell",
			knows_of_whom_there_is_something, NULL),
		CASE("removals count for ninety days", counts_removals, NULL),
		CASE("the history has twenty lines", keeps_twenty_lines, NULL),
		CASE("an IPv6 client is its /64", lists_a_whole_ipv6_client,
			NULL),
		CASE("an exception is looked at by one portal a day",
			looks_at_each_exception_once, NULL),
		CASE("an exception ends with its name, if it is ours",
			ends_its_own_exception, NULL),
		CASE("no answer is no clean record",
			tells_that_it_could_not_ask, NULL),
	};

	return cmocka_run_group_tests_name("store/standing", cases, NULL, NULL);
}
