/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkim.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "mail/base64.h"
#include "support/case.h"
#include "support/fake_dns.h"
#include "unit/auth/letter.h"
#include "unit/auth/signer.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NOW = 1700000000,
	SIGNS_MAX = 4,
	PIECE_MAX = 65535,
	KEYS_MAX = 2,
	LONG_BODY = 30 << 20
};

#define HEADER                                                   \
	"From: Joe <joe@example.org>\r\nTo: ann@example.net\r\n" \
	"Subject:  Dinner \t tonight\r\n at eight\r\n"           \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700\r\n"
#define BODY "Hi  there. \r\n\r\nCome\tsoon\r\n"

#define WHO " a=rsa-sha256; d=example.org; s=s1;"
#define END "; bh=$; b=$"
#define H " h=From:To:Subject"
#define RELAXED "v=1; c=relaxed/relaxed;" WHO H END
#define SIMPLE "v=1;" WHO H END
#define ONE "d=example.org s=s1 "
#define PASS "pass|" ONE "pass"
#define FAIL_BODY "fail|" ONE "fail: the body is not what was signed"
#define FAIL_HEADER "fail|" ONE "fail: the header is not what was signed"

/* Made once: keys take a while. */
struct keys {
	struct signer *rsa; /* s1, 1,024 bits */
	struct signer *longer; /* s2, 2,048 bits */
	struct signer *ed25519; /* e1 */
	struct dkim_service *service;
};

static struct keys keys;

struct row {
	const char *header; /* NULL: HEADER */
	const char *body; /* NULL: BODY */
	const char *sign[SIGNS_MAX]; /* tags, the first ends up on top */
	const char *find, *put; /* what happens on the way; NULL: nothing */
	const char *record; /* of s1, "$" is its key; NULL: plain */
	const char *type; /* of that record; NULL: TXT */
	unsigned signatures_max, min_key_bits, max_key_bits;
	const char *shown; /* "DETAIL|EVIDENCE" */
};

/* ---- a message on its way ---- */

static const struct signer *signer_for(const char *tags)
{
	if (strstr(tags, "s=s2") != NULL)
		return keys.longer;
	return strstr(tags, "s=e1") != NULL ? keys.ed25519 : keys.rsa;
}

static char *replace(const char *text, const char *find, const char *put)
{
	const char *at = strstr(text, find);
	struct buf out;
	char *copy;

	assert_non_null(at);
	buf_init(&out, 1 << 20);
	buf_add(&out, slice_make(text, (size_t)(at - text)));
	buf_add_text(&out, put);
	buf_add_text(&out, at + strlen(find));
	copy = strdup(buf_text(&out));
	buf_clear(&out);
	return copy;
}

static struct letter *write_letter(const struct row *row)
{
	struct buf bare, all;
	struct letter *l;
	char *text;

	buf_init(&bare, 1 << 20);
	buf_init(&all, 1 << 20);
	buf_add_format(&bare, "%s\r\n%s",
		row->header == NULL ? HEADER : row->header,
		row->body == NULL ? BODY : row->body);
	for (size_t i = 0; i < SIGNS_MAX && row->sign[i] != NULL; i++) {
		char *field = signer_sign(signer_for(row->sign[i]),
			row->sign[i], buf_slice(&bare));

		buf_add_text(&all, field);
		free(field);
	}
	buf_add(&all, buf_slice(&bare));
	text = row->find == NULL ? strdup(buf_text(&all))
				 : replace(buf_text(&all), row->find, row->put);
	l = letter_new(slice_of(text));
	free(text);
	buf_clear(&bare);
	buf_clear(&all);
	return l;
}

static struct fake_dns *publish(const struct row *row)
{
	struct fake_dns *dns = fake_dns_new(NULL);
	const char *record =
		row->record == NULL ? signer_record(keys.rsa) : row->record;
	char *text = strchr(record, '$') == NULL
		? strdup(record)
		: replace(record, "$", signer_key(keys.rsa));

	fake_dns_add(dns, "s1._domainkey.example.org",
		row->type == NULL ? "TXT" : row->type, text);
	fake_dns_add(dns, "s2._domainkey.example.org", "TXT",
		signer_record(keys.longer));
	fake_dns_add(dns, "e1._domainkey.example.org", "TXT",
		signer_record(keys.ed25519));
	fake_dns_add(dns, "s1._domainkey.example.net", "TXT",
		signer_record(keys.rsa));
	free(text);
	return dns;
}

struct run {
	struct letter *letter;
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct conf conf;
	struct conn conn;
	struct auth_facts auth;
	struct findings found;
	struct check_input in;
	void *state;
	bool wants_body;
};

static void start_with(
	struct run *r, struct letter *letter, struct fake_dns *dns)
{
	const struct asker_limits limits = { 40, 1000 };

