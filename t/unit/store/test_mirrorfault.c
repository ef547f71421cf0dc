/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "base/file.h"
#include "store/prefixes.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct rig_text short_grace = { .lists = "loss_grace_s = 2" };
static const struct rig_text long_grace = { .lists = "loss_grace_s = 600" };
static const struct rig_text no_grace = { .lists = "loss_grace_s = 0" };

static const struct rig_text patient = { .is_patient = true };

static void list(struct rig *r, const char *ip)
{
	char key[128];

	(void)snprintf(key, sizeof(key), "rp:block:%s", ip);
	assert_true(REDIS_DO(r->server, "SET", key, "x"));
	rig_wants(r->mirror, ip, true);
}

static void generation_of(struct rig *r, char *out, size_t size)
{
	out[0] = '\0';
	(void)redis_server_do(r->server,
		(const char *const[]){ "GET", "rp:lists:generation", NULL },
		out, size);
	if (strcmp(out, "-1") == 0) /* nil */
		out[0] = '\0';
}

/* ---- lost data ---- */

static void keeps_list_after_flush(void **state)
{
	char generation[128];
	struct rig r;

	(void)state;
	rig_go(&r, &short_grace);
	list(&r, "192.0.2.1");
	assert_true(REDIS_DO(r.server, "FLUSHALL"));
	rig_wants_state(r.mirror, MIRROR_GRACE);
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	assert_true(rig_status(r.mirror).grace_until_ms > 0);
	/* An edit made meanwhile counts. */
	list(&r, "192.0.2.2");
	assert_true(REDIS_DO(r.server, "DEL", "rp:block:192.0.2.2"));
	rig_wants(r.mirror, "192.0.2.2", false);
	generation_of(&r, generation, sizeof(generation));
	assert_string_equal(generation, "");
	/* Then Redis is followed. */
	rig_wants(r.mirror, "192.0.2.1", false);
	rig_wants_state(r.mirror, MIRROR_LIVE);
	generation_of(&r, generation, sizeof(generation));
	assert_memory_equal(generation, "auto-", 5);
	assert_int_equal(rig_status(r.mirror).grace_until_ms, 0);
	rig_remove(&r);
}

static void keeps_list_after_restart(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, &long_grace);
	list(&r, "192.0.2.1");
	assert_true(redis_server_restart(r.server));
	rig_wants_state(r.mirror, MIRROR_GRACE);
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	rig_remove(&r);
}

static void admin_ends_grace(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, &long_grace);
	list(&r, "192.0.2.1");
	assert_true(REDIS_DO(r.server, "FLUSHALL"));
	rig_wants_state(r.mirror, MIRROR_GRACE);
	/* What another milter would write does not end it. */
	assert_true(REDIS_DO(r.server, "SET", "rp:lists:generation",
		"auto-0123456789abcdef"));
	list(&r, "192.0.2.3");
	assert_string_equal(
		mirror_state_name(rig_status(r.mirror).state), "grace");
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	assert_true(REDIS_DO(r.server, "SET", "rp:lists:generation", "empty"));
	rig_wants(r.mirror, "192.0.2.1", false);
	rig_wants_state(r.mirror, MIRROR_LIVE);
	assert_true(rig_is_listed(r.mirror, "192.0.2.3"));
	assert_string_equal(rig_status(r.mirror).generation, "empty");
	rig_remove(&r);
}

static void restored_data_ends_grace(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, &long_grace);
	rig_fill(&r, 200);
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	rig_wants_entries(r.mirror, 200);
	rig_wants_state(r.mirror, MIRROR_LIVE);
	assert_true(REDIS_DO(r.server, "FLUSHALL"));
	rig_wants_state(r.mirror, MIRROR_GRACE);
	rig_fill(&r, 150);
	rig_wants_state(r.mirror, MIRROR_LIVE);
	rig_wants_entries(r.mirror, 150);
	rig_remove(&r);
}

static void can_be_switched_off(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, &no_grace);
	list(&r, "192.0.2.1");
	assert_true(REDIS_DO(r.server, "FLUSHALL"));
	rig_wants(r.mirror, "192.0.2.1", false);
	rig_wants_state(r.mirror, MIRROR_LIVE);
	rig_remove(&r);
}

/* Everything gone at once, but the generation is the one we know: with few
 * entries somebody cleaned up, with many it is a loss. */
