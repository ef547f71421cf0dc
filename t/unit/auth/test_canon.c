/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/canon.h"

#include "base/buf.h"
#include "base/digest.h"
#include "fact/message.h"
#include "support/case.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 8192 };

static void put(void *ctx, struct slice text)
{
	buf_add(ctx, text);
}

static void assert_text(struct buf *b, struct slice want)
{
	assert_int_equal(buf_result(b), RES_OK);
	if (!slice_is_equal(buf_slice(b), want)) {
		struct buf shown;

		buf_init(&shown, 4 * TEXT_MAX);
		buf_add_escaped(&shown, buf_slice(b));
		fail_msg("came out as \"%s\"", buf_text(&shown));
	}
	buf_clear(b);
}

/* ---- body ---- */

struct body_row {
	enum canon how;
	struct slice in;
	uint64_t limit;
	struct slice want;
	bool is_short; /* of what l= covers */
};

/* In pieces of "step" octets. */
static bool run_body(const struct body_row *row, size_t step, struct buf *out)
{
	struct canon_sink sink;
	struct canon_body body;

	buf_init(out, TEXT_MAX);
	canon_sink_init(&sink, put, out);
	canon_body_init(&body, row->how, row->limit, &sink);
	for (size_t at = 0; at < row->in.len; at += step)
		canon_body_add(&body, slice_part(row->in, at, step));
	canon_body_end(&body);
	return body.left > 0;
}

static void canonicalises(void **state)
{
	const struct body_row *row = *state;
	struct buf out;

	for (size_t step = 1; step <= row->in.len + 1; step++) {
		bool is_short = run_body(row, step, &out);

		if (row->limit != UINT64_MAX)
			assert_int_equal(is_short, row->is_short);
		assert_text(&out, row->want);
	}
}

/* More than a sink gathers, and blank lines that are put late. */
static void keeps_a_long_body(void **state)
{
	static char in[TEXT_MAX], want[TEXT_MAX];
	struct body_row row = { .how = CANON_RELAXED, .limit = UINT64_MAX };
	struct buf out;

	(void)state;
	memset(in, 'x', 5000);
	memcpy(want, in, 5000);
	memcpy(in + 5000, "\t \r\n\r\n\r\ny \t z\r\n\r\n", 17);
	memcpy(want + 5000, "\r\n\r\n\r\ny z\r\n", 11);
	row.in = slice_make(in, 5017);
	row.want = slice_make(want, 5011);
	for (size_t step = 1; step < 6000; step = step * 3 + 1) {
		run_body(&row, step, &out);
		assert_text(&out, row.want);
	}
}

/* A great many line ends cost no memory, and come out when text follows. */
static void counts_lines(void **state)
{
	struct body_row row = { .how = CANON_SIMPLE, .limit = 8 };
	struct canon_sink sink;
	struct canon_body body;
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	canon_sink_init(&sink, put, &out);
	canon_body_init(&body, row.how, row.limit, &sink);
	canon_body_add(&body, slice_of("a"));
	for (int i = 0; i < 1000000; i++)
		canon_body_add(&body, slice_of("\r\n"));
	assert_int_equal(sink.used, 1);
	canon_body_add(&body, slice_of("b"));
	canon_body_end(&body);
	assert_text(&out, slice_of("a\r\n\r\n\r\n\r"));
}

/* ---- header ---- */

struct field_row {
	enum canon how;
	const char *name;
	const char *value;
	const char *b; /* the tag's value, to be taken out; NULL: a plain one */
	const char *want;
};

static void writes_a_field(void **state)
{
	const struct field_row *row = *state;
	const struct field field = { .name = slice_of(row->name),
		.value = slice_of(row->value) };
	struct canon_sink sink;
	struct buf out;

	buf_init(&out, TEXT_MAX);
	canon_sink_init(&sink, put, &out);
	if (row->b == NULL)
		canon_field(&sink, row->how, &field);
	else
		canon_field_unsigned(&sink, row->how, &field,
			slice_make(strstr(row->value, row->b), strlen(row->b)));
	canon_flush(&sink);
	assert_text(&out, slice_of(row->want));
}

static void reads_names(void **state)
{
	enum canon c = CANON_SIMPLE;

	(void)state;
	assert_int_equal(canon_parse(slice_of("relaxed"), &c), RES_OK);
	assert_int_equal(c, CANON_RELAXED);
	assert_int_equal(canon_parse(slice_of("nofws"), &c), RES_SYNTAX);
	assert_int_equal(canon_parse(slice_of("Simple"), &c), RES_SYNTAX);
	assert_int_equal(c, CANON_RELAXED);
	assert_int_equal(canon_parse(slice_of("simple"), &c), RES_OK);
	assert_int_equal(c, CANON_SIMPLE);
}

static void fills_a_digest(void **state)
{
	const struct field field = { .name = slice_of("A"),
		.value = slice_of(" x\r\n\ty ") };
	uint8_t got[SHA256_LEN], want[SHA256_LEN];
	struct digest *d = digest_new();
	struct canon_sink sink;

	(void)state;
	canon_sink_digest(&sink, d);
	canon_field(&sink, CANON_RELAXED, &field);
	canon_flush(&sink);
	assert_int_equal(digest_end(d, got), RES_OK);
	assert_int_equal(sha256(slice_of("a:x y\r\n"), want), RES_OK);
	assert_memory_equal(got, want, SHA256_LEN);
	digest_free(d);
}

#define S(text)                        \
	{                              \
		text, sizeof(text) - 1 \
	}