	*r = (struct run){ .letter = letter, .dns = dns };
	r->asker = asker_new(fake_dns_source(dns), &limits, clock_system());
	r->arena = arena_new(65536);
	r->conf.dkim = (struct conf_dkim){ AUTH_DKIM_MAX, 1024, 4096, 300 };
	(void)snprintf(r->conn.id, sizeof(r->conn.id), "0123456789abcdef");
	r->in = (struct check_input){ .conf = &r->conf,
		.conn = &r->conn,
		.message = &letter->message,
		.auth = &r->auth,
		.dns = r->asker,
		.arena = r->arena,
		.wall_s = NOW,
		.service = keys.service,
		.state = &r->state };
	r->wants_body = true;
}

static void start(struct run *r, const struct row *row)
{
	start_with(r, write_letter(row), publish(row));
	if (row->signatures_max > 0)
		r->conf.dkim.signatures_max = row->signatures_max;
	if (row->min_key_bits > 0)
		r->conf.dkim.min_key_bits = row->min_key_bits;
	if (row->max_key_bits > 0)
		r->conf.dkim.max_key_bits = row->max_key_bits;
}

static void send_body(struct run *r, size_t piece)
{
	for (size_t at = 0; r->wants_body && at < r->letter->body.len;
		at += piece)
		r->wants_body = dkim_check_body(
			&r->in, slice_part(r->letter->body, at, piece));
}

static void finish(struct run *r)
{
	r->in.body_ended = true;
	while (dkim_check_step(&r->in, &r->found) == CHECK_WAITING)
		asker_expire(r->asker);
}

static void stop(struct run *r)
{
	if (r->state != NULL)
		dkim_check_clear(r->state);
	asker_free(r->asker);
	fake_dns_free(r->dns);
	arena_free(r->arena);
	letter_free(r->letter);
}

/* As a session does it, with the body in pieces of that size. */
static void go(struct run *r, size_t piece)
{
	(void)dkim_check_step(&r->in, NULL);
	send_body(r, piece);
	finish(r);
}

static void assert_shown(const struct run *r, const char *want)
{
	struct buf shown;

	buf_init(&shown, 4096);
	assert_int_equal(r->found.count, 1);
	assert_string_equal(r->found.item[0].check, "dkim");
	assert_true(r->auth.dkim_is_known);
	buf_add_format(&shown, "%s|%.*s", r->found.item[0].detail,
		SLICE_ARG(r->found.item[0].evidence));
	assert_string_equal(buf_text(&shown), want);
	buf_clear(&shown);
}

/* ---- rows ---- */

static void judges(void **state)
{
	const struct row *row = *state;
	struct run r;

	start(&r, row);
	go(&r, PIECE_MAX);
	assert_shown(&r, row->shown);
	stop(&r);
}

/* Wherever the MTA cuts the body, the result is the same. */
static void judges_in_pieces(void **state)
{
	const struct row *row = *state;
	size_t len = strlen(row->body == NULL ? BODY : row->body);
	struct run r;

	for (size_t piece = 1; piece <= len; piece++) {
		start(&r, row);
		go(&r, piece);
		assert_shown(&r, row->shown);
		stop(&r);
	}
	for (size_t cut = 1; cut < len; cut++) {
		start(&r, row);
		(void)dkim_check_step(&r.in, NULL);
		r.wants_body = dkim_check_body(
			&r.in, slice_part(r.letter->body, 0, cut));
		if (r.wants_body)
			r.wants_body = dkim_check_body(
				&r.in, slice_part(r.letter->body, cut, len));
		finish(&r);
		assert_shown(&r, row->shown);
		stop(&r);
	}
}

/* ---- what takes more than a row ---- */

static const struct row plain = { .sign = { RELAXED }, .shown = PASS };
static const struct row unsigned_row = { .shown = "none|no signature" };

static void asks_for_all_keys_at_the_end_of_the_header(void **state)
{
	static const struct row row = {
		.sign = { RELAXED, SIMPLE,
			"v=1; a=rsa-sha256; "
			"d=example.org; s=s2;" H END }
	};
	struct run r;

	(void)state;
	start(&r, &row);
	fake_dns_hold(r.dns, true);
	assert_int_equal(dkim_check_step(&r.in, NULL), CHECK_WAITING);
	/* Two of them have the same key. */
	assert_int_equal(fake_dns_asked(r.dns), 2);
	send_body(&r, PIECE_MAX);
	assert_true(r.wants_body);
	r.in.body_ended = true;
	assert_int_equal(dkim_check_step(&r.in, &r.found), CHECK_WAITING);
	assert_int_equal(r.found.count, 0);
	assert_false(r.auth.dkim_is_known);
	assert_int_equal(fake_dns_let_go(r.dns), 2);
	assert_int_equal(dkim_check_step(&r.in, &r.found), CHECK_DONE);
	assert_shown(
		&r, "pass|" ONE "pass; " ONE "pass; d=example.org s=s2 pass");
	stop(&r);
}

static void asks_nothing_about_an_unsigned_message(void **state)
{
	struct run r;

	(void)state;
	start(&r, &unsigned_row);
	assert_int_equal(dkim_check_step(&r.in, NULL), CHECK_DONE);
	assert_null(r.state);
	assert_false(dkim_check_body(&r.in, r.letter->body));
	finish(&r);
	assert_int_equal(fake_dns_asked(r.dns), 0);
	assert_shown(&r, "none|no signature");
	assert_int_equal(r.auth.dkim_count, 0);
	stop(&r);
}