static void believes_generation(void **state)
{
	static const struct {
		size_t entries;
		enum mirror_state want;
	} rows[] = { { 99, MIRROR_LIVE }, { 100, MIRROR_GRACE } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char generation[128];
		struct rig r;

		rig_make(&r, &long_grace);
		rig_fill(&r, rows[i].entries);
		assert_int_equal(mirror_start(r.mirror), RES_OK);
		rig_wants_state(r.mirror, MIRROR_LIVE);
		generation_of(&r, generation, sizeof(generation));
		assert_true(REDIS_DO(r.server, "EVAL",
			"redis.call('FLUSHALL') "
			"return redis.call('SET', KEYS[1], ARGV[1])",
			"1", "rp:lists:generation", generation));
		for (int64_t end = rig_end();
			rig_status(r.mirror).resyncs < 2 && rig_goes_on(end);)
			;
		rig_wants_state(r.mirror, rows[i].want);
		rig_remove(&r);
	}
}

static void deleting_one_by_one_is_no_loss(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, &long_grace);
	rig_fill(&r, 150);
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	rig_wants_entries(r.mirror, 150);
	assert_true(REDIS_DO(r.server, "EVAL",
		"for _, k in ipairs(redis.call('KEYS', 'rp:block:*')) do "
		"redis.call('DEL', k) end return 1",
		"0"));
	rig_wants_entries(r.mirror, 0);
	assert_string_equal(
		mirror_state_name(rig_status(r.mirror).state), "live");
	rig_remove(&r);
}

/* ---- Redis away ---- */

static void serves_while_down(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, &no_grace);
	list(&r, "192.0.2.1");
	redis_server_kill(r.server);
	rig_wants_state(r.mirror, MIRROR_STALE);
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	assert_false(rig_is_listed(r.mirror, "192.0.2.2"));
	assert_true(rig_status(r.mirror).is_usable);
	assert_true(rig_status(r.mirror).error[0] != '\0');
	assert_true(redis_server_restart(r.server));
	rig_wants_state(r.mirror, MIRROR_LIVE);
	assert_string_equal(rig_status(r.mirror).error, "");
	list(&r, "192.0.2.3");
	rig_remove(&r);
}

static void survives_freeze(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	list(&r, "192.0.2.1");
	redis_server_freeze(r.server);
	rig_wants_state(r.mirror, MIRROR_STALE);
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	redis_server_thaw(r.server);
	rig_wants_state(r.mirror, MIRROR_LIVE);
	list(&r, "192.0.2.2");
	rig_remove(&r);
}

static void closes_at_once(void **state)
{
	int64_t began_ms;
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	redis_server_freeze(r.server);
	/* In the middle of a wait for the frozen server. */
	rig_wants_state(r.mirror, MIRROR_STALE);
	began_ms = clock_mono_ms(clock_system());
	mirror_close(r.mirror);
	r.mirror = NULL;
	assert_in_range(clock_mono_ms(clock_system()) - began_ms, 0, 1000);
	redis_server_thaw(r.server);
	rig_remove(&r);
}

static void survives_sleep(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	list(&r, "192.0.2.1");
	assert_true(REDIS_DO(r.server, "DEBUG", "SLEEP", "1"));
	list(&r, "192.0.2.2");
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	rig_remove(&r);
}

static void starts_before_redis(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	redis_server_kill(r.server);
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	for (int64_t end = rig_end();
		rig_status(r.mirror).error[0] == '\0' && rig_goes_on(end);)
		;
	assert_string_equal(
		mirror_state_name(rig_status(r.mirror).state), "empty");
	assert_false(rig_status(r.mirror).is_usable);
	assert_true(redis_server_restart(r.server));
	rig_wants_state(r.mirror, MIRROR_LIVE);
	rig_remove(&r);
}

/* ---- the copy on disk ---- */

static void starts_from_disk(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	list(&r, "192.0.2.1");
	redis_server_kill(r.server);
	rig_reopen(&r);
	assert_string_equal(
		mirror_state_name(rig_status(r.mirror).state), "snapshot");
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	for (int64_t end = rig_end();
		rig_status(r.mirror).error[0] == '\0' && rig_goes_on(end);)
		;
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	/* Redis comes back empty: that is a loss against the copy, too. */
	assert_true(redis_server_restart(r.server));
	rig_wants_state(r.mirror, MIRROR_GRACE);
	assert_true(rig_is_listed(r.mirror, "192.0.2.1"));
	rig_remove(&r);
}

