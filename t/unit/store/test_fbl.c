/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/fbl.h"

#include "base/arena.h"
#include "store/link.h"
#include "store/mailq.h"
#include "store/secret.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 1024 * 1024, LINE_MAX_LEN = 512 };

static const int64_t day_ms = 86400000;

struct desk {
	struct rig rig;
	struct redis *redis;
	struct secret secret;
	struct arena *arena;
	int64_t now_ms;
	struct fbl_form form;
	struct fbl_filed filed;
	char more[LINE_MAX_LEN]; /* of the last job */
};

static void wants(struct desk *d, const char *subject)
{
	assert_int_equal(
		fbl_subject_parse(slice_of(subject), &d->form.subject), RES_OK);
}

static int set_up(void **state)
{
	const struct link_request want = { .purpose = LINK_WRITE,
		.timeout_ms = 5000 };
	struct desk *d = calloc(1, sizeof(*d));
	struct endpoint server;

	assert_non_null(d);
	rig_go(&d->rig, NULL);
	assert_int_equal(
		link_open(d->rig.conf, &want, &d->redis, &server, NULL),
		RES_OK);
	memcpy(d->secret.octet, "0123456789abcdef", 16);
	d->secret.len = 16;
	d->arena = arena_new(ARENA_MAX);
	assert_non_null(d->arena);
	d->now_ms = clock_wall_ms(clock_system());
	d->form = (struct fbl_form){ .mail = slice_of("Abuse@Example.org"),
		.language = slice_of("es") };
	wants(d, "example.org");
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *d = *state;

	arena_free(d->arena);
	redis_close(d->redis);
	rig_remove(&d->rig);
	free(d);
	return 0;
}

/* ---- subjects ---- */

struct row {
	const char *text;
	enum result want;
	const char *subject;
	const char *record;
};

static void reads_a_subject(void **state)
{
	const struct row *row = *state;
	char subject[FBL_SUBJECT_MAX], record[FBL_RECORD_MAX];
	struct fbl_subject s, again;

	assert_string_equal(
		result_name(fbl_subject_parse(slice_of(row->text), &s)),
		result_name(row->want));
	if (row->want != RES_OK)
		return;
	assert_string_equal(fbl_subject_format(&s, subject), row->subject);
	assert_int_equal(fbl_record_name(&s, record), RES_OK);
	assert_string_equal(record, row->record);
	assert_int_equal(fbl_subject_parse(slice_of(subject), &again), RES_OK);
	assert_memory_equal(&s, &again, sizeof(s));
}

static void a_long_name_has_no_record(void **state)
{
	char text[HOSTNAME_MAX] = "", record[FBL_RECORD_MAX];
	struct fbl_subject s;

	(void)state;
	for (int i = 0; i < 24; i++)
		memcpy(text + 10 * i, "aaaaaaaaa.", 11);
	memcpy(text + 240, "example", 8);
	assert_int_equal(fbl_subject_parse(slice_of(text), &s), RES_OK);
	assert_string_equal(result_name(fbl_record_name(&s, record)), "toobig");
}

/* ---- helpers ---- */

static enum fbl_filing file(struct desk *d)
{
	assert_string_equal(
		result_name(fbl_file(d->redis, d->rig.conf, &d->secret,
			d->now_ms, &d->form, &d->filed)),
		"ok");
	return d->filed.filing;
}

static const char *confirm(struct desk *d)
{
	char token[TOKEN_TEXT_MAX], id[CASE_REF_MAX] = "";
	enum result res;

	assert_int_equal(
		token_make(&d->secret, TOKEN_FBL, slice_of(d->filed.id), token),
		RES_OK);
	res = fbl_confirm(
		d->redis, d->rig.conf, slice_of(token), d->now_ms, id);
	if (res == RES_OK || res == RES_EXISTS)
		assert_string_equal(id, d->filed.id);
	return result_name(res);
}

static struct fbl look_at(struct desk *d, const char *id)
{
	struct fbl f;

	assert_string_equal(result_name(fbl_read(d->redis, d->rig.conf,
				    slice_of(id), d->arena, &f)),
		"ok");
	return f;
}

