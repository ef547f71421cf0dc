/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports when Redis fails, when two file at once, and with the rights that the
 * portal's account has. */
#include "store/report.h"

#include "store/ticket.h"
#include "support/case.h"
#include "support/cutter.h"
#include "unit/store/report_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ACL_MAX = 16384, WORDS_MAX = 512, NAME_LEN = 21 };

#define BLOCK "rp:block:user:" RIG_ACCOUNT

static int set_up_with(void **state, const char *conf)
{
	struct rig_report *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	report_rig_make(r, conf);
	report_rig_user(r, 1);
	*state = r;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, "");
}

static int set_up_listing(void **state)
{
	return set_up_with(state,
		"listing { enabled = yes\n messages = 2 }\n"
		"reports { pause_at = 2 }");
}

static int set_up_few(void **state)
{
	return set_up_with(
		state, "reports { octets_day = 1048576\n tickets_day = 4 }");
}

static int tear_down(void **state)
{
	struct rig_report *r = *state;

	report_rig_remove(r);
	free(r);
	return 0;
}

static enum result try(struct rig_report *r)
{
	return report_file(r->desk.redis, r->desk.conf, &r->secret,
		r->desk.now_ms, &r->filing, &r->filed);
}

static void wants_effects_of_one(struct rig_report *r)
{
	DESK_WANTS(
		&r->desk, "5.000", "HGET", "rp:rep:address:192.0.2.7", "bad");
	DESK_WANTS(&r->desk, "1", "ZCARD", "rp:evidence:192.0.2.7");
	DESK_WANTS(&r->desk, "1", "HGET", "rp:complaint:day:20270115",
		"ip:192.0.2.7/32");
	DESK_WANTS(&r->desk, "1", "HGET", "rp:report:count", "junk:counted");
	DESK_WANTS(&r->desk, "1", "ZCARD", "rp:report:train");
	DESK_WANTS(&r->desk, "1", "ZCARD", "rp:report:all");
	assert_int_equal(report_rig_jobs(r, "report-ack"), 1);
}

/* ---- Redis fails ---- */

static void waits_for_room(void **state)
{
	struct rig_report *r = *state;

	(void)REDIS_DO(r->desk.server, "CONFIG", "SET", "maxmemory", "1");
	desk_result(try(r), RES_FULL);
	(void)REDIS_DO(r->desk.server, "CONFIG", "SET", "maxmemory", "0");
	report_rig_wants_keys(r, "rp:rep:*", 0);
	report_rig_wants(r, "counted");
	wants_effects_of_one(r);
}

static void waits_for_a_server_that_writes(void **state)
{
	struct rig_report *r = *state;

	(void)REDIS_DO(r->desk.server, "REPLICAOF", "127.0.0.1", "1");
	desk_result(try(r), RES_READONLY);
	(void)REDIS_DO(r->desk.server, "REPLICAOF", "NO", "ONE");
	report_rig_wants(r, "counted");
	wants_effects_of_one(r);
}

static void is_told_that_redis_is_gone(void **state)
{
	struct rig_report *r = *state;

	redis_server_kill(r->desk.server);
	desk_result(try(r), RES_DOWN);
	assert_true(redis_server_restart(r->desk.server));
	desk_redial(&r->desk, DESK_WAIT_MS);
	report_rig_wants(r, "counted");
	wants_effects_of_one(r);
}

/* ---- it breaks in the middle ---- */

static struct redis *dial(struct rig_report *r, const char *path,
	const char *user, const char *password)
{
	const struct redis_login login = {
		.user = user, .password = password, .timeout_ms = DESK_WAIT_MS
	};
	struct endpoint server = { .kind = ENDPOINT_UNIX };
	struct redis *c = NULL;

	(void)r;
	snprintf(server.path, sizeof(server.path), "%s", path);
	desk_result(redis_open(&c, &server, &login, NULL), RES_OK);
	return c;
}

static bool files_with(struct rig_report *r, struct redis *c)
{
	struct redis *own = r->desk.redis;
	enum result res;

	r->desk.redis = c;
	res = try(r);
	r->desk.redis = own;
	return res == RES_OK;
}

struct way {
	const char *name;
	bool is_answer;
	void (*make)(struct rig_report *r);
	void (*look)(struct rig_report *r);
};

static void make_in(struct rig_report *r)
{
	report_rig_in(r, REPORT_JUNK);
	report_rig_user(r, 1);
}

