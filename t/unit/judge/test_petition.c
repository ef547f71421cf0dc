/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/petition.h"

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "geo/geoip.h"
#include "store/mirror.h"
#include "store/redis.h"
#include "store/secret.h"
#include "support/case.h"
#include "support/folder.h"
#include "support/redis_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	ARENA_MAX = 1 << 20,
	THREADS = 20,
	EACH = 10,
	TEXT_MAX = 512,
	WAIT_MS = 20000
};

struct bench {
	struct redis_server *server;
	struct folder folder;
	struct conf *conf;
	struct mirror *mirror;
	struct blocklist *list;
	struct redis *redis;
	struct secret secret;
	struct arena *arena;
	struct petition_env env;
	char rid[CASE_REF_MAX];
	char token[TOKEN_TEXT_MAX];
	/* What the last call gave. */
	struct delist_request after;
	struct petition p;
};

static struct redis *dial(const struct bench *b, unsigned timeout_ms)
{
	const struct redis_login login = { .timeout_ms = timeout_ms };
	struct redis *r = NULL;

	assert_int_equal(
		redis_open(&r, &b->conf->redis.servers[0], &login, NULL),
		RES_OK);
	return r;
}

static struct conf *load(const struct bench *b)
{
	struct conf *conf = NULL;
	struct buf errors;
	char text[4 * TEXT_MAX];

	(void)snprintf(text, sizeof(text),
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\"\n"
		"secret_file = \"%s/secret\" }\n"
		"redis { servers = {\"unix:%s\"}\nping_ms = 100 }\n"
		"lists { snapshot = \"%s/lists.snap\" }\n",
		b->folder.path, redis_server_socket(b->server), b->folder.path);
	buf_init(&errors, 8192);
	if (conf_load_text("test", slice_of(text), &conf, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	return conf;
}

static bool goes_on(int64_t until_ms)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	nanosleep(&nap, NULL);
	return clock_mono_ms(clock_system()) < until_ms;
}

/* Waits until the mirror has that many entries and has read all of them. */
static void wants_entries(const struct bench *b, size_t want)
{
	int64_t until_ms = clock_mono_ms(clock_system()) + WAIT_MS;
	struct mirror_status s;

	do
		mirror_read_status(b->mirror, &s);
	while ((s.entries != want || s.details_unread > 0 || s.pending > 0 ||
		       s.state != MIRROR_LIVE) &&
		goes_on(until_ms));
	assert_int_equal(s.entries, want);
	assert_int_equal(s.details_unread, 0);
}

static void begin(struct bench *b)
{
	char path[TEXT_MAX];

	memset(b, 0, sizeof(*b));
	b->server = redis_server_start();
	assert_non_null(b->server);
	folder_make(&b->folder);
	b->conf = load(b);
	assert_int_equal(
		mirror_open(&b->mirror, b->conf, clock_system()), RES_OK);
	assert_int_equal(mirror_start(b->mirror), RES_OK);
	assert_int_equal(mirror_wait_live(b->mirror, WAIT_MS), RES_OK);
	assert_int_equal(
		blocklist_open(&b->list, b->conf, b->mirror, clock_system()),
		RES_OK);
	b->redis = dial(b, WAIT_MS);
	(void)snprintf(path, sizeof(path), "%s/secret", b->folder.path);
	secret_load(&b->secret, path);
	b->arena = arena_new(ARENA_MAX);
	b->env = (struct petition_env){ .conf = b->conf,
		.mirror = b->mirror,
		.blocklist = b->list,
		.now_ms = clock_wall_ms(clock_system()) };
}

static void end(struct bench *b)
{
	redis_close(b->redis);
	arena_free(b->arena);
	blocklist_close(b->list);
	mirror_close(b->mirror);
	conf_release(b->conf);
	redis_server_stop(b->server);
	folder_remove(&b->folder);
}

static void listed(struct bench *b)
{
	wants_entries(b, 1);
}

static void file(struct bench *b)
{
	const struct delist_form form = { .ip = ipaddr_from_v4(0xc0000207),
		.mail = slice_of("ann@example.org"),
		.ref = slice_of(""),
		.language = slice_of("en") };
	struct delist_filed filed;

	assert_string_equal(result_name(delist_file(b->redis, b->conf,
				    &b->secret, b->env.now_ms, &form, &filed)),
		"ok");
	memcpy(b->rid, filed.rid, sizeof(b->rid));
}

static void found(struct bench *b, const char *ptr, const char *fits)
{
	const struct delist_findings f = { .ptr = ptr,
		.ptr_name = slice_of("mail.example.org"),
		.fits = fits,
		.fits_by = "ptr" };

	assert_string_equal(result_name(delist_found(
				    b->redis, b->conf, slice_of(b->rid), &f)),
		"ok");
}

static struct petition_showing shows(struct bench *b, enum grant_proof proof)
{
	struct petition_showing s = { .rid = slice_of(b->rid),
		.proof = proof,
		.who = slice_of("portal"),
		.why = slice_of("asked for") };