static const char *state_of(struct desk *d, const char *id)
{
	return fbl_state_name(look_at(d, id).state);
}

static const char *sees(struct desk *d, const char *id, enum fbl_seen seen)
{
	const struct fbl f = look_at(d, id);

	return result_name(
		fbl_looked(d->redis, d->rig.conf, &f, seen, d->now_ms));
}

static const char *next_job(struct desk *d)
{
	const struct mailq_taking how = { .worker = slice_of("test"),
		.now_ms = d->now_ms };
	struct mailq_job job;

	if (mailq_take(d->redis, slice_of(d->rig.conf->redis.prefix), &how,
		    d->arena, &job) != RES_OK)
		return "";
	assert_int_equal(
		mailq_done(d->redis, slice_of(d->rig.conf->redis.prefix), &job),
		RES_OK);
	snprintf(d->more, sizeof(d->more), "%.*s", SLICE_ARG(job.more));
	return arena_text(d->arena, job.kind);
}

static const char *ask(struct desk *d, const char *const *argv, char *out)
{
	out[0] = '\0';
	(void)redis_server_do(d->rig.server, argv, out, LINE_MAX_LEN);
	return out;
}

#define ASK(d, out, ...) \
	ask((d), (const char *const[]){ __VA_ARGS__, NULL }, (out))

static long long number(const char *text)
{
	return strtoll(text, NULL, 10);
}

/* Who is told of mail from there, in one line. */
static const char *found(
	struct desk *d, const char *ip, const char *domain, char *out)
{
	char id[FBL_FOUND_MAX][CASE_REF_MAX];
	struct ipaddr at;
	size_t count = 99;

	if (ip != NULL)
		assert_int_equal(ipaddr_parse(&at, slice_of(ip)), RES_OK);
	assert_string_equal(
		result_name(fbl_find(d->redis, d->rig.conf,
			ip == NULL ? NULL : &at, domain, id, &count)),
		"ok");
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(out + strlen(out), LINE_MAX_LEN - strlen(out), "%s%s",
			i == 0 ? "" : " ", id[i]);
	return out;
}

static void register_now(struct desk *d, char id[CASE_REF_MAX])
{
	assert_int_equal(file(d), FBL_FILED);
	assert_string_equal(next_job(d), "fbl-link");
	assert_string_equal(confirm(d), "ok");
	assert_string_equal(sees(d, d->filed.id, FBL_SEEN_RECORD), "ok");
	assert_string_equal(next_job(d), "fbl-ready");
	assert_string_equal(state_of(d, d->filed.id), "active");
	snprintf(id, CASE_REF_MAX, "%s", d->filed.id);
}

/* ---- states ---- */

static void is_told_after_both_proofs(void **state)
{
	struct desk *d = *state;
	char got[LINE_MAX_LEN], key[LINE_MAX_LEN];
	struct fbl f;

	assert_int_equal(file(d), FBL_FILED);
	assert_string_equal(next_job(d), "fbl-link");
	snprintf(key, sizeof(key), "rp:fbl:%s", d->filed.id);
	assert_string_equal(state_of(d, d->filed.id), "new");
	assert_in_range(number(ASK(d, got, "TTL", key)), 1,
		d->rig.conf->delist.token_s);
	/* The record alone is no proof of the mailbox. */
	assert_string_equal(sees(d, d->filed.id, FBL_SEEN_RECORD), "missing");
	assert_string_equal(found(d, NULL, "example.org", got), "");
	assert_string_equal(confirm(d), "ok");
	assert_string_equal(state_of(d, d->filed.id), "confirmed");
	assert_string_equal(found(d, NULL, "example.org", got), "");
	assert_string_equal(sees(d, d->filed.id, FBL_SEEN_NONE), "ok");
	assert_string_equal(sees(d, d->filed.id, FBL_SEEN_UNKNOWN), "ok");
	assert_string_equal(state_of(d, d->filed.id), "confirmed");
	assert_string_equal(next_job(d), "");
	assert_string_equal(sees(d, d->filed.id, FBL_SEEN_RECORD), "ok");
	assert_string_equal(next_job(d), "fbl-ready");
	assert_string_equal(found(d, NULL, "example.org", got), d->filed.id);
	assert_string_equal(ASK(d, got, "TTL", key), "-1");
	f = look_at(d, d->filed.id);
	assert_string_equal(fbl_state_name(f.state), "active");
	assert_true(slice_is_equal(f.mail, slice_of("Abuse@Example.org")));
	assert_true(slice_is_equal(f.language, slice_of("es")));
	assert_int_equal(f.proved_ms, d->now_ms);
	assert_false(f.is_cfbl);
	assert_string_equal(ASK(d, got, "XLEN", "rp:audit"), "2");
}