/* A number of the sender's page may be missing, and is never there twice. */
static void look_in(struct rig_report *r)
{
	char count[DESK_TEXT_MAX];

	wants_effects_of_one(r);
	DESK_ASK(&r->desk, count, "HGET", "rp:traffic:20270115:net:192.0.2.7",
		"complaints");
	assert_true(strcmp(count, "1") == 0 || count[0] == '\0');
}

/* The second piece of evidence, which lists. */
static void make_listing(struct rig_report *r)
{
	report_rig_in(r, REPORT_JUNK);
	report_rig_user(r, 2);
	report_rig_wants(r, "counted");
	report_rig_in(r, REPORT_JUNK);
	report_rig_user(r, 1);
}

static void look_listing(struct rig_report *r)
{
	report_rig_wants_keys(r, "rp:block:192.0.2.7", 1);
	report_rig_wants_keys(r, "rp:evidence:*", 0);
	DESK_WANTS(&r->desk, "1", "HGET", "rp:hist:192.0.2.7", "listings");
	DESK_WANTS(
		&r->desk, "10.000", "HGET", "rp:rep:address:192.0.2.7", "bad");
	assert_string_equal(report_effect_name(r->filed.effect), "listed");
}

static void make_out(struct rig_report *r)
{
	report_rig_out(r, REPORT_JUNK);
	report_rig_by(r, "ann@ann.example");
	report_rig_wants(r, "counted");
	report_rig_out(r, REPORT_JUNK);
}

static void look_out(struct rig_report *r)
{
	struct ticket t;

	report_rig_wants_keys(r, BLOCK, 1);
	DESK_WANTS(&r->desk, "2", "HGET", "rp:complaint:day:20270115",
		"user:" RIG_ACCOUNT);
	DESK_WANTS(&r->desk, "1", "HGET", "rp:report:count", "junk:paused");
	arena_reset(r->arena);
	desk_result(ticket_read(r->desk.redis, r->desk.conf,
			    slice_of(r->filed.ticket), r->desk.now_ms, r->arena,
			    &t),
		RES_OK);
	assert_int_equal(t.message_count, 2);
	report_rig_wants_keys(r, "rp:ticket:*:log", 1);
	assert_int_equal(report_rig_jobs(r, "report-ack"), 2);
}

static void make_plain(struct rig_report *r)
{
	report_rig_in(r, REPORT_JUNK);
	r->original[0].trace_word = TRACEKEYS_ALTERED;
}

static void look_plain(struct rig_report *r)
{
	report_rig_wants_keys(r, "rp:ticket:*:log", 1);
	assert_int_equal(report_rig_jobs(r, "ticket-admin"), 1);
	assert_int_equal(report_rig_jobs(r, "report-ack"), 1);
	DESK_WANTS(&r->desk, "1", "HGET", "rp:report:count", "junk:nothing");
}

/* Wherever it breaks, the next try makes it whole, and nothing twice. */
static void a_break_is_made_good(struct rig_report *r, const struct way *way)
{
	char path[FOLDER_PATH_MAX];
	struct cutter *cutter =
		cutter_start(redis_server_socket(r->desk.server),
			folder_path(&r->desk.folder, "cut", path));
	bool is_whole = false;
	int breaks = 0;

	assert_non_null(cutter);
	for (int n = 0; !is_whole; n++) {
		struct redis *c;

		assert_true(n < 60);
		(void)REDIS_DO(r->desk.server, "FLUSHALL");
		way->make(r);
		cutter_allow(cutter, -1, false);
		c = dial(r, path, "", "");
		cutter_allow(cutter, n, way->is_answer);
		is_whole = files_with(r, c);
		breaks += !is_whole;
		redis_close(c);
		report_rig_file(r);
		way->look(r);
	}
	assert_true(breaks >= 4);
	cutter_stop(cutter);
}

static void breaks_of_mail_that_came_in(void **state)
{
	const struct way ways[] = {
		{ "question", false, make_in, look_in },
		{ "answer", true, make_in, look_in },
	};

	for (size_t i = 0; i < 2; i++)
		a_break_is_made_good(*state, &ways[i]);
}

static void breaks_while_it_lists(void **state)
{
	const struct way ways[] = {
		{ "question", false, make_listing, look_listing },
		{ "answer", true, make_listing, look_listing },
	};

	for (size_t i = 0; i < 2; i++)
		a_break_is_made_good(*state, &ways[i]);
}