	if (proof == GRANT_PROOF_ADMIN)
		return s;
	assert_int_equal(token_make(&b->secret,
				 proof == GRANT_PROOF_ADDRESS ? TOKEN_ADDRESS
							      : TOKEN_MAIL,
				 slice_of(b->rid), b->token),
		RES_OK);
	s.token = slice_of(b->token);
	return s;
}

/* "result state reason needed" of the request afterwards. */
static void wants(struct bench *b, enum grant_proof proof, const char *want)
{
	struct petition_showing s = shows(b, proof);
	enum result res = petition_confirm(
		b->redis, &b->env, &s, b->arena, &b->after, &b->p);
	char got[TEXT_MAX];

	(void)snprintf(got, sizeof(got), "%s %s %.*s %.*s", result_name(res),
		delist_state_name(b->after.state), SLICE_ARG(b->after.reason),
		SLICE_ARG(b->after.needed));
	assert_string_equal(got, want);
}

static void wants_redis(struct bench *b, const char *want, const char *verb,
	const char *key, const char *field)
{
	char got[TEXT_MAX] = "";

	(void)redis_server_do(b->server,
		(const char *const[]){ verb, key, field, NULL }, got,
		sizeof(got));
	assert_string_equal(got, want);
}

#define DO(b, ...) assert_true(REDIS_DO((b)->server, __VA_ARGS__))

static void takes_it_off_in_each_spelling(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "SET", "rp:block:192.0.2.7", "spam run");
	DO(&b, "SET", "rp:block:::ffff:192.0.2.7", "spam run");
	/* Pushes keep their order: what came before this one is known. */
	DO(&b, "SET", "rp:block:198.51.100.1", "mark");
	wants_entries(&b, 2);
	file(&b);
	wants(&b, GRANT_PROOF_MAIL, "ok granted none mail");
	wants_redis(&b, "0", "EXISTS", "rp:block:192.0.2.7", NULL);
	wants_redis(&b, "0", "EXISTS", "rp:block:::ffff:192.0.2.7", NULL);
	wants_redis(&b, "1", "HGET", "rp:parole:192.0.2.7", "level");
	wants_redis(&b, "1", "ZCARD", "rp:hist:192.0.2.7:done", NULL);
	wants_entries(&b, 1);
	/* The link again: too late, and nothing happens. */
	wants(&b, GRANT_PROOF_MAIL, "missing granted none mail");
	end(&b);
}

static void stays_open_until_dns_is_repaired(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "HSET", "rp:block:192.0.2.7", "class", "policy");
	wants_entries(&b, 1);
	file(&b);
	found(&b, "missing", "no");
	wants(&b, GRANT_PROOF_MAIL, "ok queued ptr mail");
	assert_true(slice_is_equal(b.after.proof, slice_of("mail")));
	found(&b, "confirmed", "no");
	wants(&b, GRANT_PROOF_MAIL, "ok granted none mail");
	wants_redis(
		&b, "mail.example.org", "HGET", "rp:allow:192.0.2.7", "ptr");
	end(&b);
}

static void leaves_a_range_to_a_person(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "SET", "rp:block:192.0.2.0/24", "bad neighbours");
	listed(&b);
	file(&b);
	wants(&b, GRANT_PROOF_MAIL, "ok review range mail");
	wants_redis(&b, "1", "EXISTS", "rp:block:192.0.2.0/24", NULL);
	/* That person says yes: for this address, not for all. */
	wants(&b, GRANT_PROOF_ADMIN, "ok granted none mail");
	wants_redis(&b, "1", "EXISTS", "rp:block:192.0.2.0/24", NULL);
	wants_redis(&b, "delist", "HGET", "rp:allow:192.0.2.7", "origin");
	end(&b);
}