static void a_link_confirms_once(void **state)
{
	struct desk *d = *state;

	assert_int_equal(file(d), FBL_FILED);
	assert_string_equal(confirm(d), "ok");
	assert_string_equal(confirm(d), "exists");
	d->filed.id[0] = d->filed.id[0] == '0' ? '1' : '0';
	assert_string_equal(confirm(d), "missing");
}

static void tells_of_what_is_below(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX], got[LINE_MAX_LEN];

	register_now(d, id);
	assert_string_equal(found(d, NULL, "mail.example.org", got), id);
	assert_string_equal(found(d, NULL, "a.b.c.example.org", got), id);
	assert_string_equal(found(d, NULL, "notexample.org", got), "");
	assert_string_equal(found(d, NULL, "org", got), "");
	assert_string_equal(found(d, NULL, "", got), "");
	assert_string_equal(found(d, "192.0.2.1", "", got), "");
}

static void tells_of_addresses_and_ranges(void **state)
{
	struct desk *d = *state;
	char one[CASE_REF_MAX], net[CASE_REF_MAX], six[CASE_REF_MAX];
	char got[LINE_MAX_LEN], want[LINE_MAX_LEN];

	wants(d, "192.0.2.7");
	register_now(d, one);
	wants(d, "192.0.2.0/24");
	register_now(d, net);
	wants(d, "2001:db8:1::/48");
	register_now(d, six);
	snprintf(want, sizeof(want), "%s %s", one, net);
	assert_string_equal(found(d, "192.0.2.7", "", got), want);
	assert_string_equal(found(d, "192.0.2.8", "", got), net);
	assert_string_equal(found(d, "192.0.3.7", "", got), "");
	assert_string_equal(found(d, "2001:db8:1:2::9", "", got), six);
	assert_string_equal(found(d, "2001:db8:2::9", "", got), "");
}

static void a_record_that_is_gone_ends_it_later(void **state)
{
	struct desk *d = *state;
	const int64_t recheck_ms = d->rig.conf->fbl.recheck_s * 1000LL;
	char id[CASE_REF_MAX], got[LINE_MAX_LEN];

	register_now(d, id);
	assert_string_equal(sees(d, id, FBL_SEEN_NONE), "ok");
	assert_string_equal(state_of(d, id), "active");
	d->now_ms += recheck_ms - 1000;
	assert_string_equal(sees(d, id, FBL_SEEN_NONE), "ok");
	assert_string_equal(state_of(d, id), "active");
	d->now_ms += 1000;
	assert_string_equal(sees(d, id, FBL_SEEN_UNKNOWN), "ok");
	assert_string_equal(state_of(d, id), "active");
	assert_string_equal(sees(d, id, FBL_SEEN_NONE), "ok");
	assert_string_equal(state_of(d, id), "lapsed");
	assert_string_equal(next_job(d), "fbl-lapsed");
	assert_string_equal(found(d, NULL, "example.org", got), "");
	/* And it comes back. */
	assert_string_equal(sees(d, id, FBL_SEEN_RECORD), "ok");
	assert_string_equal(state_of(d, id), "active");
	assert_string_equal(next_job(d), "fbl-ready");
	assert_string_equal(found(d, NULL, "example.org", got), id);
	assert_int_equal(look_at(d, id).gone_ms, 0);
}