static void breaks_while_it_pauses(void **state)
{
	const struct way ways[] = {
		{ "question", false, make_out, look_out },
		{ "answer", true, make_out, look_out },
	};

	for (size_t i = 0; i < 2; i++)
		a_break_is_made_good(*state, &ways[i]);
}

static void breaks_of_a_ticket(void **state)
{
	const struct way ways[] = {
		{ "question", false, make_plain, look_plain },
		{ "answer", true, make_plain, look_plain },
	};

	for (size_t i = 0; i < 2; i++)
		a_break_is_made_good(*state, &ways[i]);
}

/* ---- it refuses in the middle ---- */

static void fill_up(void *ctx)
{
	struct rig_report *r = ctx;

	(void)REDIS_DO(r->desk.server, "CONFIG", "SET", "maxmemory", "1");
}

static void free_up(struct rig_report *r)
{
	(void)REDIS_DO(r->desk.server, "CONFIG", "SET", "maxmemory", "0");
}

static void write_nothing(void *ctx)
{
	struct rig_report *r = ctx;

	(void)REDIS_DO(r->desk.server, "REPLICAOF", "127.0.0.1", "1");
}

static void write_again(struct rig_report *r)
{
	(void)REDIS_DO(r->desk.server, "REPLICAOF", "NO", "ONE");
}

struct refusal {
	void (*begin)(void *ctx);
	void (*end)(struct rig_report *r);
	enum result want;
};

static void a_refusal_is_made_good(
	struct rig_report *r, const struct refusal *how, const struct way *way)
{
	char path[FOLDER_PATH_MAX];
	struct cutter *cutter =
		cutter_start(redis_server_socket(r->desk.server),
			folder_path(&r->desk.folder, "cut", path));
	enum result res = RES_FULL;
	int refusals = 0;

	assert_non_null(cutter);
	for (int n = 0; res != RES_OK; n++) {
		struct redis *own = r->desk.redis;

		assert_true(n < 60);
		(void)REDIS_DO(r->desk.server, "FLUSHALL");
		way->make(r);
		cutter_allow(cutter, -1, false);
		r->desk.redis = dial(r, path, "", "");
		cutter_call(cutter, n, how->begin, r);
		res = try(r);
		redis_close(r->desk.redis);
		r->desk.redis = own;
		how->end(r);
		/* A ticket says it is down. */
		if (res != RES_OK && res != RES_DOWN)
			desk_result(res, how->want);
		refusals += res != RES_OK;
		report_rig_file(r);
		way->look(r);
	}
	assert_true(refusals >= 3);
	cutter_stop(cutter);
}

static void refusals_at_any_place(void **state)
{
	const struct refusal refusals[] = {
		{ fill_up, free_up, RES_FULL },
		{ write_nothing, write_again, RES_READONLY },
	};
	const struct way ways[] = {
		{ "in", false, make_in, look_in },
		{ "listing", false, make_listing, look_listing },
		{ "out", false, make_out, look_out },
		{ "plain", false, make_plain, look_plain },
	};
	struct rig_report *r = *state;

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 4; k++)
			a_refusal_is_made_good(r, &refusals[i], &ways[k]);
}

/* ---- two at once ---- */

struct filer {
	const struct rig_report *r;
	struct redis *redis;
	struct report_filed filed;
	enum result res;
	pthread_t thread;
};

static void *file_at_once(void *arg)
{
	struct filer *f = arg;

	f->res = report_file(f->redis, f->r->desk.conf, &f->r->secret,
		f->r->desk.now_ms, &f->r->filing, &f->filed);
	return NULL;
}

static void file_by_all(struct rig_report *r, struct filer *f)
{
	for (size_t i = 0; i < THREADS; i++)
		f[i] = (struct filer){ .r = r,
			.redis = desk_dial(&r->desk, DESK_WAIT_MS) };
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&f[i].thread, NULL, file_at_once, &f[i]),
			0);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(f[i].thread, NULL);
		desk_result(f[i].res, RES_OK);
		redis_close(f[i].redis);
	}
}

static void many_who_file_one_mail_file_it_once(void **state)
{
	struct rig_report *r = *state;
	struct filer f[THREADS];

	for (int round = 0; round < 20; round++) {
		(void)REDIS_DO(r->desk.server, "FLUSHALL");
		make_in(r);
		file_by_all(r, f);
		for (size_t i = 1; i < THREADS; i++) {
			assert_string_equal(f[i].filed.id, f[0].filed.id);
			assert_string_equal(
				report_effect_name(f[i].filed.effect),
				"counted");
			assert_true(f[i].filed.has_ack);
		}
		wants_effects_of_one(r);
	}
}

