/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it costs to look into a body: heur/body, links and attach, one after
 * the other, as at the end of a message. CPU time, no I/O.
 *
 *	bench_body usual             letters as they come, by size
 *	bench_body hostile           shapes made to cost much, of 1 MB each
 *	bench_body file FILE...      messages, header and all
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "conf/conf.h"
#include "heur/attach.h"
#include "heur/body.h"
#include "heur/links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PIECE = 65535, /* as an MTA hands it over */
	BODY_MAX = 1 << 20,
	FILE_MAX = 16 << 20,
	ROUNDS = 300,
	ARENA_MAX = 1 << 20
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct conf *load(void)
{
	struct conf *c = NULL;
	struct buf errors;

	buf_init(&errors, 4096);
	if (conf_load_text("f",
		    slice_of("host = \"mx.example.net\"\n"
			     "portal_url = \"https://p.example.net\"\n"
			     "milter { socket = \"inet:8894@127.0.0.1\" }\n"),
		    &c, &errors) != RES_OK) {
		fprintf(stderr, "%s\n", buf_text(&errors));
		exit(1);
	}
	buf_clear(&errors);
	return c;
}

/* ---- one message ---- */

struct outcome_line {
	struct body_facts facts; /* of what is freed already: numbers only */
	struct buf findings; /* "word factor: evidence", each in brackets */
};

static void tell(struct buf *b, const struct findings *found)
{
	buf_reset(b);
	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->item[i];

		if (f->outcome == OUTCOME_HIT)
			buf_add_format(b, " [%s %.2f: %.*s]", f->detail,
				f->factor, SLICE_ARG(f->evidence));
	}
}

static void judge(const struct conf *conf, const char *type,
	const char *encoding, struct slice body, struct outcome_line *out)
{
	const struct field fields[] = {
		{ .name = slice_of("Content-Type"), .value = slice_of(type) },
		{ .name = slice_of("Content-Transfer-Encoding"),
			.value = slice_of(encoding) },
	};
	const struct message message = { .fields = fields, .field_count = 2 };
	struct arena *a = arena_new(ARENA_MAX);
	struct findings found = { .count = 0 };
	struct body_facts facts = { .is_known = false };
	void *state = NULL;
	struct check_input in = {
		.conf = conf,
		.message = &message,
		.body = &facts,
		.arena = a,
		.state = &state,
		.body_ended = true,
	};

	for (size_t i = 0; i < body.len; i += PIECE)
		(void)body_take(&in, slice_part(body, i, PIECE));
	(void)body_step(&in, &found);
	(void)links_step(&in, &found);
	(void)attach_step(&in, &found);
	out->facts = facts;
	tell(&out->findings, &found);
	if (state != NULL)
		body_clear(state);
	arena_free(a);
}

static void measure(const char *name, const char *type, const char *encoding,
	struct slice body, unsigned rounds)
{
	struct conf *conf = load();
	struct outcome_line line;
	double begin, each;

	buf_init(&line.findings, 65536);
	judge(conf, type, encoding, body, &line); /* caches, iconv */
	begin = now_us();
	for (unsigned i = 0; i < rounds; i++)
		judge(conf, type, encoding, body, &line);
	each = (now_us() - begin) / rounds;
	printf("%-34s %8zu %10.1f us %6zu parts %6zu links %7zu text%s%s\n",
		name, body.len, each, line.facts.part_count,
		line.facts.link_count, line.facts.text.len,
		line.facts.is_known ? "" : " (not known)",
		buf_text(&line.findings));
	buf_clear(&line.findings);
	conf_release(conf);
}

/* ---- letters ---- */

static void add_html(struct buf *b, size_t len)
{
	const size_t end = b->len + len;

	buf_add_text(b,
		"<html><head><style>td{color:#333}</style></head>"
		"<body bgcolor=3D\"#ffffff\">\r\n<table>");
	while (b->len < end)
		buf_add_text(b,
			"<tr><td style=3D\"font-size:14px;color:#333333;padding"
			":4px 8px\" class=\r\n=3D\"cell\">Dear reader, this "
			"week we have &uuml;ber 20 offers &amp; m=\r\nore for "
			"you.<br>\r\n<a href=3D\"https://click.news.example/c/"
			"?id=3D1234567890&amp;u=3Dabc=\r\ndef\" style=3D\""
			"color:#0066cc\">Read on</a>&nbsp;<img src=3D\"https:"
			"//img.n=\r\news.example/a.png\" width=3D\"600\" "
			"alt=3D\"\"></td></tr>\r\n");
	buf_add_text(b, "</table></body></html>\r\n");
}

