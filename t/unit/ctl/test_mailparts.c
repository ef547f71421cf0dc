/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailchild.h"
#include "ctl/mailframe.h"
#include "ctl/mailparts.h"

#include "support/case.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[MAILPARTS_KINDS] = { "text", "html", "feedback",
	"status", "original", "headers", "json", "dmarc" };

struct row {
	const char *text;
	const char *parts; /* "kind within octets|" of each */
};

/* Lines end in "~" here, so that a row can be read. */
static void describe(const struct mailparts *parts, struct buf *out)
{
	for (size_t i = 0; i < parts->count; i++) {
		const struct mailpart *p = &parts->part[i];

		buf_add_text(out, names[p->kind]);
		if (p->name.len > 0)
			buf_add_format(out, "(%.*s)", SLICE_ARG(p->name));
		if (p->within >= 0)
			buf_add_format(out, "<%d", p->within);
		buf_add_char(out, ' ');
		for (size_t k = 0; k < p->octets.len; k++)
			buf_add_char(out,
				p->octets.at[k] == '\n' ? '~'
							: p->octets.at[k]);
		buf_add_char(out, '|');
	}
}

static void takes_apart(void **state)
{
	const struct row *row = *state;
	struct mailparts parts;
	struct buf out;

	buf_init(&out, 65536);
	assert_string_equal(
		result_name(mailparts_read(slice_of(row->text), &parts)), "ok");
	describe(&parts, &out);
	assert_string_equal(buf_text(&out), row->parts);
	assert_false(parts.is_partial);
	mailparts_clear(&parts);
	buf_clear(&out);
}

#define MIXED                                      \
	"From: r@example.org\nMIME-Version: 1.0\n" \
	"Content-Type: multipart/mixed; boundary=b\n\n"
#define INNER "From: s@example.net\nSubject: win\n\nbuy\n"

/* ---- hostile ---- */

static void add_times(struct buf *b, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_add_text(b, text);
}

struct bomb {
	const char *head;
	const char *piece;
	size_t times;
	const char *tail;
	const char *first; /* name of the first part that is found, or NULL */
};

static void a_bomb_is_survived(void **state)
{
	const struct bomb *b = *state;
	struct mailparts parts;
	struct buf text;
	enum result res;

	buf_init(&text, 32 * 1024 * 1024);
	buf_add_text(&text, b->head);
	add_times(&text, b->piece, b->times);
	buf_add_text(&text, b->tail);
	assert_int_equal(buf_result(&text), RES_OK);
	res = mailparts_read(buf_slice(&text), &parts);
	assert_true(res == RES_OK || res == RES_CORRUPT || res == RES_TIMEOUT);
	assert_true(parts.is_partial);
	if (b->first != NULL) {
		assert_true(parts.count > 0);
		assert_string_equal(names[parts.part[0].kind], b->first);
	}
	mailparts_clear(&parts);
	buf_clear(&text);
}

/* Nested without a boundary: GMime stops, and so do we. */
static void deep_messages_end(void **state)
{
	struct mailparts parts;
	struct buf text;

	(void)state;
	buf_init(&text, 8 * 1024 * 1024);
	add_times(&text, "Content-Type: message/rfc822\n\n", 100000);
	buf_add_text(&text, INNER);
	assert_string_equal(
		result_name(mailparts_read(buf_slice(&text), &parts)), "ok");
	assert_int_equal(parts.count, 1);
	assert_int_equal(parts.part[0].kind, MAILPARTS_ORIGINAL);
	mailparts_clear(&parts);
	buf_clear(&text);
}

