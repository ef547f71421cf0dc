/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/prover.h"

#include "base/arena.h"
#include "store/blocklist.h"
#include "store/delist.h"
#include "store/secret.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <string.h>

#define LISTED "192.0.2.7"

/* A milter's prover, a listed address, and a request for it. */
struct scene {
	struct rig rig;
	struct blocklist *list;
	struct redis *redis;
	struct secret secret;
	struct arena *arena;
	struct prover *prover;
	char rid[CASE_REF_MAX];
	char token[TOKEN_TEXT_MAX]; /* of purpose ADDRESS */
};

static void file(struct scene *s)
{
	struct delist_form form = { .mail = slice_of("ann@example.org"),
		.language = slice_of("en") };
	struct delist_filed filed;

	assert_int_equal(ipaddr_parse(&form.ip, slice_of(LISTED)), RES_OK);
	assert_int_equal(delist_file(s->redis, s->rig.conf, &s->secret,
				 clock_wall_ms(clock_system()), &form, &filed),
		RES_OK);
	memcpy(s->rid, filed.rid, sizeof(s->rid));
	assert_int_equal(token_make(&s->secret, TOKEN_ADDRESS, slice_of(s->rid),
				 s->token),
		RES_OK);
}

static void scene_open(struct scene *s)
{
	const struct redis_login login = { .timeout_ms = RIG_WAIT_MS };
	struct prover_needs needs = { .clock = clock_system() };

	rig_go(&s->rig, NULL);
	assert_true(REDIS_DO(s->rig.server, "SET", "rp:block:" LISTED, "spam"));
	rig_wants(s->rig.mirror, LISTED, true);
	rig_wants_flags(s->rig.mirror);
	assert_int_equal(blocklist_open(&s->list, s->rig.conf, s->rig.mirror,
				 clock_system()),
		RES_OK);
	assert_int_equal(redis_open(&s->redis, &s->rig.conf->redis.servers[0],
				 &login, NULL),
		RES_OK);
	s->secret = (struct secret){ .len = 16 };
	s->arena = arena_new(1 << 18);
	assert_non_null(s->arena);
	needs.conf = s->rig.conf;
	needs.mirror = s->rig.mirror;
	needs.blocklist = s->list;
	assert_int_equal(prover_open(&s->prover, &needs), RES_OK);
	file(s);
}

static void scene_close(struct scene *s)
{
	prover_close(s->prover);
	arena_free(s->arena);
	redis_close(s->redis);
	blocklist_close(s->list);
	rig_remove(&s->rig);
}

static bool show(const struct scene *s, const char *ip, const char *token)
{
	const struct proof *p = prover_proof(s->prover);
	struct ipaddr client;

	assert_int_equal(ipaddr_parse(&client, slice_of(ip)), RES_OK);
	return p->show(p->at, &client, token);
}

static const char *state(struct scene *s)
{
	struct delist_request request;

	assert_int_equal(
		delist_read(s->redis, s->rig.conf, slice_of(s->rid),
			clock_wall_ms(clock_system()), s->arena, &request),
		RES_OK);
	return delist_state_name(request.state);
}

static void takes_off(void **unused)
{
	struct scene s;

	(void)unused;
	scene_open(&s);
	assert_string_equal(state(&s), "queued");
	assert_true(show(&s, LISTED, s.token));
	assert_string_equal(state(&s), "granted");
	rig_wants(s.rig.mirror, LISTED, false);
	/* The same message comes again. */
	assert_true(show(&s, LISTED, s.token));
	assert_string_equal(state(&s), "granted");
	scene_close(&s);
}

static void changes_nothing(void **unused)
{
	char mail[TOKEN_TEXT_MAX], unknown[TOKEN_TEXT_MAX];
	struct scene s;

	(void)unused;
	scene_open(&s);
	assert_int_equal(
		token_make(&s.secret, TOKEN_MAIL, slice_of(s.rid), mail),
		RES_OK);
	assert_int_equal(
		token_make(&s.secret, TOKEN_ADDRESS, slice_of("x"), unknown),
		RES_OK);
	assert_true(show(&s, "192.0.2.8", s.token)); /* another address */
	assert_true(show(&s, LISTED, mail)); /* another purpose */
	assert_true(show(&s, LISTED, unknown));
	assert_string_equal(state(&s), "queued");
	assert_true(rig_is_listed(s.rig.mirror, LISTED));
	scene_close(&s);
}

static void waits_for_the_lists(void **unused)
{
	struct scene s;

	(void)unused;
	scene_open(&s);
	/* This mirror is not in step with Redis and cannot say what is so. */
	prover_close(s.prover);
	blocklist_close(s.list);
	rig_reopen(&s.rig);
	assert_int_equal(blocklist_open(&s.list, s.rig.conf, s.rig.mirror,
				 clock_system()),
		RES_OK);
	assert_int_equal(
		prover_open(&s.prover,
			&(struct prover_needs){ s.rig.conf, s.rig.mirror,
				s.list, NULL, clock_system() }),
		RES_OK);
	assert_false(show(&s, LISTED, s.token));
	assert_string_equal(state(&s), "queued");
	assert_int_equal(mirror_start(s.rig.mirror), RES_OK);
	rig_wants_state(s.rig.mirror, MIRROR_LIVE);
	rig_wants_flags(s.rig.mirror);
	assert_true(show(&s, LISTED, s.token));
	assert_string_equal(state(&s), "granted");
	scene_close(&s);
}

static void tells_when_redis_is_away(void **unused)
{
	struct scene s;
	int64_t end;
	bool is_shown = false;

	(void)unused;
	scene_open(&s);
	redis_server_kill(s.rig.server);
	assert_false(show(&s, LISTED, s.token));
	assert_true(redis_server_restart(s.rig.server));
	/* What was filed is gone with that server: it is asked, and says so. */
	for (end = rig_end(); !is_shown && rig_goes_on(end);)
		is_shown = show(&s, LISTED, s.token);
	assert_true(is_shown);
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a message from the address takes it off the list",
			takes_off, NULL),
		CASE("another address, letter or token changes nothing",
			changes_nothing, NULL),
		CASE("while the lists cannot be read the message is to come "
		     "again",
			waits_for_the_lists, NULL),
		CASE("without Redis the message is to come again",
			tells_when_redis_is_away, NULL),
	};

	return cmocka_run_group_tests_name("milter/prover", cases, NULL, NULL);
}