static void asks_nothing_about_what_it_will_not_verify(void **state)
{
	static const struct row row = {
		.sign = { "v=1; a=rsa-sha1; d=example.org; s=s1;" H END }
	};
	struct run r;

	(void)state;
	start(&r, &row);
	assert_int_equal(dkim_check_step(&r.in, NULL), CHECK_DONE);
	assert_false(dkim_check_body(&r.in, r.letter->body));
	finish(&r);
	assert_int_equal(fake_dns_asked(r.dns), 0);
	assert_shown(&r, "permerror|" ONE "permerror: rsa-sha1 proves nothing");
	stop(&r);
}

static void tells_the_facts_of_a_signature(void **state)
{
	static const struct row row = {
		.sign = { "v=1; a=rsa-sha256; d=Example.ORG; s=S1; "
			  "i=joe@Sub.Example.org; x=4000000000;" H
			  "; l=10" END },
		.record = "v=DKIM1; t=y; p=$",
	};
	const struct dkim_fact *f;
	struct run r;

	(void)state;
	start(&r, &row);
	go(&r, PIECE_MAX);
	assert_int_equal(r.auth.dkim_count, 1);
	f = &r.auth.dkim[0];
	assert_string_equal(auth_result_name(f->result), "policy");
	assert_true(slice_is_equal(f->domain, slice_of("example.org")));
	assert_true(slice_is_equal(f->selector, slice_of("s1")));
	assert_true(
		slice_is_equal(f->identity, slice_of("joe@Sub.Example.org")));
	assert_true(slice_is_equal(f->algorithm, slice_of("rsa-sha256")));
	assert_int_equal(f->b.len, 8);
	assert_int_equal(f->key_bits, 1024);
	assert_true(f->is_testing);
	assert_true(f->is_partial);
	assert_false(f->is_key_secure);
	assert_int_equal(f->expires_s, 4000000000);
	stop(&r);
}

static void outcome_follows_the_result(void **state)
{
	static const struct {
		const char *record, *type;
		enum outcome want;
	} rows[] = {
		{ NULL, NULL, OUTCOME_MISS },
		{ "", "SERVFAIL", OUTCOME_UNKNOWN },
		{ "v=DKIM1; p=", NULL, OUTCOME_HIT },
	};
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row row = plain;

		row.record = rows[i].record;
		row.type = rows[i].type;
		start(&r, &row);
		go(&r, PIECE_MAX);
		assert_string_equal(outcome_name(r.found.item[0].outcome),
			outcome_name(rows[i].want));
		assert_true(slice_is_equal(
			r.found.item[0].subject, slice_of("example.org")));
		stop(&r);
	}
}

/* The field that the MTA may have cut, or NULL: the header is. */
static void judge_cut(
	const struct row *row, const char *name, const char *shown)
{
	struct run r;

	start(&r, row);
	r.letter->message.is_header_partial = name == NULL;
	for (size_t i = 0; name != NULL && i < r.letter->message.field_count;
		i++)
		if (slice_is_equal(r.letter->field[i].name, slice_of(name)))
			r.letter->field[i].is_cut = true;
	go(&r, PIECE_MAX);
	assert_shown(&r, shown);
	assert_int_equal(r.auth.dkim_count, 1);
	stop(&r);
}

static void a_cut_field_proves_nothing(void **state)
{
	static const struct row changed = {
		.sign = { RELAXED }, .find = "Dinner", .put = "Supper"
	};

	(void)state;
	judge_cut(&changed, "Subject",
		"neutral|" ONE "neutral: a signed field may have been cut");
	judge_cut(&changed, "Date", FAIL_HEADER);
	/* What verifies is all here, however long it is. */
	judge_cut(&plain, "Subject", PASS);
}

static void a_partial_header_proves_nothing(void **state)
{
	(void)state;
	judge_cut(&plain, NULL,
		"neutral|" ONE
		"neutral: the header is not here as it was sent");
	judge_cut(&unsigned_row, NULL,
		"neutral|neutral: the header is not here as it was sent");
}

static void a_nul_in_a_signed_field_is_a_fault(void **state)
{
	struct run r;

	(void)state;
	start(&r, &plain);
	*strstr(strstr(r.letter->text, "Subject"), "Dinner") = '\0';
	go(&r, PIECE_MAX);
	assert_shown(
		&r, "permerror|" ONE "permerror: a signed field has a NUL");
	stop(&r);
}

static void without_a_resolver_nothing_is_told(void **state)
{
	struct run r;

	(void)state;
	start(&r, &plain);
	r.in.dns = NULL;
	go(&r, PIECE_MAX);
	assert_shown(&r, "temperror|" ONE "temperror: there is no resolver");
	stop(&r);
}

static void without_the_library_nothing_is_told(void **state)
{
	struct run r;

	(void)state;
	start(&r, &plain);
	r.in.service = NULL;
	go(&r, PIECE_MAX);
	assert_shown(&r, "temperror|" ONE "temperror: there is no libopendkim");
	stop(&r);
}