static int64_t ahead_mono(void *ctx)
{
	(void)ctx;
	return clock_mono_ms(clock_system());
}

static int64_t ahead_wall(void *ctx)
{
	(void)ctx;
	return clock_wall_ms(clock_system()) + 2 * 3600 * 1000;
}

static void mistrusts_old_copy(void **state)
{
	const struct rig_text more = { .lists = "max_age_s = 3600" };
	const struct clock ahead = { .mono_ms = ahead_mono,
		.wall_ms = ahead_wall };
	struct prefix_hit hit[PREFIX_HITS_MAX];
	struct ipaddr ip = ipaddr_from_v4(0xc0000201U);
	uint64_t version;
	size_t count;
	struct rig r;

	(void)state;
	rig_go(&r, &more);
	list(&r, "192.0.2.1");
	mirror_close(r.mirror);
	assert_int_equal(mirror_open(&r.mirror, r.conf, &ahead), RES_OK);
	assert_string_equal(result_name(mirror_match(r.mirror, &ip,
				    slice_of(""), hit, &count, &version)),
		"down");
	assert_false(rig_status(r.mirror).is_usable);
	rig_remove(&r);
}

static void refuses_damaged_copy(void **state)
{
	char path[FOLDER_PATH_MAX];
	struct buf file;
	struct rig r;

	(void)state;
	rig_go(&r, NULL);
	list(&r, "192.0.2.1");
	mirror_close(r.mirror);
	(void)folder_path(&r.folder, "lists.snap", path);
	buf_init(&file, 1 << 20);
	assert_int_equal(file_read(path, &file), RES_OK);
	file.at[file.len / 2] ^= 1;
	assert_int_equal(file_write(path, 0600, buf_slice(&file)), RES_OK);
	buf_clear(&file);
	assert_int_equal(
		mirror_open(&r.mirror, r.conf, clock_system()), RES_OK);
	assert_string_equal(
		mirror_state_name(rig_status(r.mirror).state), "empty");
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	rig_wants(r.mirror, "192.0.2.1", true);
	rig_remove(&r);
}

static void writes_copy_while_running(void **state)
{
	const struct rig_text more = { .lists = "snapshot_s = 1" };
	char path[FOLDER_PATH_MAX];
	struct mirror *other = NULL;
	size_t turn = 0;
	bool found = false;
	struct rig r;

	(void)state;
	rig_go(&r, &more);
	list(&r, "192.0.2.1");
	(void)folder_path(&r.folder, "lists.snap", path);
	for (int64_t end = rig_end(); !found && rig_goes_on(end);) {
		if (++turn % 50 != 0)
			continue;
		assert_int_equal(
			mirror_open(&other, r.conf, clock_system()), RES_OK);
		found = rig_is_listed(other, "192.0.2.1");
		mirror_close(other);
	}
	assert_true(found);
	rig_remove(&r);
}

/* ---- much at once ---- */

struct reader {
	struct mirror *m;
	atomic_bool stop;
	atomic_uint wrong;
	atomic_ullong asked;
};

static void *read_on(void *arg)
{
	const struct timespec nap = { .tv_nsec = 20000 };
	struct reader *reader = arg;

	while (!reader->stop) {
		reader->wrong += !rig_is_listed(reader->m, "192.0.2.1");
		reader->asked++;
		nanosleep(&nap, NULL);
	}
	return NULL;
}

static void imports_while_matching(void **state)
{
	struct reader reader = { 0 };
	pthread_t thread[2];
	int64_t end;
	struct rig r;

	(void)state;
	rig_go(&r, &patient);
	list(&r, "192.0.2.1");
	reader.m = r.mirror;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, read_on, &reader), 0);
	rig_fill(&r, 300000);
	end = rig_end() + 3 * RIG_WAIT_MS;
	list(&r, "192.0.2.2");
	while (rig_status(r.mirror).entries < 300002 && rig_goes_on(end))
		;
	assert_int_equal(rig_status(r.mirror).entries, 300002);
	reader.stop = true;
	for (size_t i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(reader.wrong, 0);
	assert_true(reader.asked > 1000);
	rig_remove(&r);
}

