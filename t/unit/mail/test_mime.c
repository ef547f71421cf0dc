/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/mime.h"

#include "base/arena.h"
#include "base/buf.h"
#include "support/case.h"

#include <string.h>

struct row {
	const char *type;
	const char *body;
	/* Leaves as "depth:type{content}", others as "depth:type"; then
	 * " deep", " many", " broken". */
	const char *want;
};

/* With LF, whichever line ends it has. */
static void tell_content(struct buf *b, struct slice raw)
{
	buf_add_char(b, '{');
	for (size_t i = 0; i < raw.len; i++)
		if (raw.at[i] != '\r')
			buf_add_char(b, raw.at[i]);
	buf_add_char(b, '}');
}

static void tell(struct buf *b, const struct mime *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct mime_part *p = &m->parts[i];

		buf_add_format(b, "%s%u:%.*s", i == 0 ? "" : " ", p->depth,
			SLICE_ARG(p->type));
		if (p->encoding.len > 0)
			buf_add_format(b, "/%.*s", SLICE_ARG(p->encoding));
		if (!p->is_multipart && !p->is_message)
			tell_content(b, p->raw);
	}
	buf_add_text(b, m->is_too_deep ? " deep" : "");
	buf_add_text(b, m->has_too_many ? " many" : "");
	buf_add_text(b, m->is_broken ? " broken" : "");
}

static const struct mime_limits limits = { .parts_max = 6, .depth_max = 3 };

static void check(const struct row *row, const char *line_end)
{
	struct mime_head head = { .type = slice_of(row->type),
		.encoding = slice_of(""),
		.disposition = slice_of("") };
	struct arena *a = arena_new(100000);
	struct buf body, got;
	struct mime m;

	buf_init(&body, 10000);
	buf_init(&got, 10000);
	for (const char *at = row->body; *at != '\0'; at++) {
		if (*at == '\n')
			buf_add_text(&body, line_end);
		else
			buf_add_char(&body, *at);
	}
	assert_int_equal(
		mime_parse(buf_slice(&body), &head, &limits, a, &m), RES_OK);
	tell(&got, &m);
	assert_string_equal(buf_text(&got), row->want);
	buf_clear(&got);
	buf_clear(&body);
	arena_free(a);
}

static void parses(void **state)
{
	check(*state, "\n");
	check(*state, "\r\n");
}

struct many {
	const char *type;
	const char *piece;
	size_t times;
	size_t parts;
};

static void is_bounded(void **state)
{
	const struct many *row = *state;
	const struct mime_limits wide = { .parts_max = 1000, .depth_max = 100 };
	struct mime_head head = { .type = slice_of(row->type),
		.encoding = slice_of(""),
		.disposition = slice_of("") };
	struct arena *a = arena_new(4000000);
	struct buf body;
	struct mime m;

	buf_init(&body, 4000000);
	for (size_t i = 0; i < row->times; i++)
		buf_add_text(&body, row->piece);
	assert_int_equal(
		mime_parse(buf_slice(&body), &head, &wide, a, &m), RES_OK);
	assert_int_equal(m.count, row->parts);
	buf_clear(&body);
	arena_free(a);
}

static void says_when_memory_is_short(void **state)
{
	struct mime_head head = { .type = slice_of("multipart/mixed; "
						   "boundary=b"),
		.encoding = slice_of(""),
		.disposition = slice_of("") };
	struct arena *a = arena_new(1000);
	struct mime m;

	(void)state;
	assert_int_equal(
		mime_parse(slice_of("--b\n\n--b\n\n"), &head, &limits, a, &m),
		RES_NOMEM);
	arena_free(a);
}

#define PARSES(name, type, body, want) \
	CASE(name, parses, (&(const struct row){ type, body, want }))
#define BOUNDED(name, type, piece, times, parts) \
	CASE(name, is_bounded,                   \
		(&(const struct many){ type, piece, times, parts }))

#define MIXED "multipart/mixed; boundary=b"