static void who_proves_later_takes_its_place(void **state)
{
	struct desk *d = *state;
	char first[CASE_REF_MAX], second[CASE_REF_MAX], got[LINE_MAX_LEN];

	register_now(d, first);
	d->form.mail = slice_of("joe@example.org");
	register_now(d, second);
	assert_string_equal(state_of(d, first), "ended");
	assert_string_equal(found(d, NULL, "example.org", got), second);
	/* A look that was on its way changes nothing. */
	assert_string_equal(sees(d, first, FBL_SEEN_RECORD), "missing");
	assert_string_equal(found(d, NULL, "example.org", got), second);
	assert_string_equal(result_name(fbl_end_id(d->redis, d->rig.conf,
				    slice_of(first), slice_of("root"))),
		"exists");
	assert_string_equal(found(d, NULL, "example.org", got), second);
}

static void a_token_of_a_report_ends_it(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX], got[CASE_REF_MAX], line[LINE_MAX_LEN];
	char token[TOKEN_TEXT_MAX];

	register_now(d, id);
	assert_int_equal(
		token_make(&d->secret, TOKEN_FBL_END, slice_of(id), token),
		RES_OK);
	assert_string_equal(result_name(fbl_end(d->redis, d->rig.conf,
				    slice_of(token), got)),
		"missing"); /* no report has gone out */
	assert_int_equal(
		fbl_grant(d->redis, d->rig.conf, &d->secret, TOKEN_FBL_END,
			slice_of(id), slice_of(""), token),
		RES_OK);
	assert_string_equal(result_name(fbl_end(d->redis, d->rig.conf,
				    slice_of(token), got)),
		"ok");
	assert_string_equal(got, id);
	assert_string_equal(state_of(d, id), "ended");
	assert_string_equal(found(d, NULL, "example.org", line), "");
	assert_string_equal(result_name(fbl_end(d->redis, d->rig.conf,
				    slice_of(token), got)),
		"exists");
	/* A look that comes late does not bring it back. */
	assert_string_equal(sees(d, id, FBL_SEEN_RECORD), "missing");
	assert_string_equal(state_of(d, id), "ended");
	assert_string_equal(ASK(d, line, "ZCARD", "rp:fbl:checks"), "0");
}

/* ---- looks ---- */

static void looks_when_they_are_due(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX], got[CASE_REF_MAX] = "";

	register_now(d, id);
	assert_string_equal(
		result_name(fbl_due(d->redis, d->rig.conf, d->now_ms, got)),
		"missing");
	d->now_ms += d->rig.conf->fbl.recheck_s * 1000LL + 1;
	assert_string_equal(
		result_name(fbl_due(d->redis, d->rig.conf, d->now_ms, got)),
		"ok");
	assert_string_equal(got, id);
	assert_string_equal(
		result_name(fbl_due(d->redis, d->rig.conf, d->now_ms, got)),
		"missing"); /* another portal has it */
}

static void forgets_who_never_proved_it(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX], line[LINE_MAX_LEN], key[LINE_MAX_LEN];

	assert_int_equal(file(d), FBL_FILED);
	assert_string_equal(confirm(d), "ok");
	snprintf(key, sizeof(key), "rp:fbl:%s", d->filed.id);
	assert_in_range(number(ASK(d, line, "TTL", key)), 2500000, 2592000);
	assert_true(REDIS_DO(d->rig.server, "DEL", key));
	d->now_ms += day_ms;
	assert_string_equal(
		result_name(fbl_due(d->redis, d->rig.conf, d->now_ms, id)),
		"missing");
	assert_string_equal(ASK(d, line, "ZCARD", "rp:fbl:checks"), "0");
}