static void many_who_file_of_an_account_file_it_once(void **state)
{
	struct rig_report *r = *state;
	struct filer f[THREADS];

	for (int round = 0; round < 20; round++) {
		(void)REDIS_DO(r->desk.server, "FLUSHALL");
		make_out(r);
		file_by_all(r, f);
		r->filed = f[0].filed;
		look_out(r);
	}
}

/* ---- floods ---- */

static void past_the_octets_of_a_day_no_text_is_kept(void **state)
{
	static char text[300000];
	struct rig_report *r = *state;
	size_t kept[2] = { 0, 0 };

	memset(text, 'x', sizeof(text));
	memcpy(text, "A: b\n\n", 6);
	for (int i = 0; i < 12; i++) {
		bool is_traced = i >= 6;

		report_rig_in(r, REPORT_JUNK);
		r->original[0].trace.ip.octet[15] = (uint8_t)i;
		r->original[0].message = slice_make(text, 200000);
		if (!is_traced)
			r->original[0].trace_word = TRACEKEYS_NONE;
		report_rig_wants(r, is_traced ? "counted" : "nothing");
		(void)report_rig_read(r);
		kept[is_traced] += r->report.item[0].message.len;
	}
	/* 1 MiB, of which one half is for those. */
	assert_int_equal(kept[0], 2 * 200000);
	assert_int_equal(kept[1], 3 * 200000);
}

/* Nor do the few octets of many originals add up. */
static void past_them_no_line_of_it_is_kept(void **state)
{
	static char subject[REPORT_SUBJECT_MAX];
	struct rig_report *r = *state;

	memset(subject, 'x', sizeof(subject));
	(void)REDIS_DO(
		r->desk.server, "SET", "rp:report:octets:20270115", "1048000");
	for (int i = 0; i < 2; i++) {
		report_rig_in(r, REPORT_JUNK);
		r->original[0].trace.ip.octet[15] = (uint8_t)i;
		r->original[0].message = slice_of("");
		r->original[0].subject = slice_make(subject, 256);
		r->original[0].message_id = slice_make(subject, 250);
		report_rig_wants(r, "counted");
		assert_int_equal(report_rig_read(r)->item[0].subject.len,
			i == 0 ? 256 : 0);
		assert_int_equal(
			r->report.item[0].message_id.len, i == 0 ? 250 : 0);
		assert_int_equal(r->report.item[0].trace_word, TRACEKEYS_VALID);
	}
}

static void past_the_tickets_of_a_day_there_are_none(void **state)
{
	struct rig_report *r = *state;
	size_t tickets[2] = { 0, 0 };

	for (int i = 0; i < 10; i++) {
		bool is_proved = i >= 5;

		report_rig_in(r, REPORT_ABUSE);
		r->original[0].trace_word = TRACEKEYS_NONE;
		if (!is_proved)
			r->filing.proof = REPORT_UNPROVEN;
		report_rig_file(r);
		tickets[is_proved] += r->filed.ticket[0] != '\0';
		assert_string_equal(
			report_state_name(report_rig_read(r)->state), "open");
	}
	assert_int_equal(tickets[0], 2);
	assert_int_equal(tickets[1], 2);
	report_rig_wants_keys(r, "rp:ticket:*:log", 4);
	/* Mail of ours is another matter. */
	report_rig_out(r, REPORT_ABUSE);
	report_rig_file(r);
	assert_string_not_equal(r->filed.ticket, "");
}

static void the_oldest_give_way(void **state)
{
	struct rig_report *r = *state;
	char first[CASE_REF_MAX];

	report_rig_file(r);
	snprintf(first, sizeof(first), "%s", r->filed.id);
	(void)REDIS_DO(r->desk.server, "ZADD", "rp:report:all", "-1", "x y");
	assert_true(REDIS_DO(r->desk.server, "EVAL",
		"for i=1,20000 do redis.call('ZADD',KEYS[1],'1800000000500',i) end",
		"1", "rp:report:all"));
	r->desk.now_ms += 1000;
	report_rig_in(r, REPORT_JUNK);
	report_rig_by(r, "ann@ann.example");
	report_rig_wants(r, "counted");
	DESK_WANTS(&r->desk, "19998", "ZCARD", "rp:report:all");
	(void)report_rig_read(r);
	desk_result(report_read(r->desk.redis, r->desk.conf, slice_of(first),
			    true, r->arena, &r->report),
		RES_MISSING);
}