#define BODY(name, how, in, want)    \
	CASE(name, canonicalises,    \
		(&(struct body_row){ \
			how, S(in), UINT64_MAX, S(want), false }))
#define LIMIT(name, how, in, limit, want, is_short) \
	CASE(name, canonicalises,                   \
		(&(struct body_row){ how, S(in), limit, S(want), is_short }))
#define FIELD(text, how, name, value, b, want) \
	CASE(text, writes_a_field,             \
		(&(struct field_row){ how, name, value, b, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		/* RFC 6376 s3.4.5 */
		BODY("the example of RFC 6376, relaxed", CANON_RELAXED,
			" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
		BODY("the example of RFC 6376, simple", CANON_SIMPLE,
			" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n"),
		BODY("no body is one line end, simple", CANON_SIMPLE, "",
			"\r\n"),
		BODY("no body is nothing, relaxed", CANON_RELAXED, "", ""),
		BODY("blank lines are one line end, simple", CANON_SIMPLE,
			"\r\n\r\n\r\n", "\r\n"),
		BODY("blank lines are nothing, relaxed", CANON_RELAXED,
			"\r\n \r\n\t\r\n", ""),
		BODY("a line of blanks counts, simple", CANON_SIMPLE,
			"a\r\n \r\n", "a\r\n \r\n"),
		BODY("a missing line end is added, simple", CANON_SIMPLE, "a",
			"a\r\n"),
		BODY("a missing line end is added, relaxed", CANON_RELAXED,
			"a \t", "a\r\n"),
		BODY("blank lines before text stay, relaxed", CANON_RELAXED,
			"\r\n \r\na\r\n", "\r\n\r\na\r\n"),
		BODY("blank lines within stay", CANON_SIMPLE,
			"a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"),
		BODY("blanks become one, relaxed", CANON_RELAXED,
			"a b  c\t\td \t e\r\n", "a b c d e\r\n"),
		BODY("blanks at the front become one, relaxed", CANON_RELAXED,
			"\t  a\r\n", " a\r\n"),
		BODY("a bare LF ends no line, simple", CANON_SIMPLE,
			"a\nb\n\r\n", "a\nb\n\r\n"),
		BODY("a bare LF ends no line, relaxed", CANON_RELAXED,
			"a \nb \n\r\n", "a \nb \n\r\n"),
		BODY("a bare CR ends no line, simple", CANON_SIMPLE,
			"\ra\r\r\nb\r", "\ra\r\r\nb\r\r\n"),
		BODY("a bare CR ends no line, relaxed", CANON_RELAXED,
			"a \rb \r\r\n", "a \rb \r\r\n"),
		BODY("NUL is an octet", CANON_RELAXED, "a\0 \0 \r\n",
			"a\0 \0\r\n"),
		LIMIT("l= of 0 covers nothing", CANON_SIMPLE, "a\r\n", 0, "",
			false),
		LIMIT("l= cuts what comes out", CANON_RELAXED, "a  b  c\r\n", 4,
			"a b ", false),
		LIMIT("l= cuts within a line end", CANON_SIMPLE, "a\r\nb\r\n",
			2, "a\r", false),
		LIMIT("l= may be all of it", CANON_SIMPLE, "a\r\n\r\n", 3,
			"a\r\n", false),
		LIMIT("l= past the end is told", CANON_SIMPLE, "a\r\n\r\n", 4,
			"a\r\n", true),
		CASE("a long body comes out whole", keeps_a_long_body, NULL),
		CASE("line ends are counted, not kept", counts_lines, NULL),
		/* RFC 6376 s3.4.5 */
		FIELD("the first field of RFC 6376, relaxed", CANON_RELAXED,
			"A", " X", NULL, "a:X\r\n"),
		FIELD("the second field of RFC 6376, relaxed", CANON_RELAXED,
			"B", " Y\t\r\n\tZ  ", NULL, "b:Y Z\r\n"),
		FIELD("the second field of RFC 6376, simple", CANON_SIMPLE,
			"B ", " Y\t\r\n\tZ  ", NULL, "B : Y\t\r\n\tZ  \r\n"),
		FIELD("a field that begins with a fold, relaxed", CANON_RELAXED,
			"Subject", "\r\n\thi", NULL, "subject:hi\r\n"),
		FIELD("a field without a value, relaxed", CANON_RELAXED, "X",
			" \t ", NULL, "x:\r\n"),
		FIELD("a field without a value, simple", CANON_SIMPLE, "X", "",
			NULL, "X:\r\n"),
		FIELD("a bare CR stays", CANON_RELAXED, "X", "a\rb \r c", NULL,
			"x:a\rb \r c\r\n"),
		FIELD("b= is emptied, simple", CANON_SIMPLE, "ARC-Seal",
			" i=1; b= Zm9v\r\n\tYmFy ; d=x", "Zm9v\r\n\tYmFy",
			"ARC-Seal: i=1; b=; d=x"),
		FIELD("b= is emptied, relaxed", CANON_RELAXED, "ARC-Seal",
			" i=1;  b =\r\n Zm9v\r\n\tYm==\t;\td=x ",
			"Zm9v\r\n\tYm==", "arc-seal:i=1; b =; d=x"),
		FIELD("b= at the end is emptied", CANON_RELAXED, "ARC-Seal",
			" i=1; b=Zm9v ", "Zm9v", "arc-seal:i=1; b="),
		CASE("both names are read, in lower case", reads_names, NULL),
		CASE("a digest is filled", fills_a_digest, NULL),
	};

	return cmocka_run_group_tests_name("auth/canon", cases, NULL, NULL);
}