static void a_look_can_be_asked_for(void **state)
{
	struct desk *d = *state;

	assert_int_equal(file(d), FBL_FILED);
	assert_string_equal(next_job(d), "fbl-link");
	assert_string_equal(result_name(fbl_want_look(d->redis, d->rig.conf,
				    slice_of(d->filed.id), d->now_ms)),
		"missing");
	assert_string_equal(confirm(d), "ok");
	for (int i = 0; i < 3; i++)
		assert_int_equal(fbl_want_look(d->redis, d->rig.conf,
					 slice_of(d->filed.id), d->now_ms + i),
			RES_OK);
	assert_string_equal(next_job(d), "fbl-look");
	assert_string_equal(next_job(d), "");
	assert_int_equal(fbl_want_look(d->redis, d->rig.conf,
				 slice_of(d->filed.id), d->now_ms + 11000),
		RES_OK);
	assert_string_equal(next_job(d), "fbl-look");
}

static void a_record_reads_in_any_case(void **state)
{
	struct desk *d = *state;
	char want[FBL_TEXT_MAX], other[FBL_TEXT_MAX], upper[FBL_TEXT_MAX + 4];

	assert_int_equal(fbl_record_text(&d->secret,
				 slice_of("7K3M9QXB2HTD4FZ6T"), want),
		RES_OK);
	assert_int_equal(fbl_record_text(&d->secret,
				 slice_of("7K3M9QXB2HTD4FZ6A"), other),
		RES_OK);
	snprintf(upper, sizeof(upper), "  %s ", want);
	for (char *c = upper; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	assert_true(fbl_record_is(slice_of(want), want));
	assert_true(fbl_record_is(slice_of(upper), want));
	assert_false(fbl_record_is(slice_of(other), want));
	assert_false(fbl_record_is(slice_of("reprieve-fbl="), want));
	assert_false(fbl_record_is(slice_of(""), want));
}

/* ---- links and limits ---- */

static void new_links_go_to_the_mailbox(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX], got[CASE_REF_MAX];
	char one[TOKEN_TEXT_MAX], two[TOKEN_TEXT_MAX];

	register_now(d, id);
	d->form.mail = slice_of("abuse+x@EXAMPLE.org"); /* the same mailbox */
	assert_int_equal(fbl_relink(d->redis, d->rig.conf, &d->secret,
				 d->now_ms, &d->form, &d->filed),
		RES_OK);
	assert_string_equal(next_job(d), "fbl-ready");
	assert_int_equal(
		fbl_grant(d->redis, d->rig.conf, &d->secret, TOKEN_FBL_PAGE,
			slice_of(id), slice_of(d->more), one),
		RES_OK);
	assert_int_equal(
		fbl_grant(d->redis, d->rig.conf, &d->secret, TOKEN_FBL_PAGE,
			slice_of(id), slice_of("7"), two),
		RES_OK);
	assert_string_not_equal(one, two);
	assert_int_equal(fbl_of_token(d->redis, d->rig.conf, TOKEN_FBL_PAGE,
				 slice_of(one), got),
		RES_OK);
	assert_string_equal(got, id);
	assert_string_equal(result_name(fbl_of_token(d->redis, d->rig.conf,
				    TOKEN_FBL_END, slice_of(one), got)),
		"missing");
	/* Who has none is answered the same. */
	d->form.mail = slice_of("nobody@example.com");
	assert_int_equal(fbl_relink(d->redis, d->rig.conf, &d->secret,
				 d->now_ms, &d->form, &d->filed),
		RES_OK);
	assert_int_equal(d->filed.filing, FBL_FILED);
	assert_string_equal(next_job(d), "");
}

static void there_is_no_page_before_it_is_active(void **state)
{
	struct desk *d = *state;
	char token[TOKEN_TEXT_MAX];

	assert_int_equal(file(d), FBL_FILED);
	assert_string_equal(confirm(d), "ok");
	assert_string_equal(
		result_name(fbl_grant(d->redis, d->rig.conf, &d->secret,
			TOKEN_FBL_PAGE, slice_of(d->filed.id), slice_of("1"),
			token)),
		"missing");
}