static void a_body_that_went_by_unseen_is_not_judged(void **state)
{
	struct run r;

	(void)state;
	start(&r, &plain);
	finish(&r);
	assert_shown(&r,
		"temperror|temperror: its signatures could not be looked at");
	stop(&r);
}

static void silence_is_no_failure(void **state)
{
	struct run r;

	(void)state;
	start(&r, &plain);
	fake_dns_hold(r.dns, true);
	go(&r, PIECE_MAX);
	assert_shown(&r, "temperror|" ONE "temperror: no answer in time");
	stop(&r);
}

/* Whoever hangs up leaves nothing behind: the sanitizer says so. */
static void may_be_cleared_at_each_stage(void **state)
{
	struct run r;

	(void)state;
	for (int stage = 0; stage < 5; stage++) {
		start(&r, &plain);
		fake_dns_hold(r.dns, true);
		if (stage > 0)
			(void)dkim_check_step(&r.in, NULL);
		if (stage > 1)
			assert_true(dkim_check_body(
				&r.in, slice_part(r.letter->body, 0, 5)));
		r.in.body_ended = stage > 2;
		if (stage > 2)
			assert_int_equal(dkim_check_step(&r.in, &r.found),
				CHECK_WAITING);
		if (stage > 3)
			finish(&r);
		stop(&r);
	}
}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_in_use(void)
{
	return __sanitizer_get_current_allocated_bytes != NULL
		? __sanitizer_get_current_allocated_bytes()
		: mallinfo2().uordblks;
}

static void hashes_a_long_body_in_constant_memory(void **state)
{
	static const char line[] = "A line of  a body that is long \r\n";
	char piece[(sizeof(line) - 1) * 1000];
	struct run r;
	size_t before, len = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(piece); i++)
		piece[i] = line[i % (sizeof(line) - 1)];
	start(&r, &plain);
	(void)dkim_check_step(&r.in, NULL);
	assert_true(dkim_check_body(&r.in, slice_make(piece, sizeof(piece))));
	before = heap_in_use();
	for (; len < LONG_BODY; len += sizeof(piece))
		assert_true(dkim_check_body(
			&r.in, slice_make(piece, sizeof(piece))));
	assert_true(heap_in_use() <= before + 4096);
	finish(&r);
	assert_shown(&r, FAIL_BODY);
	stop(&r);
}

/* libopendkim writes behind a list when h= leaves it no field. */
static void a_list_of_all_fields_harms_nobody(void **state)
{
	static const struct row row = {
		.header = "From: a@example.org\r\nTo: b@example.net\r\n",
		.sign = { "v=1; a=rsa-sha256; d=example.org; s=s1; "
			  "h=from:to:dkim-signature:x:y:z" END },
		.shown = "neutral|" ONE "neutral: h= names signatures, which "
			 "our library cannot do",
	};
	struct run r;

	(void)state;
	start(&r, &row);
	go(&r, PIECE_MAX);
	assert_shown(&r, row.shown);
	assert_int_equal(fake_dns_asked(r.dns), 0);
	stop(&r);
}

static void reads_a_key_record_of_2200_octets(void **state)
{
	struct row row = plain;
	struct buf text;

	(void)state;
	buf_init(&text, 4000);
	buf_add_text(&text, "v=DKIM1; n=");
	while (text.len < 2200)
		buf_add_text(&text, "long ");
	buf_add_text(&text, "; p=$");
	row.record = buf_text(&text);
	judges((void *[]){ &row });
	buf_clear(&text);
}

/* 57,600 octets, in blanks: joined, squeezed and decoded it takes thrice. */
static void publish_a_huge_key(struct fake_dns *dns)
{
	struct buf text;

	buf_init(&text, 65000);
	buf_add_text(&text, "v=DKIM1; p=");
	while (text.len < 57600)
		buf_add_text(&text, "AAAA AAAA ");
	fake_dns_add(dns, "h1._domainkey.example.net", "TXT", buf_text(&text));
	buf_clear(&text);
}

/* A forger puts them above the signature that he forges. */
static void huge_keys_spoil_no_other_signature(void **state)
{
	struct row row = plain;
	struct buf put;
	struct run r;

	(void)state;
	buf_init(&put, 8000);
	for (int i = 0; i < 9; i++)
		buf_add_text(&put,
			"DKIM-Signature: v=1; a=rsa-sha256; d=example.net; "
			"s=h1; h=from; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/"
			"XKdLCPjaYaY=; b=AAAA\r\n");
	buf_add_text(&put, "DKIM-Signature:");
	row.find = "DKIM-Signature:";
	row.put = buf_text(&put);
	start(&r, &row);
	publish_a_huge_key(r.dns);
	go(&r, PIECE_MAX);
	assert_int_equal(r.auth.dkim_count, 10);
	assert_string_equal(auth_result_name(r.auth.dkim[0].result),
		auth_result_name(AUTH_PERMERROR));
	assert_string_equal(auth_result_name(r.auth.dkim[9].result),
		auth_result_name(AUTH_PASS));
	stop(&r);
	buf_clear(&put);
}