/* The address is of that network; the list names the network by number. */
static void leaves_a_network_to_a_person(void **state)
{
	const char *top = getenv("top_srcdir");
	char path[TEXT_MAX];
	const struct geoip_options options = {
		.path = { "", path }, .check_s = 60, .size_max = 1 << 20
	};
	struct geoip *geo;
	struct bench b;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/t/data/geo/asn.mmdb",
		top == NULL ? "." : top);
	assert_int_equal(geoip_open(&geo, &options), RES_OK);
	begin(&b);
	DO(&b, "SET", "rp:block:asn:64500", "bad neighbours");
	listed(&b);
	b.env.geo = geo;
	file(&b);
	wants(&b, GRANT_PROOF_MAIL, "ok review range mail");
	wants(&b, GRANT_PROOF_ADMIN, "ok granted none mail");
	wants_redis(&b, "1", "EXISTS", "rp:block:asn:64500", NULL);
	wants_redis(&b, "delist", "HGET", "rp:allow:192.0.2.7", "origin");
	end(&b);
	geoip_close(geo);
}

static void excepts_for_a_good_name(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "HSET", "rp:block:192.0.2.0/24", "class", "policy");
	listed(&b);
	file(&b);
	/* DNS has not told yet: the link stays good. */
	wants(&b, GRANT_PROOF_MAIL, "ok queued ptr mail");
	assert_string_equal(grant_answer_name(b.p.grant.answer), "unknown");
	found(&b, "confirmed", "no");
	wants(&b, GRANT_PROOF_MAIL, "ok granted none mail");
	wants_redis(
		&b, "mail.example.org", "HGET", "rp:allow:192.0.2.7", "ptr");
	end(&b);
}

static void adds_proofs_up(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "HSET", "rp:block:192.0.2.7", "level", "2");
	listed(&b);
	file(&b);
	found(&b, "confirmed", "no");
	wants(&b, GRANT_PROOF_MAIL, "ok queued needs_domain domain");
	wants_redis(&b, "1", "EXISTS", "rp:block:192.0.2.7", NULL);
	wants(&b, GRANT_PROOF_ADDRESS, "ok granted none domain");
	wants_redis(&b, "2", "HGET", "rp:parole:192.0.2.7", "level");
	end(&b);
}

static void believes_a_domain_that_fits(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "HSET", "rp:block:192.0.2.7", "level", "2");
	listed(&b);
	file(&b);
	found(&b, "confirmed", "yes");
	wants(&b, GRANT_PROOF_MAIL, "ok granted none domain");
	end(&b);
}

static void waits_and_lets_ask_again(void **state)
{
	struct bench b;
	char evidence[32];

	(void)state;
	begin(&b);
	(void)snprintf(
		evidence, sizeof(evidence), "%lld", (long long)b.env.now_ms);
	DO(&b, "SET", "rp:block:192.0.2.7", "spam run");
	DO(&b, "HSET", "rp:hist:192.0.2.7", "evidence_ms", evidence);
	listed(&b);
	file(&b);
	wants(&b, GRANT_PROOF_MAIL, "ok wait still_sending mail");
	assert_int_equal(b.after.until_ms, b.env.now_ms + 7200 * 1000);
	b.env.now_ms = b.after.until_ms;
	wants(&b, GRANT_PROOF_MAIL, "ok granted none mail");
	end(&b);
}

static void keeps_to_a_lock(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "HSET", "rp:block:192.0.2.7", "reason", "x", "lock", "yes");
	listed(&b);
	file(&b);
	wants(&b, GRANT_PROOF_MAIL, "ok denied locked mail");
	wants_redis(&b, "1", "EXISTS", "rp:block:192.0.2.7", NULL);
	end(&b);
}

static void has_nothing_to_do(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	file(&b);
	wants(&b, GRANT_PROOF_MAIL, "ok granted not_listed none");
	wants_redis(&b, "0", "EXISTS", "rp:parole:192.0.2.7", NULL);
	wants_redis(&b, "0", "EXISTS", "rp:hist:192.0.2.7:done", NULL);
	end(&b);
}

static void lets_an_admin_say_no(void **state)
{
	struct petition_showing s;
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "SET", "rp:block:192.0.2.7", "spam run");
	listed(&b);
	file(&b);
	s = shows(&b, GRANT_PROOF_ADMIN);
	s.is_denied = true;
	assert_string_equal(result_name(petition_confirm(b.redis, &b.env, &s,
				    b.arena, &b.after, &b.p)),
		"ok");
	assert_string_equal(delist_state_name(b.after.state), "denied");
	wants_redis(&b, "1", "EXISTS", "rp:block:192.0.2.7", NULL);
	/* What was denied is no sender's to grant. */
	wants(&b, GRANT_PROOF_MAIL, "missing denied none mail");
	end(&b);
}