int main(void)
{
	const struct CMUnitTest cases[] = {
		PARSES("a message without fields is plain text", "", "a\n\nb\n",
			"0:text/plain{a\n\nb\n}"),
		PARSES("so is one whose type is none", "rubbish", "a",
			"0:text/plain{a}"),
		PARSES("a type is folded, comments go",
			"(x) Text/HTML (y); charset=z", "a", "0:text/html{a}"),
		PARSES("parts stand between boundaries", MIXED,
			"before\n--b\nContent-Type: text/html\n\na\n--b\n\n"
			"b\n\n--b--\nafter\n--b\n\nc",
			"0:multipart/mixed 1:text/html{a} 1:text/plain{b\n}"),
		PARSES("a part may be empty", MIXED, "--b\n\n\n--b\n\n--b--",
			"0:multipart/mixed 1:text/plain{} 1:text/plain{}"),
		PARSES("a header may end with the boundary", MIXED,
			"--b\nContent-Type: image/png\n--b--",
			"0:multipart/mixed 1:image/png{}"),
		PARSES("a boundary in quotes, with blanks behind it",
			"multipart/mixed;\n boundary=\"b c\"",
			"--b c \t\n\na\n--b c-- \n",
			"0:multipart/mixed 1:text/plain{a}"),
		PARSES("one that only begins so is none", MIXED,
			"--b\n\na\n--bc\n-b\n --b\n--b-\nd\n--b--",
			"0:multipart/mixed 1:text/plain{a\n--bc\n-b\n --b\n"
			"--b-\nd}"),
		PARSES("fields may be folded, names are of any case", MIXED,
			"--b\ncontent-TRANSFER-encoding:\n BASE64\n"
			"X: y\nContent-type : text/html;\n charset=x\n\na\n"
			"--b--",
			"0:multipart/mixed 1:text/html/base64{a}"),
		PARSES("the first of two fields counts", MIXED,
			"--b\nContent-Type: text/html\nContent-Type: "
			"image/png\n\na\n--b--",
			"0:multipart/mixed 1:text/html{a}"),
		PARSES("multiparts in multiparts", MIXED,
			"--b\nContent-Type: multipart/alternative; boundary=c\n"
			"\n--c\n\na\n--c\n\nb\n--c--\nx\n--b\n\nd\n--b--",
			"0:multipart/mixed 1:multipart/alternative "
			"2:text/plain{a} 2:text/plain{b} 1:text/plain{d}"),
		PARSES("the inner one of two that are equal ends first", MIXED,
			"--b\nContent-Type: multipart/related; boundary=b\n\n"
			"--b\n\na\n--b--\n--b\n\nc\n--b--",
			"0:multipart/mixed 1:multipart/related "
			"2:text/plain{a} 1:text/plain{c}"),
		PARSES("an outer boundary ends those within", MIXED,
			"--b\nContent-Type: multipart/related; boundary=c\n\n"
			"--c\n\na\n--b\n\nd\n--b--",
			"0:multipart/mixed 1:multipart/related "
			"2:text/plain{a} 1:text/plain{d} broken"),
		PARSES("a boundary that never comes", MIXED, "a\nb",
			"0:multipart/mixed broken"),
		PARSES("an end that never comes", MIXED, "--b\n\na\n",
			"0:multipart/mixed 1:text/plain{a\n} broken"),
		PARSES("a boundary that is not told", "multipart/mixed",
			"--b\n\na\n--b--",
			"0:multipart/mixed{--b\n\na\n--b--} "
			"broken"),
		PARSES("a part without a header", MIXED,
			"--b\nhello you\n--b--",
			"0:multipart/mixed 1:text/plain{hello you} broken"),
		PARSES("a message within", MIXED,
			"--b\nContent-Type: message/rfc822\n\n"
			"Subject: x\nContent-Type: text/html\n\na\n--b--",
			"0:multipart/mixed 1:message/rfc822 2:text/html{a}"),
		PARSES("in a digest parts are messages",
			"multipart/digest; boundary=b",
			"--b\n\nSubject: x\n\na\n--b--",
			"0:multipart/digest 1:message/rfc822 2:text/plain{a}"),
		PARSES("a message that is encoded stays closed", MIXED,
			"--b\nContent-Type: message/rfc822\n"
			"Content-Transfer-Encoding: base64\n\nU3Vi\n--b--",
			"0:multipart/mixed 1:message/rfc822/base64{U3Vi}"),
		PARSES("the message itself may hold one", "message/rfc822",
			"Content-Type: multipart/mixed; boundary=b\n\n"
			"--b\n\na\n--b--\n",
			"0:message/rfc822 1:multipart/mixed 2:text/plain{a}"),
		PARSES("what is too deep stays closed", "message/rfc822",
			"Content-Type: message/rfc822\n\n"
			"Content-Type: message/rfc822\n\n"
			"Content-Type: message/rfc822\n\na",
			"0:message/rfc822 1:message/rfc822 2:message/rfc822 "
			"3:message/rfc822{a} deep"),
		PARSES("what is too many is left out", MIXED,
			"--b\n\n1\n--b\n\n2\n--b\n\n3\n--b\n\n4\n--b\n\n5\n"
			"--b\n\n6\n--b--",
			"0:multipart/mixed 1:text/plain{1} 1:text/plain{2} "
			"1:text/plain{3} 1:text/plain{4} 1:text/plain{5} "
			"many"),
		BOUNDED("ten thousand parts", MIXED, "--b\n\na\n", 10000, 1000),
		BOUNDED("a thousand messages in each other", "message/rfc822",
			"Content-Type: message/rfc822\n\n", 1000, 101),
		BOUNDED("a thousand multiparts in each other", MIXED,
			"--b\nContent-Type: multipart/mixed; boundary=b\n\n",
			1000, 1000),
		BOUNDED("lines like boundaries", MIXED, "--\n", 300000, 1),
		BOUNDED("ends of what never began", MIXED, "--b--\n", 100000,
			1),
		BOUNDED("a header without end", "message/rfc822", "a: b\n",
			200000, 2),
		cmocka_unit_test(says_when_memory_is_short),
	};

	return cmocka_run_group_tests_name("mail/mime", cases, NULL, NULL);
}