/* What an original says must not change on its way, or no trace would bind. */
static void an_original_stays_as_it_was(void **state)
{
	static const char original[] =
		"Received: from x\n\tby y;\n  Mon, 1 Jan 2024 00:00:00 +0000\n"
		"X-Reprieve-Trace: v=1; by=mx.example.net;\n\tk=1\n"
		"from:  \"J\xf6rg\" <j@example.org>   \n"
		"Subject: =?utf-8?q?caf=C3=A9?= raw \xff\n"
		"Message-ID:<1@example.org>\n"
		"Content-Type: multipart/alternative;\n boundary=\"in\"\n\n"
		"pre\n--in\nContent-Type: text/plain; charset=nonsense\n"
		"Content-Transfer-Encoding: base64\n\n!!!!\n"
		"--in\n\nx  \n--in--\npost\n";
	struct mailparts parts;
	struct buf text;

	(void)state;
	buf_init(&text, 65536);
	buf_add_text(&text,
		MIXED "--b\n\nlook\n--b\n"
		      "Content-Type: message/rfc822\n\n");
	buf_add_text(&text, original);
	buf_add_text(&text, "\n--b--\n");
	assert_string_equal(
		result_name(mailparts_read(buf_slice(&text), &parts)), "ok");
	assert_int_equal(parts.count, 2);
	assert_int_equal(parts.part[1].kind, MAILPARTS_ORIGINAL);
	assert_int_equal(parts.part[1].octets.len, strlen(original));
	assert_memory_equal(
		parts.part[1].octets.at, original, strlen(original));
	mailparts_clear(&parts);
	buf_clear(&text);
}

/* ---- the pipe ---- */

struct frames {
	const char *octets;
	size_t len;
	size_t count;
	const char *result;
};

static void frames_are_not_believed(void **state)
{
	const struct frames *f = *state;
	struct mailparts parts = { .count = 9 };

	buf_init(&parts.octets, 1024);
	buf_add(&parts.octets, slice_make(f->octets, f->len));
	assert_string_equal(result_name(mailframe_read(&parts)), f->result);
	assert_int_equal(parts.count, f->count);
	assert_int_equal(parts.is_partial, f->result[0] != 'o');
	mailparts_clear(&parts);
}

/* ---- the child ---- */

static enum mailchild_end dies(int fd, void *ctx)
{
	const struct mailpart told = { .kind = MAILPARTS_TEXT,
		.octets = slice_of("first"),
		.within = -1 };

	(void)ctx;
	(void)mailframe_write(fd, &told);
	(void)mailchild_write(fd, "P\0\0\0\0", 5);
	(void)raise(SIGKILL);
	return MAILCHILD_FOUND;
}

static void what_it_told_before_it_died_is_there(void **state)
{
	struct mailparts parts = { .count = 0 };

	(void)state;
	buf_init(&parts.octets, 1024);
	assert_string_equal(
		result_name(mailchild_run(dies, NULL, &parts.octets)),
		"corrupt");
	assert_string_equal(result_name(mailframe_read(&parts)), "corrupt");
	assert_int_equal(parts.count, 1);
	assert_memory_equal(parts.part[0].octets.at, "first", 5);
	mailparts_clear(&parts);
}

/* Past the bound of the buffer all is read, or the child would hang. */
static enum mailchild_end talks(int fd, void *ctx)
{
	static const char words[4096];

	(void)ctx;
	for (size_t i = 0; i < 100; i++)
		(void)mailchild_write(fd, words, sizeof(words));
	return MAILCHILD_NONE;
}

static void it_is_read_to_its_end(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_string_equal(
		result_name(mailchild_run(talks, NULL, &out)), "missing");
	assert_int_equal(out.len, 1000);
	buf_clear(&out);
}

/* It can open nothing that it could hurt. */
static enum mailchild_end tries(int fd, void *ctx)
{
	const char *path = ctx;
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	bool wrote;

	(void)fd;
	(void)signal(SIGXFSZ, SIG_IGN);
	wrote = file >= 0 && write(file, "x", 1) == 1;
	/* Root may have as many processes as he likes. */
	return wrote || (geteuid() != 0 && fork() == 0) ? MAILCHILD_FOUND
							: MAILCHILD_NONE;
}

static void it_can_do_nothing_else(void **state)
{
	char path[] = "/tmp/reprieve.XXXXXX";
	int file = mkstemp(path);
	struct buf out;

	(void)state;
	assert_true(file >= 0);
	close(file);
	buf_init(&out, 1000);
	assert_string_equal(
		result_name(mailchild_run(tries, path, &out)), "missing");
	assert_int_equal(unlink(path), 0);
	buf_clear(&out);
}

