/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "store/prefixes.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An edit as an admin types it, and what a reader must see then. */
struct edit {
	const char *const *argv;
	const char *ip;
	bool listed;
};

#define WORDS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static const struct edit edits[] = {
	{ WORDS("SET", "rp:block:192.0.2.7", "spam run"), "192.0.2.7", true },
	{ WORDS("DEL", "rp:block:192.0.2.7"), "192.0.2.7", false },
	{ WORDS("HSET", "rp:block:198.51.100.0/24", "reason", "x"),
		"198.51.100.9", true },
	{ WORDS("HDEL", "rp:block:198.51.100.0/24", "reason"), "198.51.100.9",
		false },
	{ WORDS("SET", "rp:block:2001:DB8:0::/48", "x"), "2001:db8::1", true },
	{ WORDS("RENAME", "rp:block:2001:DB8:0::/48", "rp:block:2001:db8:1::1"),
		"2001:db8::1", false },
	{ WORDS("EXISTS", "rp:block:2001:db8:1::1"), "2001:db8:1::1", true },
	{ WORDS("RENAME", "rp:block:2001:db8:1::1", "other"), "2001:db8:1::1",
		false },
	{ WORDS("RENAME", "other", "rp:allow:2001:db8:2::/64"), "2001:db8:2::9",
		true },
	{ WORDS("SET", "rp:block:192.0.2.8", "x", "PX", "60"), "192.0.2.8",
		false },
	{ WORDS("SET", "rp:block:::ffff:192.0.2.9", "x"), "192.0.2.9", true },
	{ WORDS("SET", "rp:block:192.0.2.9/32", "x"), "192.0.2.9", true },
	{ WORDS("DEL", "rp:block:::ffff:192.0.2.9"), "192.0.2.9", true },
	{ WORDS("DEL", "rp:block:192.0.2.9/32"), "192.0.2.9", false },
	{ WORDS("EVAL",
		  "redis.call('SET','rp:block:192.0.2.10','a') "
		  "redis.call('SET','rp:block:192.0.2.11','b') return 1",
		  "0"),
		"192.0.2.11", true },
	{ WORDS("UNLINK", "rp:block:192.0.2.10", "rp:block:192.0.2.11"),
		"192.0.2.10", false },
};

static void sees_edits(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		assert_true(redis_server_do(r.server, edits[i].argv, NULL, 0));
		rig_wants(r.mirror, edits[i].ip, edits[i].listed);
	}
	rig_remove(&r);
}

static void keeps_version(void **state)
{
	struct rig r;
	uint64_t before;

	(void)state;
	rig_go(&r, NULL);
	before = rig_status(r.mirror).version;
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	rig_wants(r.mirror, "192.0.2.1", true);
	assert_true(rig_status(r.mirror).version > before);
	assert_true(rig_status(r.mirror).pushes > 0);
	rig_remove(&r);
}

static void wants_ignored(struct mirror *m, size_t want)
{
	for (int64_t end = rig_end();
		rig_status(m).ignored != want && rig_goes_on(end);)
		;
	assert_int_equal(rig_status(m).ignored, want);
}

/* 200 names of nonsense and one good one, before and after the start. */
static void survives_junk(void **state)
{
	static const char *const junk[] = { "1.2.3.4/99", "::ffff:1.2.3.4/24",
		"text", "1.2.3", "1.2.3.4.5", "01.2.3.4", "", "/", "::1/129",
		"fe80::1%eth0" };
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	for (size_t i = 0; i < 200; i++) {
		char key[128];

		if (i < sizeof(junk) / sizeof(junk[0]))
			(void)snprintf(
				key, sizeof(key), "rp:block:%s", junk[i]);
		else
			(void)snprintf(key, sizeof(key), "rp:block:junk%zu", i);
		assert_true(REDIS_DO(r.server, "SET", key, "x"));
		if (i == 100) {
			assert_true(REDIS_DO(
				r.server, "SET", "rp:block:192.0.2.1", "good"));
			assert_int_equal(mirror_start(r.mirror), RES_OK);
		}
	}
	rig_wants(r.mirror, "192.0.2.1", true);
	for (int64_t end = rig_end();
		rig_status(r.mirror).ignored != 200 && rig_goes_on(end);)
		;
	assert_int_equal(rig_status(r.mirror).ignored, 200);
	assert_int_equal(rig_status(r.mirror).entries, 1);
	assert_true(REDIS_DO(r.server, "DEL", "rp:block:junk77"));
	for (int64_t end = rig_end();
		rig_status(r.mirror).ignored != 199 && rig_goes_on(end);)
		;
	assert_int_equal(rig_status(r.mirror).ignored, 199);
	rig_remove(&r);
}

