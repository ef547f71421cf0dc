/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/arcseal.h"

#include "base/arena.h"
#include "support/arc_rig.h"
#include "support/case.h"
#include "support/folder.h"
#include "support/keypair.h"

#include <stdlib.h>
#include <string.h>

static char domain[] = "seal.example", selector[] = "k1";

static const char plain[] = "Return-Path: <me@x.example>\n"
			    "Authentication-Results: x; spf=pass\n"
			    "Received: from x by y\n"
			    "X-Reprieve: none\n"
			    "DKIM-Signature: one\n"
			    "DKIM-Signature: two\n"
			    "From: me@x.example\n"
			    "SUBJECT: hello\n"
			    "\n"
			    "Body\n";

/* ---- open ---- */

static enum result open_with(
	struct conf_arc conf, char *pem, struct arcseal **out, struct buf *why)
{
	const struct keypair pair = { .pem = pem };
	char path[FOLDER_PATH_MAX];
	struct folder f;
	enum result res;

	folder_make(&f);
	conf.key = path;
	keypair_save(&pair, folder_path(&f, "key.pem", path));
	res = arcseal_open(&conf, why, out);
	folder_remove(&f);
	return res;
}

static struct arcseal *sealer(struct keypair *pair)
{
	const struct conf_arc conf = { .seal_domain = domain,
		.selector = selector };
	struct arcseal *s = NULL;
	struct buf why;

	buf_init(&why, 500);
	assert_int_equal(open_with(conf, pair->pem, &s, &why), RES_OK);
	assert_int_equal(why.len, 0);
	return s;
}

static void opens_nothing(void **state)
{
	char none[] = "", key[] = "/nonexistent/key.pem";
	const struct conf_arc conf = {
		.seal_domain = none, .selector = none, .key = key
	};
	struct arcseal *s = NULL;
	struct buf why;

	(void)state;
	buf_init(&why, 500);
	assert_int_equal(arcseal_open(&conf, &why, &s), RES_OK);
	assert_null(s);
	assert_int_equal(why.len, 0);
	arcseal_close(s);
}

struct open_row {
	const char *seal_domain;
	const char *selector;
	unsigned bits; /* 1: no key */
	enum result want;
	const char *why; /* is in it */
};

static void refuses(void **state)
{
	const struct open_row *row = *state;
	struct keypair *pair = keypair_new(row->bits == 1 ? 0 : row->bits, 0);
	char *d = strdup(row->seal_domain), *s = strdup(row->selector);
	const struct conf_arc conf = { .seal_domain = d, .selector = s };
	char nothing[] = "nothing";
	struct arcseal *seal = NULL;
	struct buf why;

	buf_init(&why, 1000);
	assert_string_equal(
		result_name(open_with(conf,
			row->bits == 1 ? nothing : pair->pem, &seal, &why)),
		result_name(row->want));
	assert_null(seal);
	if (strstr(buf_text(&why), row->why) == NULL)
		fail_msg("why: %s", buf_text(&why));
	buf_clear(&why);
	free(d);
	free(s);
	keypair_free(pair);
}

static void tells_a_missing_file(void **state)
{
	char key[] = "/nonexistent/key.pem";
	const struct conf_arc conf = {
		.seal_domain = domain, .selector = selector, .key = key
	};
	struct arcseal *s = NULL;
	struct buf why;

	(void)state;
	buf_init(&why, 500);
	assert_int_equal(arcseal_open(&conf, &why, &s), RES_MISSING);
	assert_string_equal(
		buf_text(&why), "arc.key /nonexistent/key.pem: missing");
	buf_clear(&why);
}

/* ---- make ---- */

static struct arcseal_set make(struct arc_rig *r, const struct arcseal *s,
	enum auth_result result, const char *results)
{
	const struct arc_fact fact = { .result = result };
	const struct arcseal_input in = { .message = &r->message,
		.arc = &fact,
		.results = slice_of(results),
		.wall_s = 1700000000 };
	struct arcseal_body *body = arcseal_body_new();
	struct arcseal_set set;

	assert_non_null(body);
	arcseal_body_add(body, r->body);
	assert_int_equal(arcseal_make(s, &in, body, r->arena, &set), RES_OK);
	arcseal_body_free(body);
	return set;
}

/* "want" is the text but for what only a key can make; "*" stands for that. */
static void assert_like(struct slice got, const char *want)
{
	struct slice rest = slice_of(want), piece;
	size_t at = 0;

	while (slice_cut(&rest, '*', &piece)) {
		size_t from = at;

		while (from + piece.len <= got.len &&
			!slice_is_equal(
				slice_part(got, from, piece.len), piece))
			from++;
		if (from + piece.len > got.len || (at == 0 && from > 0))
			fail_msg("\"%.*s\" is not in \"%.*s\"",
				SLICE_ARG(piece), SLICE_ARG(got));
		at = from + piece.len;
	}
}

