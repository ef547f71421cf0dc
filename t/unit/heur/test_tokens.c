/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "fact/body.h"
#include "fact/message.h"
#include "heur/tokens.h"

#include "support/case.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 1 << 20, OCTETS_MAX = 65536 };

/* A message of one field, or of one part with a link, as it is described. */
struct row {
	const char *field;
	const char *value;
	const char *html;
	const char *text;
	const char *url;
	const char *host;
	const char *want; /* a line that is there; "!LINE": is not */
};

static void add(void *ctx, const struct token *t)
{
	token_format(t, ctx);
	buf_add_char(ctx, '\n');
}

static const char *text_of(const char *text)
{
	return text == NULL ? "" : text;
}

static enum result describe(const struct row *row, size_t most, struct buf *out)
{
	const struct field field = { .name = slice_of(text_of(row->field)),
		.value = slice_of(text_of(row->value)) };
	const struct message message = { .fields = &field,
		.field_count = row->field != NULL };
	const struct body_part part = { .type = slice_of("text/html"),
		.charset = slice_of("utf-8"),
		.encoding = slice_of("base64"),
		.content = slice_of(text_of(row->html)) };
	const struct body_link link = { .url = slice_of(text_of(row->url)),
		.host = slice_of(text_of(row->host)) };
	const struct body_facts body = { .is_known = true,
		.parts = &part,
		.part_count = row->html != NULL,
		.links = &link,
		.link_count = row->url != NULL,
		.text = slice_of(text_of(row->text)) };
	const struct tokens_source source = { &message, &body, most };

	return tokens_walk(&source, add, out);
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = strstr(text, line); at != NULL;
		at = strstr(at + 1, line))
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

static void has(void **state)
{
	const struct row *row = *state;
	bool wanted = row->want[0] != '!';
	const char *line = row->want + (wanted ? 0 : 1);
	struct buf out;

	buf_init(&out, OUT_MAX);
	assert_int_equal(describe(row, OCTETS_MAX, &out), RES_OK);
	assert_int_equal(buf_result(&out), RES_OK);
	if (has_line(buf_text(&out), line) != wanted)
		fail_msg("\"%s\" in:\n%s", row->want, buf_text(&out));
	buf_clear(&out);
}

static void keeps_people_out(void **state)
{
	const struct row rows[] = {
		{ .field = "To", .value = " Joe <joe.doe@example.org>" },
		{ .field = "From", .value = " <joe.doe@example.org>" },
		{ .field = "Return-Path", .value = " <joe.doe@example.org>" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, OUT_MAX);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(describe(&rows[i], OCTETS_MAX, &out), RES_OK);
	assert_null(strstr(buf_text(&out), "joe"));
	assert_null(strstr(buf_text(&out), "doe"));
	buf_clear(&out);
}

static void stops_at_the_bound(void **state)
{
	const struct row row = { .text = "inside outside" };
	struct buf out;

	(void)state;
	buf_init(&out, OUT_MAX);
	assert_int_equal(describe(&row, strlen("inside"), &out), RES_OK);
	assert_true(has_line(buf_text(&out), "word inside"));
	assert_false(has_line(buf_text(&out), "word outside"));
	buf_clear(&out);
}

/* More different words than a message may have features. */
static void gathers_so_many(void **state)
{
	struct buf text;
	struct tokens t;

	(void)state;
	buf_init(&text, OUT_MAX);
	for (unsigned i = 0; i < 3 * TOKENS_MAX; i++)
		buf_add_format(&text, "w%u w%u ", i, i);
	const struct message message = { .field_count = 0 };
	const struct body_facts body = { .is_known = true,
		.text = buf_slice(&text) };
	const struct tokens_source source = { &message, &body, OUT_MAX };

	assert_int_equal(tokens_gather(&source, &t), RES_OK);
	assert_int_equal(t.count, TOKENS_MAX);
	for (size_t i = 1; i < t.count; i++)
		assert_true(t.index[i - 1] < t.index[i]);
	assert_true(t.index[0] > 0);
	assert_true(t.index[t.count - 1] < TOKENS_SPACE);
	tokens_clear(&t);
	buf_clear(&text);
}

#define HAS(title, ...) CASE(title, has, (&(struct row){ __VA_ARGS__ }))
#define FIELD(title, a, b, c) \
	HAS(title, .field = (a), .value = (b), .want = (c))

int main(void)
{
	const struct CMUnitTest cases[] = {
		FIELD("a field is known by its name", "X-Mailer", " Foo 1",
			"header x-mailer"),
		FIELD("and by the words of its value", "X-Mailer", " Foo 1",
			"field x-mailer foo"),
		FIELD("a subject is read as it is shown", "Subject",
			" =?utf-8?q?Free=20money?=", "subject money"),
		FIELD("an author is known by the domain", "From",
			" Joe <joe@mail.example.org>",
			"domain from example.org"),
		FIELD("what delivery adds does not count", "X-Spam-Status",
			" Yes", "!header x-spam-status"),
		FIELD("nor do hops", "Received", " from a.example",
			"!header received"),
		FIELD("a date is known by its zone", "Date",
			" Thu, 26 Nov 2026 10:00:00 -0700", "date zone -0700"),
		HAS("words of the text count", .text = "Hello World",
			.want = "word world"),
		HAS("tags count", .html = "<font color=RED>x</font>",
			.want = "html font"),
		HAS("and so do their attributes",
			.html = "<font color=RED>x</font>",
			.want = "html font color"),
		HAS("and short values of these",
			.html = "<font color=RED>x</font>",
			.want = "html value color RED"),
		HAS("a part is known by its type and encoding", .html = "",
			.want = "part text/html base64"),
		HAS("a link is known by its host",
			.url = "http://www.example.org/buy/now",
			.host = "www.example.org",
			.want = "link host example.org"),
		HAS("and by the words of its path",
			.url = "http://www.example.org/buy/now",
			.host = "www.example.org", .want = "link path buy"),
		HAS("words in capitals count as such, too",
			.text = "all FREE today", .want = "capitals FREE"),
		HAS("but not those of an address", .text = "JOE.DOE@EXAMPLE",
			.want = "!capitals JOE"),
		{ "people are kept out of it", keeps_people_out, NULL, NULL,
			NULL },
		{ "no more is read than was said", stops_at_the_bound, NULL,
			NULL, NULL },
		{ "a message has so many features and no more", gathers_so_many,
			NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("heur/tokens", cases, NULL, NULL);
}