/* Each is read while it is there at the start, and pushed once more. */
struct wrong {
	const char *const *argv;
	bool listed;
};

static const struct wrong wrongs[] = {
	{ WORDS("LPUSH", "rp:block:192.0.2.1", "x"), false },
	{ WORDS("SADD", "rp:block:192.0.2.1", "x"), false },
	{ WORDS("XADD", "rp:block:192.0.2.1", "*", "a", "b"), false },
	{ WORDS("ZADD", "rp:block:192.0.2.1", "1", "x"), false },
	{ WORDS("SETRANGE", "rp:block:192.0.2.1", "104857600", "x"), false },
	{ WORDS("SET", "rp:block:192.0.2.1", ""), true },
	{ WORDS("HSET", "rp:block:192.0.2.1", "a\377b", "c"), true },
};

static void sorts_types(void **state)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct rig r;

		(void)state;
		rig_make(&r, NULL);
		assert_true(redis_server_do(r.server, wrongs[i].argv, NULL, 0));
		assert_int_equal(mirror_start(r.mirror), RES_OK);
		assert_int_equal(
			mirror_wait_live(r.mirror, RIG_WAIT_MS), RES_OK);
		rig_wants_flags(r.mirror);
		rig_wants(r.mirror, "192.0.2.1", wrongs[i].listed);
		wants_ignored(r.mirror, !wrongs[i].listed);
		assert_true(REDIS_DO(r.server, "DEL", "rp:block:192.0.2.1"));
		rig_wants_entries(r.mirror, 0);
		assert_true(redis_server_do(r.server, wrongs[i].argv, NULL, 0));
		rig_wants_entries(r.mirror, 1);
		rig_wants_flags(r.mirror);
		rig_wants(r.mirror, "192.0.2.1", wrongs[i].listed);
		rig_remove(&r);
	}
}

static unsigned flags_of(struct mirror *m, const char *text)
{
	struct prefix_hit hit[PREFIX_HITS_MAX];
	struct ipaddr ip;
	uint64_t version;
	size_t count = 0;

	assert_int_equal(ipaddr_parse(&ip, slice_of(text)), RES_OK);
	assert_int_equal(
		mirror_match(m, &ip, slice_of(""), hit, &count, &version),
		RES_OK);
	return count > 0 ? hit[0].flags : 0;
}

static void reads_flags(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	assert_true(REDIS_DO(
		r.server, "HSET", "rp:block:192.0.2.1", "shadow", "yes"));
	assert_true(REDIS_DO(
		r.server, "HSET", "rp:block:192.0.2.2", "shadow", "no"));
	assert_true(REDIS_DO(
		r.server, "HSET", "rp:block:0.0.0.0/1", "force", "yes"));
	assert_true(REDIS_DO(r.server, "SET", "rp:block:128.0.0.0/1", "oops"));
	assert_true(REDIS_DO(r.server, "HSET", "rp:block:192.0.2.3", "shadow",
		"yes and a lot more than a flag may hold"));
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	assert_int_equal(mirror_wait_live(r.mirror, RIG_WAIT_MS), RES_OK);
	rig_wants_flags(r.mirror);
	assert_int_equal(flags_of(r.mirror, "192.0.2.1") &
			(PREFIX_KNOWN | PREFIX_SHADOW),
		PREFIX_KNOWN | PREFIX_SHADOW);
	assert_int_equal(flags_of(r.mirror, "192.0.2.2") &
			(PREFIX_KNOWN | PREFIX_SHADOW),
		PREFIX_KNOWN);
	assert_int_equal(flags_of(r.mirror, "192.0.2.3") &
			(PREFIX_KNOWN | PREFIX_SHADOW),
		PREFIX_KNOWN);
	assert_true(rig_is_listed(r.mirror, "10.9.8.7"));
	assert_false(rig_is_listed(r.mirror, "200.9.8.7"));
	assert_true(REDIS_DO(
		r.server, "HSET", "rp:block:192.0.2.2", "shadow", "YES"));
	for (int64_t end = rig_end();
		(flags_of(r.mirror, "192.0.2.2") & PREFIX_SHADOW) == 0 &&
		rig_goes_on(end);)
		;
	assert_true((flags_of(r.mirror, "192.0.2.2") & PREFIX_SHADOW) != 0);
	rig_remove(&r);
}

/* Redis deletes what expired when it comes round to it; the mirror does not
 * wait for that. */