static void writes_three_fields(void **state)
{
	static struct arc_rig r;
	struct keypair *pair = keypair_new(0, 0);
	struct arcseal *s = sealer(pair);
	struct arcseal_set set;

	(void)state;
	arc_rig_init(&r, NULL);
	arc_rig_load(&r, slice_of(plain));
	set = make(&r, s, AUTH_NONE,
		" mx.example.net;\n\tspf=pass smtp.mailfrom=x.example;\n"
		"\tdkim=none");
	assert_null(set.skipped);
	assert_int_equal(set.instance, 1);
	assert_like(set.results,
		" i=1; mx.example.net;\n\tspf=pass smtp.mailfrom=x.example;\n"
		"\tdkim=none");
	/* The body hash is that of "Body" and a line end. */
	assert_like(set.message,
		" i=1; a=ed25519-sha256; c=relaxed/relaxed;\n"
		"\td=seal.example;\n\ts=k1; t=1700000000;\n"
		"\th=From:From:Subject:DKIM-Signature:DKIM-Signature;\n"
		"\tbh=x/N8/ivRfGMxF56p8/vkrTaHlPadGijHRWz0MB878Wk=;\n"
		"\tb=*\n\t *==");
	assert_like(set.seal,
		" i=1; a=ed25519-sha256; cv=none;\n\td=seal.example;\n"
		"\ts=k1; t=1700000000;\n\tb=*\n\t *==");
	arc_rig_clear(&r);
	arcseal_close(s);
	keypair_free(pair);
}

static void keeps_lines_short(void **state)
{
	static struct arc_rig r;
	struct keypair *pair = keypair_new(4096, 0);
	struct arcseal *s = sealer(pair);
	struct arcseal_set set;
	struct buf text;

	(void)state;
	arc_rig_init(&r, NULL);
	buf_init(&text, 100000);
	for (int i = 0; i < 100; i++)
		buf_add_text(&text,
			"DKIM-Signature: x\n"
			"List-Unsubscribe-Post: x\n");
	buf_add_text(&text, plain);
	arc_rig_load(&r, buf_slice(&text));
	set = make(&r, s, AUTH_NONE, " mx.example.net; none");
	assert_null(set.skipped);
	for (int i = 0; i < 2; i++) {
		struct slice rest = i == 0 ? set.message : set.seal, line;
		size_t lines = 0;

		while (slice_cut(&rest, '\n', &line)) {
			assert_true(line.len <= 78);
			assert_int_equal(slice_find(line, '\r'), line.len);
			lines++;
		}
		assert_true(lines > 10 && lines < 40);
	}
	buf_clear(&text);
	arc_rig_clear(&r);
	arcseal_close(s);
	keypair_free(pair);
}

#define SET(i, cv)                                           \
	"ARC-Seal: i=" i "; cv=" cv                          \
	"; a=rsa-sha256; d=x.example; s=s; b=AAAA\n"         \
	"ARC-Message-Signature: i=" i                        \
	"; a=rsa-sha256; d=x.example; s=s; b=AAAA; h=from;"  \
	" bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" \
	"ARC-Authentication-Results: i=" i "; x.example; none\n"

struct row {
	const char *sets;
	enum auth_result result;
	const char *skipped; /* NULL: sealed */
	const char *seal; /* begins so */
};

static void chooses(void **state)
{
	static struct arc_rig r;
	const struct row *row = *state;
	struct keypair *pair = keypair_new(0, 0);
	struct arcseal *s = sealer(pair);
	struct arcseal_set set;
	struct buf text;

	arc_rig_init(&r, NULL);
	buf_init(&text, 10000);
	buf_add_text(&text, row->sets);
	buf_add_text(&text, plain);
	arc_rig_load(&r, buf_slice(&text));
	set = make(&r, s, row->result, " mx.example.net; none");
	if (row->skipped == NULL) {
		assert_null(set.skipped);
		assert_true(slice_has_prefix(set.seal, slice_of(row->seal)));
	} else {
		assert_non_null(set.skipped);
		assert_string_equal(set.skipped, row->skipped);
		assert_true(slice_is_empty(set.seal));
		assert_true(slice_is_empty(set.message));
		assert_true(slice_is_empty(set.results));
	}
	buf_clear(&text);
	arc_rig_clear(&r);
	arcseal_close(s);
	keypair_free(pair);
}