/* ---- rights ---- */

/* Of etc/reprieve.acl, what stands behind the name. */
static void read_rights(char text[ACL_MAX])
{
	const char *top = getenv("top_srcdir");
	char path[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/etc/reprieve.acl",
		top != NULL ? top : ".");
	file = fopen(path, "r");
	assert_non_null(file);
	while (!found && fgets(text, ACL_MAX, file) != NULL)
		found = strncmp(text, "user reprieve-portal ", NAME_LEN) == 0;
	fclose(file);
	assert_true(found);
}

static void give_rights(struct rig_report *r)
{
	static char text[ACL_MAX];
	const char *words[WORDS_MAX] = { "ACL", "SETUSER", "portal" };
	size_t count = 3;
	char *at = text + NAME_LEN;

	read_rights(text);
	text[strcspn(text, "\n")] = '\0';
	while (*at != '\0' && count < WORDS_MAX - 1) {
		size_t len = strcspn(at, " ");

		words[count++] = at;
		at += len;
		if (*at != '\0')
			*at++ = '\0';
	}
	assert_true(redis_server_do(r->desk.server, words, NULL, 0));
}

static void the_portal_may_do_all_of_it(void **state)
{
	struct rig_report *r = *state;
	struct redis *own = r->desk.redis;
	char log[DESK_TEXT_MAX];
	struct redis *c;

	give_rights(r);
	c = dial(r, redis_server_socket(r->desk.server), "portal", "CHANGE-ME");
	r->desk.redis = c;
	report_rig_user(r, 1);
	report_rig_file(r);
	report_rig_in(r, REPORT_PHISH);
	report_rig_user(r, 2);
	report_rig_file(r);
	assert_string_equal(report_effect_name(r->filed.effect), "listed");
	(void)report_rig_read(r);
	report_rig_out(r, REPORT_JUNK);
	report_rig_file(r);
	report_rig_out(r, REPORT_JUNK);
	report_rig_by(r, "ann@ann.example");
	report_rig_file(r);
	assert_string_equal(report_effect_name(r->filed.effect), "paused");
	make_plain(r);
	report_rig_file(r);
	assert_string_not_equal(r->filed.ticket, "");
	r->desk.redis = own;
	DESK_ASK(&r->desk, log, "ACL", "LOG");
	assert_string_equal(log, "");
	redis_close(c);
}

int main(void)
{
#define TEST(text, function, up)                                             \
	{                                                                    \
		.name = (text), .test_func = (function), .setup_func = (up), \
		.teardown_func = tear_down                                   \
	}
	const struct CMUnitTest cases[] = {
		TEST("a server without room makes it wait", waits_for_room,
			set_up),
		TEST("a server that does not write makes it wait",
			waits_for_a_server_that_writes, set_up),
		TEST("without Redis it is to be tried again",
			is_told_that_redis_is_gone, set_up),
		TEST("mail that came in counts once, wherever it breaks",
			breaks_of_mail_that_came_in, set_up),
		TEST("an address is listed once, wherever it breaks",
			breaks_while_it_lists, set_up_listing),
		TEST("an account is paused once, wherever it breaks",
			breaks_while_it_pauses, set_up_listing),
		TEST("a ticket is made once, wherever it breaks",
			breaks_of_a_ticket, set_up),
		TEST("what is refused at any place is made good",
			refusals_at_any_place, set_up_listing),
		TEST("one mail that many file at once is filed once",
			many_who_file_one_mail_file_it_once, set_up),
		TEST("and so is one about an account",
			many_who_file_of_an_account_file_it_once,
			set_up_listing),
		TEST("past reports.octets_day no text is kept, and it counts",
			past_the_octets_of_a_day_no_text_is_kept, set_up_few),
		TEST("and no line of an original",
			past_them_no_line_of_it_is_kept, set_up_few),
		TEST("past reports.tickets_day there is no ticket",
			past_the_tickets_of_a_day_there_are_none, set_up_few),
		TEST("the oldest of too many reports give way",
			the_oldest_give_way, set_up),
		TEST("the portal's account in Redis may do all of it",
			the_portal_may_do_all_of_it, set_up_listing),
	};

	return cmocka_run_group_tests_name(
		"store/reportfault", cases, NULL, NULL);
}