static void honours_ttl(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	assert_true(REDIS_DO(r.server, "DEBUG", "SET-ACTIVE-EXPIRE", "0"));
	assert_true(REDIS_DO(
		r.server, "SET", "rp:block:192.0.2.1", "x", "PX", "700"));
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	rig_wants(r.mirror, "192.0.2.1", true);
	rig_wants_flags(r.mirror);
	rig_wants(r.mirror, "192.0.2.1", false);
	rig_remove(&r);
}

static void uses_own_prefix(void **state)
{
	const struct rig_text more = { .redis = "prefix = \"a.b:\"" };
	struct rig r;

	(void)state;
	rig_make(&r, &more);
	assert_true(REDIS_DO(r.server, "SET", "a.b:block:192.0.2.1", "x"));
	assert_true(REDIS_DO(r.server, "SET", "aXb:block:192.0.2.2", "x"));
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.3", "x"));
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	rig_wants(r.mirror, "192.0.2.1", true);
	assert_true(REDIS_DO(r.server, "SET", "a.b:block:192.0.2.4", "x"));
	rig_wants(r.mirror, "192.0.2.4", true);
	assert_int_equal(rig_status(r.mirror).entries, 2);
	rig_remove(&r);
}

static void selects_database(void **state)
{
	const struct rig_text more = { .redis = "database = 3" };
	struct rig r;

	(void)state;
	rig_make(&r, &more);
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.2", "x"));
	assert_true(REDIS_DO(r.server, "MOVE", "rp:block:192.0.2.2", "3"));
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	rig_wants(r.mirror, "192.0.2.2", true);
	assert_false(rig_is_listed(r.mirror, "192.0.2.1"));
	assert_true(REDIS_DO(r.server, "MOVE", "rp:block:192.0.2.1", "3"));
	rig_wants(r.mirror, "192.0.2.1", true);
	rig_remove(&r);
}

/* The account of reprieve-redis(7), which may not ask CONFIG. */
static void logs_in(void **state)
{
	const struct rig_text more = {
		.redis = "user = \"milter\"\npassword = \"secret\"",
	};
	struct rig r;

	(void)state;
	rig_make(&r, &more);
	assert_true(
		REDIS_DO(r.server, "ACL", "SETUSER", "milter", "on", ">secret",
			"~rp:*", "&__redis__:invalidate", "+@read", "+@write",
			"+@connection", "+@transaction", "+@pubsub", "+role"));
	assert_true(REDIS_DO(
		r.server, "ACL", "SETUSER", "default", "on", "nopass"));
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	assert_int_equal(mirror_wait_live(r.mirror, RIG_WAIT_MS), RES_OK);
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	rig_wants(r.mirror, "192.0.2.1", true);
	assert_true(rig_status(r.mirror).generation[0] != '\0');
	rig_remove(&r);
}

static void tells_of_denial(void **state)
{
	const struct rig_text more = {
		.redis = "user = \"milter\"\npassword = \"wrong\"",
	};
	struct rig r;

	(void)state;
	rig_make(&r, &more);
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	for (int64_t end = rig_end();
		strstr(rig_status(r.mirror).error, "WRONGPASS") == NULL &&
		rig_goes_on(end);)
		;
	assert_non_null(strstr(rig_status(r.mirror).error, "WRONGPASS"));
	assert_string_equal(
		mirror_state_name(rig_status(r.mirror).state), "empty");
	assert_false(rig_status(r.mirror).is_usable);
	rig_remove(&r);
}

struct seen {
	atomic_uint keys;
	atomic_uint all;
};

static void note(void *ctx, struct slice key)
{
	struct seen *s = ctx;

	if (slice_is_empty(key))
		s->all++;
	else if (slice_is_equal(key, slice_of("rp:block:192.0.2.1")))
		s->keys++;
}

static void tells_of_changes(void **state)
{
	struct seen seen = { 0 };
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	mirror_on_change(r.mirror, note, &seen);
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	assert_int_equal(mirror_wait_live(r.mirror, RIG_WAIT_MS), RES_OK);
	assert_int_equal(seen.all, 1);
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	for (int64_t end = rig_end(); seen.keys < 2 && rig_goes_on(end);)
		;
	/* Once before the table changed and once after. */
	assert_int_equal(seen.keys, 2);
	rig_remove(&r);
}

static void collect(void *ctx, struct slice key)
{
	buf_add(ctx, key);
	buf_add_char(ctx, ' ');
}