static void add_plain(struct buf *b, size_t len)
{
	const size_t end = b->len + len;

	while (b->len < end)
		buf_add_text(b,
			"Hello all, the meeting of Tuesday is moved to ten, "
			"see\r\nhttps://calendar.example.org/m/42 for the "
			"place. Regards, J=C3=BCrgen\r\n\r\n");
}

static void add_base64(struct buf *b, size_t len)
{
	const size_t end = b->len + len;

	buf_add_text(b, "/9j/"); /* a JPEG image */
	while (b->len < end)
		buf_add_text(b,
			"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm"
			"9wcXJzdHV2d3h5ejAx\r\n");
}

static void letter(const char *name, size_t html, size_t plain, size_t image)
{
	struct buf b;

	buf_init(&b, FILE_MAX);
	buf_add_text(&b,
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	add_plain(&b, plain);
	if (html > 0) {
		buf_add_text(&b,
			"--b\r\nContent-Type: text/html; charset=utf-8\r\n"
			"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
		add_html(&b, html);
	}
	if (image > 0) {
		buf_add_text(&b,
			"--b\r\nContent-Type: image/jpeg; name=a.jpg\r\n"
			"Content-Transfer-Encoding: base64\r\n\r\n");
		add_base64(&b, image);
	}
	buf_add_text(&b, "--b--\r\n");
	measure(name, "multipart/mixed; boundary=b", "", buf_slice(&b), ROUNDS);
	buf_clear(&b);
}

static void usual(void)
{
	letter("plain text, 5 kB", 0, 5000, 0);
	letter("plain text, 50 kB", 0, 50000, 0);
	letter("text and HTML, 5 kB", 4000, 1000, 0);
	letter("text and HTML, 20 kB", 16000, 4000, 0);
	letter("text and HTML, 50 kB", 45000, 5000, 0);
	letter("text, HTML and an image, 500 kB", 16000, 4000, 480000);
}

/* ---- shapes that cost ---- */

struct shape {
	const char *name;
	const char *type;
	const char *first; /* once */
	const char *piece; /* again and again, to 1 MB */
};

#define MIXED "multipart/mixed; boundary=b"
#define NEST "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
#define MESSAGE "Content-Type: message/rfc822\r\n\r\n"

static const struct shape shapes[] = {
	{ "parts", MIXED, "", "--b\r\n\r\na\r\n" },
	{ "parts with names", MIXED, "",
		"--b\r\nContent-Disposition: attachment; filename=a.exe\r\n"
		"\r\na\r\n" },
	{ "multiparts in each other", MIXED, "", NEST },
	{ "messages in each other", "message/rfc822", "", MESSAGE },
	{ "lines like boundaries", MIXED, "", "--bb\r\n" },
	{ "short lines", MIXED, "", "\n" },
	{ "fields of a part", MIXED, "--b\r\n", "a: b\r\n" },
	{ "folds of a field", MIXED, "--b\r\nContent-Type: a;", "\r\n b" },
	{ "pieces of a name", MIXED, "--b\r\nContent-Type: a/b;\r\n",
		" name*1=b;\r\n" },
	{ "links", "text/html", "", "<a href=http://a.b>c</a>" },
	{ "links that show hosts", "text/html", "",
		"<a href=http://a.b/aaaaaaaaaaaaaa>www.aaaaaaaab.com</a>" },
	{ "links in text", "text/plain", "", "http://a.b " },
	{ "half links in text", "text/plain", "", "http:/" },
	{ "one long link", "text/html", "<a href=http://a.b/", "a" },
	{ "<", "text/html", "", "<" },
	{ "</", "text/html", "", "</" },
	{ "<!--", "text/html", "", "<!--" },
	{ "<!-- >", "text/html", "<!--", ">" },
	{ "tags without end", "text/html", "", "<a b='" },
	{ "open tags", "text/html", "", "<b>" },
	{ "tags that close nothing", "text/html", "<table><td>", "<i></b>" },
	{ "paragraphs in spans", "text/html", "", "<span><p>" },
	{ "cells in cells", "text/html", "", "<td><b>" },
	{ "attributes", "text/html", "<a", " b=c" },
	{ "attributes of one name each", "text/html", "",
		"<a b c d e f g h i j k l m n o p q r s t u v w x y z>" },
	{ "styles", "text/html", "", "<b style='color:#fff;top:1'>" },
	{ "one long style", "text/html", "<b style='", "a:b;" },
	{ "&", "text/html", "", "&" },
	{ "&a", "text/html", "", "&abcdefghijklmnop" },
	{ "&#", "text/html", "", "&#9999999" },
	{ "scripts without end", "text/html", "", "<script>" },
	{ "ends of scripts", "text/html", "<script>", "</scrip" },
	{ "characters of no width", "text/html", "", "\xe2\x80\x8b" },
	{ "octets that are no UTF-8", "text/html; charset=utf-8", "", "\xff" },
	{ "=?", "text/plain", "", "=?" },
	{ "Chinese that is none", "text/plain; charset=gb18030", "", "\x81" },
	{ "Japanese that shifts", "text/plain; charset=iso-2022-jp", "",
		"\x1b$B\x1b(B" },
	{ "UTF-7", "text/plain; charset=utf-7", "", "+AGE-" },
	{ "blanks", "text/html", "", " " },
	{ "entries of a ZIP file", "application/zip; name=a.zip", "PK\3\4",
		"PK\3\4aaaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ "blocks of a RAR file", "application/rar; name=a.rar", "Rar!\x1a\7\1",
		"\1\1\1\1\1\1" },
};

static void hostile(void)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];
		struct buf b;

		buf_init(&b, FILE_MAX);
		buf_add_text(&b, s->first);
		while (b.len < BODY_MAX)
			buf_add_text(&b, s->piece);
		measure(s->name, s->type, "", buf_slice(&b), 3);
		buf_clear(&b);
	}
}