static void a_mailbox_is_not_flooded(void **state)
{
	struct desk *d = *state;

	for (unsigned i = 0; i < d->rig.conf->fbl.per_mailbox; i++) {
		assert_int_equal(file(d), FBL_FILED);
		assert_string_equal(next_job(d), "fbl-link");
	}
	d->form.mail = slice_of("abuse+1@example.ORG");
	assert_int_equal(file(d), FBL_SILENT);
	assert_string_equal(next_job(d), "");
	assert_string_equal(confirm(d), "missing");
	assert_int_equal(fbl_relink(d->redis, d->rig.conf, &d->secret,
				 d->now_ms, &d->form, &d->filed),
		RES_OK);
	assert_int_equal(d->filed.filing, FBL_SILENT);
	d->now_ms += 2 * day_ms;
	assert_int_equal(file(d), FBL_FILED);
}

static void a_visitor_may_not_ask_for_ever(void **state)
{
	struct desk *d = *state;
	char mail[64];

	d->form.has_client = true;
	assert_int_equal(
		ipaddr_parse(&d->form.client, slice_of("192.0.2.7")), RES_OK);
	for (unsigned i = 0; i <= d->rig.conf->delist.per_client; i++) {
		snprintf(mail, sizeof(mail), "ann%u@example.net", i);
		d->form.mail = slice_of(mail);
		(void)file(d);
	}
	assert_int_equal(d->filed.filing, FBL_LIMITED);
	assert_true(d->filed.wait_s > 0);
}

/* ---- sending ---- */

static unsigned take(struct desk *d, const char *id, unsigned report)
{
	char name[32];
	unsigned incidents = 99;

	snprintf(name, sizeof(name), "REPORT%u.0", report);
	assert_string_equal(
		result_name(fbl_take(d->redis, d->rig.conf, slice_of(id),
			slice_of(name), d->now_ms, &incidents)),
		"ok");
	return incidents;
}

static void thins_what_is_sent(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX];
	unsigned letters = 0, stands = 0, n;

	register_now(d, id);
	for (unsigned i = 0; i < 150; i++) {
		n = take(d, id, i);
		letters += n > 0;
		stands += n;
	}
	assert_int_equal(letters, 105);
	assert_int_equal(stands, 150);
	/* A job that is done twice is answered the same, and counts once. */
	assert_int_equal(take(d, id, 3), 1);
	assert_int_equal(take(d, id, 149), 10);
	d->now_ms += day_ms;
	assert_int_equal(take(d, id, 1000), 1);
}

static void has_a_bound_for_the_day(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX];
	unsigned letters = 0;

	register_now(d, id);
	d->rig.conf->fbl.per_day = 102;
	for (unsigned i = 0; i < 300; i++)
		letters += take(d, id, i) > 0;
	assert_int_equal(letters, 102);
}

static void nothing_is_taken_for_who_is_not_active(void **state)
{
	struct desk *d = *state;
	char id[CASE_REF_MAX];
	unsigned incidents = 99;

	register_now(d, id);
	assert_int_equal(fbl_end_id(d->redis, d->rig.conf, slice_of(id),
				 slice_of("root")),
		RES_OK);
	assert_string_equal(
		result_name(fbl_take(d->redis, d->rig.conf, slice_of(id),
			slice_of("R.0"), d->now_ms, &incidents)),
		"missing");
}

static void who_asked_by_a_field_can_end_it(void **state)
{
	struct desk *d = *state;
	char one[CASE_REF_MAX], two[CASE_REF_MAX], got[LINE_MAX_LEN];
	unsigned incidents;

	assert_int_equal(fbl_of_cfbl(d->redis, d->rig.conf, &d->secret,
				 slice_of("fbl@example.com"), d->now_ms, one),
		RES_OK);
	assert_int_equal(fbl_of_cfbl(d->redis, d->rig.conf, &d->secret,
				 slice_of("fbl@EXAMPLE.com"), d->now_ms, two),
		RES_OK);
	assert_string_equal(one, two);
	assert_true(look_at(d, one).is_cfbl);
	assert_string_equal(found(d, NULL, "example.com", got), "");
	assert_int_equal(fbl_take(d->redis, d->rig.conf, slice_of(one),
				 slice_of("R.0"), d->now_ms, &incidents),
		RES_OK);
	assert_int_equal(fbl_end_id(d->redis, d->rig.conf, slice_of(one),
				 slice_of("sender")),
		RES_OK);
	assert_int_equal(fbl_of_cfbl(d->redis, d->rig.conf, &d->secret,
				 slice_of("fbl@example.com"), d->now_ms, two),
		RES_OK);
	assert_string_equal(one, two);
	assert_string_equal(state_of(d, two), "ended");
}