/* Or it would be worth a forger's while to ask for many. */
static void a_key_too_many_is_not_a_failure_of_dns(void **state)
{
	static const struct row row = {
		.sign = { RELAXED,
			"v=1; a=rsa-sha256; d=example.org; s=s2;" H END },
	};
	struct run r;

	(void)state;
	start(&r, &row);
	asker_mark(r.asker);
	asker_own(r.asker, 1, 3);
	/* The key that is asked for is late, too. */
	fake_dns_hold(r.dns, true);
	go(&r, PIECE_MAX);
	assert_int_equal(fake_dns_asked(r.dns), 1);
	assert_string_equal(auth_result_name(r.auth.dkim[0].result),
		auth_result_name(AUTH_TEMPERROR));
	assert_string_equal(auth_result_name(r.auth.dkim[1].result),
		auth_result_name(AUTH_NEUTRAL));
	stop(&r);
}

static void reads_a_key_without_its_frame(void **state)
{
	struct row row = plain;
	struct slice der, base64;
	struct arena *a = arena_new(8192);
	struct buf text;

	(void)state;
	/* SubjectPublicKeyInfo of 1,024 bits has 22 octets in front of it. */
	assert_int_equal(
		base64_decode(slice_of(signer_key(keys.rsa)), a, &der), RES_OK);
	assert_int_equal(
		base64_encode(slice_part(der, 22, der.len), a, &base64),
		RES_OK);
	buf_init(&text, 4000);
	buf_add_format(&text, "v=DKIM1; p=%.*s", SLICE_ARG(base64));
	row.record = buf_text(&text);
	judges((void *[]){ &row });
	buf_clear(&text);
	arena_free(a);
}

/* ---- signed by others ---- */

struct sample {
	const char *letter; /* of LETTER.eml and ZONE.zone below t/data/dkim */
	const char *zone;
	const char *shown;
};

/* "name TXT text" a line */
static struct fake_dns *load_zone(const char *path)
{
	struct fake_dns *dns = fake_dns_new(NULL);
	struct slice rest, line, name, type;
	struct buf text;

	buf_init(&text, 1 << 20);
	assert_int_equal(file_read(path, &text), RES_OK);
	rest = buf_slice(&text);
	while (slice_cut(&rest, '\n', &line)) {
		char *owned[2];

		assert_true(slice_cut(&line, ' ', &name));
		assert_true(slice_cut(&line, ' ', &type));
		owned[0] = strndup(name.at, name.len);
		owned[1] = strndup(line.at, line.len);
		fake_dns_add(dns, owned[0], "TXT", owned[1]);
		free(owned[0]);
		free(owned[1]);
	}
	buf_clear(&text);
	return dns;
}

static void judges_a_sample(void **state)
{
	const struct sample *sample = *state;
	const char *top = getenv("top_srcdir");
	char name[200], zone[800];
	struct run r;

	(void)snprintf(name, sizeof(name), "dkim/%s.eml", sample->letter);
	(void)snprintf(zone, sizeof(zone), "%s/t/data/dkim/%s.zone",
		top == NULL ? "." : top, sample->zone);
	start_with(&r, letter_load(name), load_zone(zone));
	go(&r, PIECE_MAX);
	assert_shown(&r, sample->shown);
	stop(&r);
}

#define ROW(name, ...) CASE(name, judges, (&(struct row){ __VA_ARGS__ }))
#define PIECES(name, ...) \
	CASE(name, judges_in_pieces, (&(struct row){ __VA_ARGS__ }))
#define KEY(name, text, want) \
	ROW(name, .sign = { RELAXED }, .record = text, .shown = want)
#define OTHER(name, file, want) \
	CASE(name, judges_a_sample, (&(struct sample){ file, "others", want }))
#define SAMPLE(name, file, want) \
	CASE(name, judges_a_sample, (&(struct sample){ file, file, want }))