/* ---- messages from files ---- */

/* The value of a field with its folds, in *text. */
static void field_of(struct slice head, const char *name, struct buf *text)
{
	struct slice line;
	bool is_in = false;

	while (slice_cut(&head, '\n', &line)) {
		const size_t len = strlen(name);
		const bool is_fold = line.len > 0 &&
			(line.at[0] == ' ' || line.at[0] == '\t');

		if (is_in && !is_fold)
			return;
		if (!is_in)
			is_in = slice_has_prefix_nocase(line, slice_of(name)) &&
				line.len > len && line.at[len] == ':';
		if (is_in)
			buf_add(text,
				is_fold ? line
					: slice_part(line, len + 1, line.len));
	}
}

static void from_file(const char *path)
{
	struct buf file, type, encoding;
	struct slice all;
	size_t end = 0;

	buf_init(&file, FILE_MAX);
	buf_init(&type, FILE_MAX);
	buf_init(&encoding, FILE_MAX);
	if (file_read(path, &file) != RES_OK) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(1);
	}
	all = buf_slice(&file);
	while (end + 1 < all.len &&
		!(all.at[end] == '\n' &&
			(all.at[end + 1] == '\n' || all.at[end + 1] == '\r')))
		end++;
	field_of(slice_part(all, 0, end), "Content-Type", &type);
	field_of(slice_part(all, 0, end), "Content-Transfer-Encoding",
		&encoding);
	measure(path, buf_text(&type), buf_text(&encoding),
		slice_part(all, end, all.len), 20);
	buf_clear(&file);
	buf_clear(&type);
	buf_clear(&encoding);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "usual";

	if (strcmp(what, "hostile") == 0)
		hostile();
	else if (strcmp(what, "file") == 0)
		for (int i = 2; i < argc; i++)
			from_file(argv[i]);
	else
		usual();
	return 0;
}