/* ---- several at once ---- */

enum { RUNNERS = 6, EACH_TAKES = 30 };

struct runner {
	struct desk *desk;
	pthread_t thread;
	const char *id;
	const char *token;
	unsigned number;
	unsigned confirmed, sent, stands;
	bool failed;
};

static void take_some(struct runner *r, struct redis *redis)
{
	for (unsigned i = 0; i < EACH_TAKES; i++) {
		char name[32];
		unsigned n = 0;

		snprintf(name, sizeof(name), "R%u.%u", r->number, i);
		if (fbl_take(redis, r->desk->rig.conf, slice_of(r->id),
			    slice_of(name), r->desk->now_ms, &n) != RES_OK)
			r->failed = true;
		r->sent += n > 0;
		r->stands += n;
	}
}

static void *run(void *ctx)
{
	const struct link_request want = { .purpose = LINK_WRITE,
		.timeout_ms = 20000 };
	struct runner *r = ctx;
	struct redis *redis = NULL;
	struct endpoint server;
	char id[CASE_REF_MAX];
	enum result res =
		link_open(r->desk->rig.conf, &want, &redis, &server, NULL);

	if (res == RES_OK)
		res = fbl_confirm(redis, r->desk->rig.conf, slice_of(r->token),
			r->desk->now_ms, id);
	r->confirmed = res == RES_OK;
	r->failed = res != RES_OK && res != RES_EXISTS;
	if (!r->failed && r->id != NULL)
		take_some(r, redis);
	redis_close(redis);
	return NULL;
}

/* The sum of all runners, each with a connection of its own. */
static struct runner race(struct desk *d, const char *id)
{
	struct runner all[RUNNERS], sum = { .desk = d };
	char token[TOKEN_TEXT_MAX];

	assert_int_equal(
		token_make(&d->secret, TOKEN_FBL, slice_of(d->filed.id), token),
		RES_OK);
	for (unsigned i = 0; i < RUNNERS; i++) {
		all[i] = (struct runner){
			.desk = d, .id = id, .token = token, .number = i
		};
		assert_int_equal(
			pthread_create(&all[i].thread, NULL, run, &all[i]), 0);
	}
	for (unsigned i = 0; i < RUNNERS; i++) {
		pthread_join(all[i].thread, NULL);
		sum.confirmed += all[i].confirmed;
		sum.sent += all[i].sent;
		sum.stands += all[i].stands;
		assert_false(all[i].failed);
	}
	return sum;
}

static void one_of_many_confirms(void **state)
{
	struct desk *d = *state;
	char got[LINE_MAX_LEN];

	assert_int_equal(file(d), FBL_FILED);
	assert_int_equal(race(d, NULL).confirmed, 1);
	assert_string_equal(state_of(d, d->filed.id), "confirmed");
	assert_string_equal(ASK(d, got, "XLEN", "rp:audit"), "1");
}

static void many_who_send_count_right(void **state)
{
	struct desk *d = *state;
	struct fbl_sent sent;
	struct runner sum;
	char id[CASE_REF_MAX];

	register_now(d, id);
	sum = race(d, id); /* 180 reports */
	assert_int_equal(sum.sent, 108);
	assert_int_equal(sum.stands, 180);
	assert_int_equal(
		fbl_sent(d->redis, d->rig.conf, slice_of(id), d->now_ms, &sent),
		RES_OK);
	assert_int_equal(sent.seen, 180);
	assert_int_equal(sent.sent, 108);
	assert_int_equal(sent.held, 72);
}

struct listed {
	size_t count;
	char first[CASE_REF_MAX];
};