static void does_nothing_when_redis_is_silent(void **state)
{
	struct petition_showing s;
	struct redis *r;
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "SET", "rp:block:192.0.2.7", "spam run");
	listed(&b);
	file(&b);
	s = shows(&b, GRANT_PROOF_MAIL);
	r = dial(&b, 100);
	redis_server_freeze(b.server);
	assert_int_not_equal(
		petition_confirm(r, &b.env, &s, b.arena, &b.after, &b.p),
		RES_OK);
	redis_server_thaw(b.server);
	redis_close(r);
	listed(&b);
	wants(&b, GRANT_PROOF_MAIL, "ok granted none mail");
	end(&b);
}

/* ---- all at once ---- */

struct rush {
	const struct bench *bench;
	const struct petition_showing *showing;
	pthread_barrier_t *start;
	unsigned granted; /* as seen by this one */
	unsigned other;
};

static void *run(void *arg)
{
	struct rush *rush = arg;
	struct arena *a = arena_new(ARENA_MAX);
	struct redis *r = dial(rush->bench, WAIT_MS);
	struct delist_request after;
	struct petition p;

	(void)pthread_barrier_wait(rush->start);
	for (unsigned i = 0; i < EACH; i++) {
		enum result res = petition_confirm(
			r, &rush->bench->env, rush->showing, a, &after, &p);

		if ((res == RES_OK || res == RES_MISSING) &&
			after.state == DELIST_GRANTED)
			rush->granted++;
		else
			rush->other++;
	}
	redis_close(r);
	arena_free(a);
	return NULL;
}

static void acts_once(void **state)
{
	pthread_barrier_t start;
	pthread_t thread[THREADS];
	struct rush rush[THREADS];
	struct petition_showing s;
	struct bench b;

	(void)state;
	begin(&b);
	DO(&b, "SET", "rp:block:192.0.2.7", "spam run");
	listed(&b);
	file(&b);
	s = shows(&b, GRANT_PROOF_MAIL);
	assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
	for (size_t i = 0; i < THREADS; i++) {
		rush[i] = (struct rush){ &b, &s, &start, 0, 0 };
		assert_int_equal(
			pthread_create(&thread[i], NULL, run, &rush[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(rush[i].granted, EACH);
		assert_int_equal(rush[i].other, 0);
	}
	pthread_barrier_destroy(&start);
	wants_redis(&b, "1", "XLEN", "rp:audit", NULL);
	wants_redis(&b, "1", "ZCARD", "rp:hist:192.0.2.7:done", NULL);
	wants_redis(&b, "1", "LLEN", "rp:hist:192.0.2.7:log", NULL);
	/* The letter with the link, and one answer. */
	wants_redis(&b, "2", "XLEN", "rp:mailq", NULL);
	end(&b);
}

static void an_old_table_decides_nothing(void **state)
{
	struct mirror *old = NULL;
	struct bench b;

	(void)state;
	begin(&b);
	file(&b);
	assert_int_equal(mirror_open(&old, b.conf, clock_system()), RES_OK);
	b.env.mirror = old;
	wants(&b, GRANT_PROOF_MAIL, "ok queued none none");
	b.env.mirror = b.mirror;
	wants(&b, GRANT_PROOF_MAIL, "ok granted not_listed none");
	mirror_close(old);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a table that is not in step with Redis decides nothing",
			an_old_table_decides_nothing, NULL),
		CASE("a listing goes with all its spellings",
			takes_it_off_in_each_spelling, NULL),
		CASE("a range is for a person, who excepts one address",
			leaves_a_range_to_a_person, NULL),
		CASE("so is a network by number", leaves_a_network_to_a_person,
			NULL),
		CASE("dynamic space is excepted for a good name",
			excepts_for_a_good_name, NULL),
		CASE("what was proved before counts", adds_proofs_up, NULL),
		CASE("a mailbox whose domain fits proves more",
			believes_a_domain_that_fits, NULL),
		CASE("who waited may use the link again",
			waits_and_lets_ask_again, NULL),
		CASE("a lock holds", keeps_to_a_lock, NULL),
		CASE("what is not listed is granted without a trace",
			has_nothing_to_do, NULL),
		CASE("an admin's no is the last word", lets_an_admin_say_no,
			NULL),
		CASE("who repairs reverse DNS goes on with the same link",
			stays_open_until_dns_is_repaired, NULL),
		CASE("a silent Redis costs nobody the link",
			does_nothing_when_redis_is_silent, NULL),
		CASE("two hundred clicks on one link act once", acts_once,
			NULL),
	};

	return cmocka_run_group_tests_name("judge/petition", cases, NULL, NULL);
}