/* Redis cuts off who reads too slowly; whatever was missed comes with the
 * next load. */
static void recovers_when_cut_off(void **state)
{
	struct rig r;

	(void)state;
	rig_go(&r, &patient);
	assert_true(REDIS_DO(r.server, "CONFIG", "SET",
		"client-output-buffer-limit", "pubsub 2kb 1kb 1"));
	rig_fill(&r, 50000);
	assert_true(REDIS_DO(r.server, "CONFIG", "SET",
		"client-output-buffer-limit", "pubsub 32mb 8mb 60"));
	rig_wants_entries(r.mirror, 50000);
	assert_true(REDIS_DO(r.server, "CLIENT", "KILL", "TYPE", "pubsub"));
	assert_true(REDIS_DO(r.server, "CLIENT", "KILL", "TYPE", "normal"));
	list(&r, "192.0.2.1");
	rig_remove(&r);
}

static void edits_during_load(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, &patient);
	rig_fill(&r, 200000);
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	for (unsigned i = 0; i < 50; i++) {
		char key[64];

		(void)snprintf(key, sizeof(key), "rp:block:10.0.%u.1", i * 5);
		assert_true(REDIS_DO(r.server, "DEL", key));
		(void)snprintf(key, sizeof(key), "rp:block:192.0.2.%u", i);
		assert_true(REDIS_DO(r.server, "SET", key, "x"));
	}
	rig_wants_state(r.mirror, MIRROR_LIVE);
	rig_wants_entries(r.mirror, 200000);
	for (unsigned i = 0; i < 50; i++) {
		char ip[64];

		(void)snprintf(ip, sizeof(ip), "10.0.%u.1", i * 5);
		rig_wants(r.mirror, ip, false);
		(void)snprintf(ip, sizeof(ip), "192.0.2.%u", i);
		rig_wants(r.mirror, ip, true);
	}
	rig_remove(&r);
}

static void warns_of_eviction(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	assert_true(REDIS_DO(
		r.server, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru"));
	assert_int_equal(mirror_start(r.mirror), RES_OK);
	rig_wants_state(r.mirror, MIRROR_LIVE);
	assert_true(rig_status(r.mirror).eviction_risk);
	assert_true(REDIS_DO(
		r.server, "CONFIG", "SET", "maxmemory-policy", "noeviction"));
	assert_true(REDIS_DO(r.server, "CLIENT", "KILL", "TYPE", "pubsub"));
	for (int64_t end = rig_end();
		rig_status(r.mirror).eviction_risk && rig_goes_on(end);)
		;
	assert_false(rig_status(r.mirror).eviction_risk);
	rig_remove(&r);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("after FLUSHALL the list serves for the grace",
			keeps_list_after_flush, NULL),
		CASE("a Redis that restarts empty does not unblock",
			keeps_list_after_restart, NULL),
		CASE("an admin ends the grace", admin_ends_grace, NULL),
		CASE("restored data ends the grace", restored_data_ends_grace,
			NULL),
		CASE("no grace is no grace", can_be_switched_off, NULL),
		CASE("the generation tells a clean-up from a loss",
			believes_generation, NULL),
		CASE("deleting key by key is no loss",
			deleting_one_by_one_is_no_loss, NULL),
		CASE("a dead Redis changes no answer", serves_while_down, NULL),
		CASE("a frozen Redis changes no answer", survives_freeze, NULL),
		CASE("a frozen Redis does not delay the end", closes_at_once,
			NULL),
		CASE("a sleeping Redis is waited for", survives_sleep, NULL),
		CASE("a start before Redis is fine", starts_before_redis, NULL),
		CASE("the copy on disk serves without Redis", starts_from_disk,
			NULL),
		CASE("an old copy is not trusted", mistrusts_old_copy, NULL),
		CASE("a damaged copy is not used", refuses_damaged_copy, NULL),
		CASE("the copy is written while running",
			writes_copy_while_running, NULL),
		CASE("an import does not hide an edit", imports_while_matching,
			NULL),
		CASE("a reader cut off catches up", recovers_when_cut_off,
			NULL),
		CASE("edits during the load are not lost", edits_during_load,
			NULL),
		CASE("a policy that evicts is told", warns_of_eviction, NULL),
	};

	return cmocka_run_group_tests_name(
		"store/mirror faults", cases, NULL, NULL);
}