static void note(void *ctx, const struct fbl *f)
{
	struct listed *l = ctx;

	if (l->count++ == 0)
		snprintf(l->first, sizeof(l->first), "%s", f->id);
}

static void lists_who_confirmed(void **state)
{
	struct desk *d = *state;
	char one[CASE_REF_MAX], two[CASE_REF_MAX];
	struct listed l = { 0 };
	const struct fbl_listing how = { .most = 10, .each = note, .ctx = &l };

	register_now(d, one);
	d->now_ms += 1000;
	wants(d, "example.com");
	register_now(d, two);
	wants(d, "example.net");
	assert_int_equal(file(d), FBL_FILED);
	assert_int_equal(fbl_list(d->redis, d->rig.conf, &how), RES_OK);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.first, two);
}

static void nothing_happens_without_redis(void **state)
{
	struct desk *d = *state;
	char id[FBL_FOUND_MAX][CASE_REF_MAX];
	size_t count;

	assert_int_equal(file(d), FBL_FILED);
	redis_server_kill(d->rig.server);
	assert_string_equal(confirm(d), "down");
	assert_string_equal(result_name(fbl_find(d->redis, d->rig.conf, NULL,
				    "example.org", id, &count)),
		"down");
}

#define ROW(name, text, want, subject, record) \
	CASE(name, reads_a_subject,            \
		(&(struct row){ text, want, subject, record }))
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("a domain", "Example.ORG.", RES_OK, "domain:example.org",
			"_reprieve-fbl.example.org"),
		ROW("one IPv4 address", " 192.0.2.1 ", RES_OK, "net:192.0.2.1",
			"_reprieve-fbl.1.2.0.192.in-addr.arpa"),
		ROW("a /24", "192.0.2.77/24", RES_OK, "net:192.0.2.0/24",
			"_reprieve-fbl.2.0.192.in-addr.arpa"),
		ROW("one IPv6 address is its /64", "2001:db8:1:2::3", RES_OK,
			"net:2001:db8:1:2::/64",
			"_reprieve-fbl.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2."
			"ip6.arpa"),
		ROW("a /48", "2001:DB8:1::/48", RES_OK, "net:2001:db8:1::/48",
			"_reprieve-fbl.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
		ROW("a /23 is too wide", "192.0.2.0/23", RES_RANGE, "", ""),
		ROW("a /25 is no zone", "192.0.2.0/25", RES_RANGE, "", ""),
		ROW("a /32 of IPv6 is too wide", "2001:db8::/32", RES_RANGE, "",
			""),
		ROW("a top level", "org", RES_RANGE, "", ""),
		ROW("no name", "not a name", RES_SYNTAX, "", ""),
		ROW("a mail address", "joe@example.org", RES_SYNTAX, "", ""),
		ROW("nothing", "", RES_SYNTAX, "", ""),
		cmocka_unit_test(a_long_name_has_no_record),
		TEST(is_told_after_both_proofs),
		TEST(a_link_confirms_once),
		TEST(tells_of_what_is_below),
		TEST(tells_of_addresses_and_ranges),
		TEST(a_record_that_is_gone_ends_it_later),
		TEST(who_proves_later_takes_its_place),
		TEST(a_token_of_a_report_ends_it),
		TEST(looks_when_they_are_due),
		TEST(forgets_who_never_proved_it),
		TEST(a_look_can_be_asked_for),
		TEST(a_record_reads_in_any_case),
		TEST(new_links_go_to_the_mailbox),
		TEST(there_is_no_page_before_it_is_active),
		TEST(a_mailbox_is_not_flooded),
		TEST(a_visitor_may_not_ask_for_ever),
		TEST(thins_what_is_sent),
		TEST(has_a_bound_for_the_day),
		TEST(nothing_is_taken_for_who_is_not_active),
		TEST(who_asked_by_a_field_can_end_it),
		TEST(one_of_many_confirms),
		TEST(many_who_send_count_right),
		TEST(lists_who_confirmed),
		TEST(nothing_happens_without_redis),
	};

	return cmocka_run_group_tests_name("store/fbl", cases, NULL, NULL);
}