#define FRAMES(text, octets, count, result) \
	CASE(text, frames_are_not_believed, \
		(&(struct frames){          \
			octets, sizeof(octets) - 1, count, result }))
#define PARTS(text, mail, parts) \
	CASE(text, takes_apart, (&(struct row){ mail, parts }))
#define BOMB(text, ...) \
	CASE(text, a_bomb_is_survived, (&(struct bomb){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		PARTS("a mail without MIME is its text", "From: a\n\nhello\n",
			"text hello~|"),
		PARTS("an empty mail has an empty text", "From: a\n\n",
			"text |"),
		PARTS("a message that is attached is an original",
			MIXED "--b\n\nlook\n--b\nContent-Type: message/rfc822\n"
			      "\n" INNER "\n--b--\n",
			"text look|original From: s@example.net~Subject: "
			"win~~buy~|"),
		PARTS("several at once, and a file .eml",
			MIXED "--b\nContent-Type: message/rfc822\n\n" INNER
			      "--b\nContent-Type: application/octet-stream\n"
			      "Content-Disposition: attachment; "
			      "filename=A.EML\n"
			      "Content-Transfer-Encoding: base64\n\n"
			      "RnJvbTogYQoKYgo=\n--b--\n",
			"original From: s@example.net~Subject: win~~buy|"
			"original(A.EML) From: a~~b~|"),
		PARTS("an original in base64 is read, too",
			MIXED "--b\nContent-Type: message/rfc822\n"
			      "Content-Transfer-Encoding: base64\n\n"
			      "RnJvbTogYQoKYgo=\n--b--\n",
			"original From: a~~b~|"),
		PARTS("a feedback report has three parts",
			"MIME-Version: 1.0\nContent-Type: multipart/report; "
			"report-type=feedback-report; boundary=b\n\n"
			"--b\nContent-Type: text/plain\n\nwords\n"
			"--b\nContent-Type: message/feedback-report\n\n"
			"Feedback-Type: abuse\nVersion: 1\n\n"
			"--b\nContent-Type: text/rfc822-headers\n\n"
			"From: a@example.org\n\n--b--\n",
			"text words|feedback Feedback-Type: abuse~Version: 1~|"
			"headers From: a@example.org~|"),
		PARTS("JSON and reports about DMARC come packed still",
			MIXED "--b\nContent-Type: application/json\n\n{}\n"
			      "--b\nContent-Type: application/gzip\n"
			      "Content-Transfer-Encoding: base64\n\nH4sI\n"
			      "--b\nContent-Type: application/octet-stream; "
			      "name=\"a!b!1!2.xml\"\n\n<x/>\n--b--\n",
			"json {}|dmarc \x1f\x8b\x08|dmarc(a!b!1!2.xml) <x/>|"),
		PARTS("what is forwarded twice is found, and where it was",
			MIXED "--b\n\nlook\n--b\nContent-Type: message/rfc822\n"
			      "\nContent-Type: multipart/mixed; boundary=c\n\n"
			      "--c\n\nsee\n--c\n"
			      "Content-Type: message/rfc822\n\n" INNER
			      "--c--\n--b--\n",
			"text look|original Content-Type: multipart/mixed; "
			"boundary=c~~--c~~see~--c~Content-Type: "
			"message/rfc822~~From: s@example.net~Subject: "
			"win~~buy~--c--~|original<1 From: "
			"s@example.net~Subject: win~~buy|"),
		PARTS("a message with a file beside the message is no forward",
			MIXED "--b\nContent-Type: message/rfc822\n"
			      "\nContent-Type: multipart/mixed; boundary=c\n\n"
			      "--c\nContent-Type: image/png\n\nx\n--c\n"
			      "Content-Type: message/rfc822\n\n" INNER
			      "--c--\n--b--\n",
			"original Content-Type: multipart/mixed; "
			"boundary=c~~--c~Content-Type: image/png~~x~--c~"
			"Content-Type: message/rfc822~~From: "
			"s@example.net~Subject: win~~buy~--c--~|"),
		PARTS("a report that is signed is as one that is not",
			"MIME-Version: 1.0\nContent-Type: multipart/signed; "
			"protocol=\"application/pgp-signature\"; boundary=s"
			"\n\n--s\nContent-Type: multipart/mixed; boundary=b"
			"\n\n--b\n\nlook\n--b\nContent-Type: "
			"message/rfc822\n\n" INNER "\n--b--\n--s\n"
			"Content-Type: application/pgp-signature\n\nx\n"
			"--s--\n",
			"text look|original From: s@example.net~Subject: "
			"win~~buy~|"),
		PARTS("an attachment of text is no text of the reporter",
			MIXED "--b\nContent-Disposition: attachment\n\nx\n"
			      "--b\nContent-Type: text/html\n\n<p>y\n--b--\n",
			"html <p>y|"),
		PARTS("broken base64 is read as far as it goes",
			MIXED "--b\nContent-Type: application/json\n"
			      "Content-Transfer-Encoding: base64\n\n"
			      "e30=???\n--b--\n",
			"json {}|"),
		CASE("an original stays as it was", an_original_stays_as_it_was,
			NULL),
		CASE("messages nested 100,000 deep end", deep_messages_end,
			NULL),
		BOMB("1,000 parts", MIXED "--b\n\nfirst\n", "--b\n\nx\n", 1000,
			"--b--\n", "text"),
		BOMB("200,000 parts", MIXED "--b\n\nfirst\n", "--b\n\n", 200000,
			"--b--\n", "text"),
		BOMB("nested 1,000 deep", "",
			"Content-Type: multipart/mixed; boundary=b\n\n--b\n",
			1000, "\nx\n", NULL),
		BOMB("20 MB", MIXED "--b\n\nfirst\n--b\n\n",
			"0123456789abcdef0123456789abcdef0123456789abcde\n",
			450000, "--b--\n", "text"),
		BOMB("an original of 20 MB",
			MIXED "--b\nContent-Type: message/rfc822\n\nFrom: "
			      "a\n\n",
			"0123456789abcdef0123456789abcdef0123456789abcde\n",
			450000, "--b--\n", "original"),
		BOMB("300 originals", MIXED "--b\n\nfirst\n",
			"--b\nContent-Type: message/rfc822\n\nFrom: a\n\nx\n",
			300, "--b--\n", "text"),
		CASE("what a child told before it died is there",
			what_it_told_before_it_died_is_there, NULL),
		CASE("a child is read to its end", it_is_read_to_its_end, NULL),
		CASE("a child writes no file and starts no process",
			it_can_do_nothing_else, NULL),
		FRAMES("the end may be all there is", "E\0", 0, "ok"),
		FRAMES("a part and the end", "P\0\0\0\0\0\0\1\0\0\0\2nxyE\0", 1,
			"ok"),
		FRAMES("nothing is no end", "", 0, "corrupt"),
		FRAMES("a part without an end", "P\0\0\0\0\0\0\0\0\0\0\2xy", 1,
			"corrupt"),
		FRAMES("half a part", "P\0\0\0\0\0\0\0\0\0\0\2x", 0, "corrupt"),
		FRAMES("a kind that is none", "P\x8\0\0\0\0\0\0\0\0\0\0E\0", 0,
			"corrupt"),
		FRAMES("within itself", "P\4\1\0\0\0\0\0\0\0\0\0E\0", 0,
			"corrupt"),
		FRAMES("within a text",
			"P\0\0\0\0\0\0\0\0\0\0\0P\4\1\0\0\0\0\0\0\0\0\0E\0", 1,
			"corrupt"),
		FRAMES("a length that is a lie",
			"P\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"
			"E\0",
			0, "corrupt"),
		FRAMES("something behind the end", "E\0E\0", 0, "corrupt"),
	};

	return cmocka_run_group_tests_name("ctl/mailparts", cases, NULL, NULL);
}