static void leaves_what_may_be_cut(void **state)
{
	static struct arc_rig r;
	struct keypair *pair = keypair_new(0, 0);
	struct arcseal *s = sealer(pair);
	struct arcseal_set set;

	(void)state;
	arc_rig_init(&r, NULL);
	arc_rig_load(&r, slice_of(plain));
	r.fields[2].is_cut = true;
	set = make(&r, s, AUTH_NONE, " mx.example.net; none");
	assert_null(set.skipped);
	r.fields[7].is_cut = true;
	set = make(&r, s, AUTH_NONE, " mx.example.net; none");
	assert_string_equal(set.skipped, "a field that it covers may be cut");
	r.fields[7].is_cut = false;
	r.message.is_header_partial = true;
	set = make(&r, s, AUTH_NONE, " mx.example.net; none");
	assert_string_equal(set.skipped, "not all of the header is known");
	arc_rig_clear(&r);
	arcseal_close(s);
	keypair_free(pair);
}

static void bounds_its_fields(void **state)
{
	static struct arc_rig r;
	struct keypair *pair = keypair_new(0, 0);
	struct arcseal *s = sealer(pair);
	const struct arc_fact fact = { .result = AUTH_NONE };
	struct arcseal_body *body = arcseal_body_new();
	struct arcseal_input in = { .message = &r.message, .arc = &fact };
	struct arcseal_set set;
	char *results = calloc(1, 70000);

	(void)state;
	arc_rig_init(&r, NULL);
	arc_rig_load(&r, slice_of(plain));
	memset(results, 'x', 70000);
	in.results = slice_make(results, 70000);
	assert_int_equal(arcseal_make(s, &in, body, r.arena, &set), RES_TOOBIG);
	free(results);
	arcseal_body_free(body);
	arcseal_body_free(NULL);
	arc_rig_clear(&r);
	arcseal_close(s);
	keypair_free(pair);
}

#define OPEN(name, d, s, bits, want, why) \
	CASE(name, refuses, (&(struct open_row){ d, s, bits, want, why }))
#define SEALS(name, sets, result, seal) \
	CASE(name, chooses, (&(struct row){ sets, result, NULL, seal }))
#define SKIPS(name, sets, result, why) \
	CASE(name, chooses, (&(struct row){ sets, result, why, "" }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("without a domain nothing is sealed", opens_nothing, NULL),
		OPEN("a selector that is no name is refused", "seal.example",
			"k 1", 0, RES_SYNTAX, "make no name"),
		OPEN("a selector must be there", "seal.example", "", 0,
			RES_SYNTAX, "make no name"),
		OPEN("a file that is no key is refused", "seal.example", "k1",
			1, RES_SYNTAX, "no RSA or Ed25519 key"),
		OPEN("a weak key is refused", "seal.example", "k1", 512,
			RES_RANGE, "1024"),
		CASE("a missing key is told", tells_a_missing_file, NULL),
		CASE("three fields are written", writes_three_fields, NULL),
		CASE("no line is long", keeps_lines_short, NULL),
		SEALS("no chain is begun with cv=none", "", AUTH_NONE,
			" i=1; a=ed25519-sha256; cv=none;"),
		SEALS("a chain that passes goes on",
			SET("2", "pass") SET("1", "none"), AUTH_PASS,
			" i=3; a=ed25519-sha256; cv=pass;"),
		SEALS("a chain that fails is told as such",
			SET("2", "pass") SET("1", "none"), AUTH_FAIL,
			" i=3; a=ed25519-sha256; cv=fail;"),
		SEALS("so is one that is no chain", SET("7", "pass"), AUTH_FAIL,
			" i=8; a=ed25519-sha256; cv=fail;"),
		SKIPS("nothing is put on an ended chain",
			SET("2", "fail") SET("1", "none"), AUTH_FAIL,
			"the chain has ended"),
		SKIPS("a chain that could not be told is left",
			SET("1", "none"), AUTH_TEMPERROR,
			"the chain could not be validated"),
		SKIPS("a chain that nobody looked at is left", SET("1", "none"),
			AUTH_UNKNOWN, "the chain could not be validated"),
		SKIPS("a pass without a chain is not believed", "", AUTH_PASS,
			"the chain could not be validated"),
		SKIPS("a chain is never sealed as none", SET("1", "none"),
			AUTH_NONE, "the chain could not be validated"),
		SKIPS("a broken chain is never sealed as pass",
			SET("2", "pass"), AUTH_PASS,
			"the chain could not be validated"),
		SKIPS("there is no set 51", SET("50", "pass"), AUTH_FAIL,
			"there are 50 sets"),
		SKIPS("a field without an instance cannot be counted",
			"ARC-Seal: x\n", AUTH_FAIL,
			"the chain has no instance"),
		CASE("what may be cut is not sealed", leaves_what_may_be_cut,
			NULL),
		CASE("a field has a bound", bounds_its_fields, NULL),
	};

	return cmocka_run_group_tests_name("auth/arcseal", cases, NULL, NULL);
}