static void names_keys(void **state)
{
	struct prefix_hit hit[PREFIX_HITS_MAX];
	struct ipaddr ip;
	uint64_t version;
	size_t count = 0;
	struct buf keys;
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	assert_true(
		REDIS_DO(r.server, "SET", "rp:block:::ffff:192.0.2.1", "x"));
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.2", "x"));
	rig_wants(r.mirror, "192.0.2.2", true);
	assert_int_equal(ipaddr_parse(&ip, slice_of("192.0.2.1")), RES_OK);
	assert_int_equal(mirror_match(r.mirror, &ip, slice_of(""), hit, &count,
				 &version),
		RES_OK);
	assert_int_equal(count, 1);
	buf_init(&keys, 1024);
	mirror_keys_of(r.mirror, &hit[0], slice_of(""), collect, &keys);
	assert_string_equal(buf_text(&keys),
		"rp:block:192.0.2.1 rp:block:::ffff:192.0.2.1 ");
	buf_clear(&keys);
	rig_remove(&r);
}

/* A HASH whose reason is longer than lists.value_max: seen by whoever reads
 * the details, checked and left out by the mirror. */
static void takes_marks(void **state)
{
	const struct rig_text more = { .lists = "value_max = 4096" };
	struct prefix_hit hit[PREFIX_HITS_MAX];
	struct ipaddr ip;
	uint64_t version;
	size_t count = 0;
	struct buf big;
	struct rig r;

	(void)state;
	rig_go(&r, &more);
	buf_init(&big, 8192);
	memset(buf_reserve(&big, 8000), 'x', 8000);
	buf_commit(&big, 8000);
	assert_true(REDIS_DO(r.server, "HSET", "rp:block:192.0.2.1", "reason",
		buf_text(&big)));
	assert_true(REDIS_DO(
		r.server, "HSET", "rp:block:192.0.2.2", "reason", "fine"));
	rig_wants(r.mirror, "192.0.2.2", true);
	for (unsigned i = 1; i <= 2; i++) {
		ip = ipaddr_from_v4(0xc0000200U + i);
		assert_int_equal(mirror_match(r.mirror, &ip, slice_of(""), hit,
					 &count, &version),
			RES_OK);
		assert_int_equal(count, 1);
		mirror_mark_ignored(r.mirror, &hit[0], slice_of(""), "big");
	}
	rig_wants(r.mirror, "192.0.2.1", false);
	assert_true(rig_is_listed(r.mirror, "192.0.2.2"));
	wants_ignored(r.mirror, 1);
	buf_clear(&big);
	rig_remove(&r);
}

static void keeps_within_bounds(void **state)
{
	const struct rig_text more = { .lists = "entries_max = 1000" };
	struct rig r;

	(void)state;
	rig_make(&r, &more);
	rig_fill(&r, 1500);
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	rig_wants_state(r.mirror, MIRROR_LIVE);
	assert_int_equal(rig_status(r.mirror).entries, 1000);
	assert_string_equal(
		rig_status(r.mirror).error, "not all entries have room");
	rig_remove(&r);
}

static void two_agree(void **state)
{
	struct mirror *second = NULL;
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	assert_int_equal(mirror_open(&second, r.conf, clock_system()), RES_OK);
	assert_int_equal(mirror_start(second), RES_OK);
	assert_int_equal(mirror_wait_live(second, RIG_WAIT_MS), RES_OK);
	assert_true(REDIS_DO(r.server, "SET", "rp:block:192.0.2.1", "x"));
	rig_wants(r.mirror, "192.0.2.1", true);
	rig_wants(second, "192.0.2.1", true);
	assert_true(rig_status(second).generation[0] != '\0');
	assert_string_equal(
		rig_status(second).generation, rig_status(r.mirror).generation);
	mirror_close(second);
	rig_remove(&r);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("each way to edit by hand is seen", sees_edits, NULL),
		CASE("a change raises the version", keeps_version, NULL),
		CASE("200 names of nonsense do not hide a good one",
			survives_junk, NULL),
		CASE("keys of a wrong type or size do not block", sorts_types,
			NULL),
		CASE("shadow and force are read", reads_flags, NULL),
		CASE("an entry ends with its TTL", honours_ttl, NULL),
		CASE("a prefix is taken word for word", uses_own_prefix, NULL),
		CASE("the configured database is used", selects_database, NULL),
		CASE("a user with few rights is enough", logs_in, NULL),
		CASE("a wrong password is told", tells_of_denial, NULL),
		CASE("changes are told before and after", tells_of_changes,
			NULL),
		CASE("all keys of an entry are named", names_keys, NULL),
		CASE("a marked entry is looked at again", takes_marks, NULL),
		CASE("more entries than are allowed are left out and told",
			keeps_within_bounds, NULL),
		CASE("two mirrors agree", two_agree, NULL),
	};

	return cmocka_run_group_tests_name("store/mirror", cases, NULL, NULL);
}