#define PERM(why) "permerror|" ONE "permerror: " why
int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("a relaxed signature passes", .sign = { RELAXED },
			.shown = PASS),
		ROW("a simple signature passes", .sign = { SIMPLE },
			.shown = PASS),
		ROW("a relaxed header goes with a simple body",
			.sign = { "v=1; c=relaxed;" WHO H END }, .shown = PASS),
		ROW("a simple header goes with a relaxed body",
			.sign = { "v=1; c=simple/relaxed;" WHO H END },
			.shown = PASS),
		ROW("a key of 2,048 bits passes",
			.sign = { "v=1; a=rsa-sha256; d=example.org; s=s2;" H
					END },
			.shown = "pass|d=example.org s=s2 pass"),
		ROW("an Ed25519 signature passes",
			.sign = { "v=1; a=ed25519-sha256; d=example.org; "
				  "s=e1;" H END },
			.shown = "pass|d=example.org s=e1 pass"),
		ROW("a folded signature passes",
			.sign = { "v=1; c=relaxed/simple;\r\n\ta=rsa-sha256;"
				  "\r\n\td=example.org;\r\n\ts=s1; h=From :\r\n"
				  "\tTo : Subject;\r\n\tbh=$;\r\n\t b=$" },
			.shown = PASS),
		ROW("a changed body fails", .sign = { RELAXED }, .find = "soon",
			.put = "sooner", .shown = FAIL_BODY),
		ROW("a line put behind the body fails", .sign = { SIMPLE },
			.find = "soon\r\n", .put = "soon\r\nor not\r\n",
			.shown = FAIL_BODY),
		ROW("a changed field fails", .sign = { RELAXED },
			.find = "Dinner", .put = "Lunch", .shown = FAIL_HEADER),
		ROW("a changed signature fails", .sign = { RELAXED },
			.find = "c=relaxed/relaxed;",
			.put = "c=relaxed/relaxed; q=dns/txt;",
			.shown = FAIL_HEADER),
		ROW("blanks do not matter to a relaxed header",
			.sign = { RELAXED }, .find = "Subject:  Dinner \t ",
			.put = "subject: Dinner\r\n\t", .shown = PASS),
		ROW("blanks matter to a simple header", .sign = { SIMPLE },
			.find = "Subject:  Dinner", .put = "Subject: Dinner",
			.shown = FAIL_HEADER),
		ROW("the case of names matters to a simple header",
			.sign = { SIMPLE }, .find = "Subject:",
			.put = "subject:", .shown = FAIL_HEADER),
		ROW("blanks do not matter to a relaxed body",
			.sign = { RELAXED }, .find = "Come\tsoon",
			.put = "Come  soon ", .shown = PASS),
		ROW("blanks matter to a simple body", .sign = { SIMPLE },
			.find = "Come\tsoon", .put = "Come soon",
			.shown = FAIL_BODY),
		ROW("empty lines at the end do not matter",
			.sign = { SIMPLE, RELAXED }, .find = "soon\r\n",
			.put = "soon\r\n\r\n\r\n",
			.shown = "pass|" ONE "pass; " ONE "pass"),
		PIECES("a body may be empty", .body = "",
			.sign = { SIMPLE, RELAXED },
			.shown = "pass|" ONE "pass; " ONE "pass"),
		PIECES("a body may be of empty lines only", .body = "\r\n\r\n",
			.sign = { SIMPLE, RELAXED },
			.shown = "pass|" ONE "pass; " ONE "pass"),
		PIECES("a body may be of blanks only",
			.body = " \r\n\t\r\n \r\n", .sign = { SIMPLE, RELAXED },
			.shown = "pass|" ONE "pass; " ONE "pass"),
		PIECES("a body may be cut at each octet",
			.body = "a  b \r\n\r\n \t\r\n\tc\r\n\r\n.. d\t\r\n\r\n",
			.sign = { SIMPLE, RELAXED },
			.shown = "pass|" ONE "pass; " ONE "pass"),
		PIECES("a body may lack its last CRLF",
			.body = "first \r\nno end ",
			.sign = { SIMPLE, RELAXED },
			.shown = "pass|" ONE "pass; " ONE "pass"),
		PIECES("a body may be of any octets",
			.body = "\377\200 caf\303\251\001\r\n\013\014\r\n",
			.sign = { SIMPLE, RELAXED },
			.shown = "pass|" ONE "pass; " ONE "pass"),
		PIECES("a CR or an LF of its own is an octet like others",
			.body = "\na\nb\rc\r\n\r\r\n\n\r\n\r d\r\n\ne\r",
			.sign = { SIMPLE, RELAXED },
			.shown = "pass|" ONE "pass; " ONE "pass"),
		ROW("a CR put into a body is seen", .sign = { RELAXED },
			.find = "Come", .put = "Co\rme", .shown = FAIL_BODY),
		ROW("an LF put into a body is seen", .sign = { SIMPLE },
			.find = "Come", .put = "Come\n", .shown = FAIL_BODY),
		ROW("a CR put before a CRLF is seen", .sign = { SIMPLE },
			.find = "Come", .put = "\r\r\nCome",
			.shown = FAIL_BODY),
		ROW("a field that h= does not name may be changed",
			.sign = { RELAXED }, .find = "Date: Fri",
			.put = "Date: Sat", .shown = PASS),
		ROW("h= may name fields that are not there",
			.sign = { "v=1; c=relaxed;" WHO
				  " h=From:From:To:Subject:Subject:Cc" END },
			.shown = PASS),
		ROW("a field that was signed as missing must stay so",
			.sign = { "v=1; c=relaxed;" WHO
				  " h=From:From:To:Subject:Subject" END },
			.find = "From: Joe",
			.put = "From: eve@x.org\r\n"
			       "From: Joe",
			.shown = FAIL_HEADER),
		ROW("a field on top of the one that is signed is not covered",
			.sign = { RELAXED }, .find = "Subject:",
			.put = "Subject: other\r\nSubject:", .shown = PASS),
		ROW("a field below the one that is signed takes its place",
			.sign = { RELAXED }, .find = "Date:",
			.put = "Subject: other\r\nDate:", .shown = FAIL_HEADER),
		ROW("fields of one name are taken from the bottom up",
			.header = "X: 1\r\nX: 2\r\nFrom: a@example.org\r\n"
				  "X: 3\r\n",
			.sign = { "v=1;" WHO " h=x:From:X:X" END },
			.shown = PASS),
		ROW("a message without From may be signed all the same",
			.header = "To: b@example.net\r\n", .sign = { RELAXED },
			.shown = PASS),
		ROW("one that passes is enough",
			.sign = { RELAXED,
				"v=1; a=rsa-sha256; d=example.net; s=s1;" H
					END },
			.find = "b=", .put = "b=AAAA",
			.shown = "pass|" ONE
				 "fail: the header is not what was signed; "
				 "d=example.net s=s1 pass"),
		ROW("a failure tells more than a fault",
			.sign = { "v=2;" WHO H END, RELAXED }, .find = "soon",
			.put = "late",
			.shown = "fail|" ONE "permerror: v= is not 1; " ONE
				 "fail: the body is not what was signed"),
		ROW("signatures past the bound are counted only",
			.signatures_max = 2,
			.sign = { "v=2;" WHO H END, "v=3;" WHO H END, RELAXED,
				RELAXED },
			.shown = "permerror|" ONE "permerror: v= is not 1; " ONE
				 "permerror: v= is not 1; 2 more"),
		ROW("a signature without l= next to one with it is of all",
			.sign = { "v=1;" WHO H "; l=2" END, SIMPLE },
			.shown =
				"pass|" ONE
				"policy: a part of the body is not signed; " ONE
				"pass"),
		ROW("l= may cover the whole body",
			.sign = { "v=1; c=relaxed/relaxed; l=24;" WHO H END },
			.shown = PASS),
		ROW("l= may cover the whole simple body",
			.sign = { "v=1; l=26;" WHO H END }, .shown = PASS),
		ROW("empty lines behind l= are no tail",
			.sign = { "v=1; l=26;" WHO H END }, .find = "soon\r\n",
			.put = "soon\r\n\r\n\r\n", .shown = PASS),
		ROW("a tail behind l= is not signed",
			.sign = { "v=1; l=26;" WHO H END }, .find = "soon\r\n",
			.put = "soon\r\nBuy now\r\n",
			.shown = "policy|" ONE
				 "policy: a part of the body is not signed"),
		ROW("a body of which nothing is signed is not signed",
			.sign = { "v=1; l=0;" WHO H END },
			.shown = "policy|" ONE
				 "policy: a part of the body is not signed"),
		ROW("a body shorter than l= fails",
			.sign = { "v=1; l=27;" WHO H END },
			.shown = "fail|" ONE
				 "fail: the body is shorter than l= says"),
		ROW("i= may be of a domain below d=",
			.sign = { "v=1; i=@sub.example.org;" WHO H END },
			.shown = PASS),
		ROW("a signature that has expired does not count",
			.sign = { "v=1; x=1699990000;" WHO H END },
			.shown = PERM("it has expired")),
		ROW("a signature from the future does not count",
			.sign = { "v=1; t=1700000301;" WHO H END },
			.shown = PERM("t= is in the future")),
		ROW("clocks may differ a little",
			.sign = { "v=1; t=1700000300; x=4000000000;" WHO H
					END },
			.shown = PASS),
		KEY("a key on trial passes", "v=DKIM1; t=y; p=$",
			"pass|" ONE "pass (testing)"),
		ROW("a key on trial fails", .sign = { RELAXED },
			.record = "v=DKIM1; t=y; p=$", .find = "soon",
			.put = "late",
			.shown = "neutral|" ONE
				 "fail (testing): the body is not "
				 "what was signed"),
		ROW("a strict key is for d= itself",
			.sign = { "v=1; i=joe@example.org;" WHO H END },
			.record = "v=DKIM1; t=s; p=$", .shown = PASS),
		ROW("a strict key is not for what is below d=",
			.sign = { "v=1; i=joe@sub.example.org;" WHO H END },
			.record = "v=DKIM1; t=s; p=$",
			.shown = PERM("the key is not for subdomains")),
		KEY("a revoked key does not count",
			"v=DKIM1; p=", PERM("the key is revoked")),
		KEY("a key for other hashes does not count",
			"v=DKIM1; h=sha1; p=$",
			PERM("the key is not for SHA-256")),
		KEY("a key for other services does not count",
			"v=DKIM1; s=tlsrpt; p=$",
			PERM("the key is not for mail")),
		KEY("a key of an unknown type does not count",
			"v=DKIM1; k=dsa; p=$",
			PERM("k= is a type that we do not know")),
		KEY("a record without p= is no key", "v=DKIM1; k=rsa",
			PERM("the key has no p=")),
		KEY("a key is of the type that a= says",
			"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMl"
			"rwIaaPcHURo=",
			PERM("the key is of another type than a=")),
		KEY("a key of 512 bits proves nothing",
			"p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJ33ouN+6BJ7G9uhQaBj"
			"GqvkmZEcsbO8549R4j8+uzTT9mbL2U9ymxdRSF4stm9qfAw/GjxJe2"
			"SBuBZpugq4AQkCAwEAAQ==",
			PERM("the key is too short to prove anything")),
		ROW("a key shorter than is asked for is not taken",
			.sign = { RELAXED }, .min_key_bits = 2048,
			.shown = "policy|" ONE
				 "policy: the key is shorter than we take"),
		ROW("a key longer than is asked for is not used",
			.sign = { "v=1; a=rsa-sha256; d=example.org; s=s2;" H
					END },
			.max_key_bits = 1024,
			.shown = "permerror|d=example.org s=s2 permerror: the "
				 "key is too long"),
		ROW("no key is a fault of the signature", .sign = { RELAXED },
			.type = "A", .record = "192.0.2.1",
			.shown = PERM("there is no such key")),
		ROW("a server failure is none", .sign = { RELAXED },
			.type = "SERVFAIL",
			.shown = "temperror|" ONE "temperror: server failure"),
		ROW("a changed body fails, whatever its key is",
			.sign = { RELAXED }, .type = "SERVFAIL", .find = "soon",
			.put = "late", .shown = FAIL_BODY),
		ROW("a signature that the library cannot read harms no other",
			.sign = { "v=1; xn=caf\303\251;" WHO H END, RELAXED,
				"v=1; xn=caf\303\251;" WHO H END },
			.shown = "pass|" ONE "neutral: our library cannot read "
				 "it; " ONE "pass; " ONE
				 "neutral: our library cannot read it"),
		ROW("a forged answer is no key", .sign = { RELAXED },
			.type = "BOGUS",
			.shown = "temperror|" ONE
				 "temperror: DNSSEC validation failed"),
		SAMPLE("the signatures of RFC 8463 pass", "rfc8463",
			"pass|d=football.example.com s=brisbane pass; "
			"d=football.example.com s=test pass"),
		OTHER("dkimpy's simple signature passes",
			"dkimpy-simple-simple", PASS),
		OTHER("dkimpy's relaxed signature passes",
			"dkimpy-relaxed-relaxed", PASS),
		OTHER("dkimpy's relaxed header goes with a simple body",
			"dkimpy-relaxed-simple", PASS),
		OTHER("dkimpy's simple header goes with a relaxed body",
			"dkimpy-simple-relaxed", PASS),
		OTHER("dkimpy's Ed25519 signature passes", "dkimpy-ed25519",
			"pass|d=example.org s=e1 pass"),
		OTHER("a key of 4,096 bits passes", "dkimpy-4096",
			"pass|d=example.org s=s4 pass"),
		OTHER("what is put behind dkimpy's l= is not signed",
			"dkimpy-length",
			"policy|" ONE
			"policy: a part of the body is not signed"),
		OTHER("Mail::DKIM's simple signature passes",
			"maildkim-simple-simple", PASS),
		OTHER("Mail::DKIM's relaxed signature passes",
			"maildkim-relaxed-relaxed", PASS),
		OTHER("opendkim's simple signature passes", "opendkim-simple",
			PASS),
		OTHER("opendkim's relaxed signature passes", "opendkim-relaxed",
			PASS),
		cmocka_unit_test(asks_for_all_keys_at_the_end_of_the_header),
		cmocka_unit_test(asks_nothing_about_an_unsigned_message),
		cmocka_unit_test(asks_nothing_about_what_it_will_not_verify),
		cmocka_unit_test(tells_the_facts_of_a_signature),
		cmocka_unit_test(outcome_follows_the_result),
		cmocka_unit_test(a_cut_field_proves_nothing),
		cmocka_unit_test(a_partial_header_proves_nothing),
		cmocka_unit_test(a_nul_in_a_signed_field_is_a_fault),
		cmocka_unit_test(without_a_resolver_nothing_is_told),
		cmocka_unit_test(without_the_library_nothing_is_told),
		cmocka_unit_test(a_body_that_went_by_unseen_is_not_judged),
		cmocka_unit_test(silence_is_no_failure),
		cmocka_unit_test(may_be_cleared_at_each_stage),
		cmocka_unit_test(hashes_a_long_body_in_constant_memory),
		cmocka_unit_test(a_list_of_all_fields_harms_nobody),
		cmocka_unit_test(reads_a_key_record_of_2200_octets),
		cmocka_unit_test(huge_keys_spoil_no_other_signature),
		cmocka_unit_test(a_key_too_many_is_not_a_failure_of_dns),
		cmocka_unit_test(reads_a_key_without_its_frame),
	};
	int failed;

	keys.rsa = signer_new(1024);
	keys.longer = signer_new(2048);
	keys.ed25519 = signer_new(0);
	if (dkim_service_open(KEYS_MAX, &keys.service) != RES_OK)
		return 1;
	failed = cmocka_run_group_tests_name("auth/dkim", cases, NULL, NULL);
	dkim_service_close(keys.service);
	signer_free(keys.rsa);
	signer_free(keys.longer);
	signer_free(keys.ed25519);
	return failed;
}
