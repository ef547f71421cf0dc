/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/body.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "support/case.h"

#include <string.h>

enum { PIECE = 7 };

struct row {
	const char *type; /* of the message */
	const char *encoding;
	struct slice body; /* with LF for CRLF, unless it has CR */
	const char *want;
};

/* ---- one message through the check ---- */

struct rig {
	struct conf *conf;
	struct body_facts facts;
	void *state;
};

static struct conf *load(const char *more)
{
	struct conf *c = NULL;
	struct buf text, errors;

	buf_init(&text, 4096);
	buf_init(&errors, 4096);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://p.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\" }\n%s\n",
		more);
	if (conf_load_text("f", buf_slice(&text), &c, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&text);
	buf_clear(&errors);
	return c;
}

static struct buf with_crlf(struct slice body)
{
	const bool has_cr = slice_find(body, '\r') < body.len;
	struct buf b;

	buf_init(&b, 4000000);
	for (size_t i = 0; i < body.len; i++) {
		if (body.at[i] == '\n' && !has_cr)
			buf_add_char(&b, '\r');
		buf_add_char(&b, body.at[i]);
	}
	return b;
}

/* The facts live in r->state. */
static void run(struct rig *r, const char *conf, const struct row *row)
{
	const struct field fields[] = {
		{ .name = slice_of("Content-Type"),
			.value = slice_of(row->type) },
		{ .name = slice_of("Content-Transfer-Encoding"),
			.value = slice_of(row->encoding) },
	};
	const struct message message = { .fields = fields, .field_count = 2 };
	struct buf body = with_crlf(row->body);
	struct findings found = { .count = 0 };
	struct check_input in = {
		.message = &message,
		.body = &r->facts,
		.state = &r->state,
		.body_ended = true,
	};

	*r = (struct rig){ .conf = load(conf) };
	in.conf = r->conf;
	assert_int_equal(body_step(&in, NULL), CHECK_DONE);
	for (size_t i = 0; i < body.len; i += PIECE)
		assert_true(
			body_take(&in, slice_part(buf_slice(&body), i, PIECE)));
	assert_int_equal(body_step(&in, &found), CHECK_DONE);
	assert_int_equal(found.count, 0);
	buf_clear(&body);
}

static void end(struct rig *r)
{
	if (r->state != NULL)
		body_clear(r->state);
	conf_release(r->conf);
}

/* ---- what it has found, as text ---- */

static void tell_parts(struct buf *b, const struct body_facts *f)
{
	static const char *const kinds[] = { "other", "text", "html", "image",
		"pdf", "program", "zip", "archive", "ole", "message" };

	for (size_t i = 0; i < f->part_count; i++) {
		const struct body_part *p = &f->parts[i];

		buf_add_format(b, "%u %.*s %s", p->depth, SLICE_ARG(p->type),
			p->is_multipart ? "multi" : kinds[p->kind]);
		if (p->name.len > 0)
			buf_add_format(b, " name=%.*s", SLICE_ARG(p->name));
		buf_add_text(b, p->is_attachment ? " attached" : "");
		buf_add_text(b, p->is_cut ? " cut" : "");
		if (p->kind == BODY_TEXT || p->kind == BODY_HTML)
			buf_add_format(b, " {%.*s}", SLICE_ARG(p->content));
		buf_add_char(b, '\n');
	}
}

static void tells_parts(void **state)
{
	const struct row *row = *state;
	struct buf got;
	struct rig r;

	buf_init(&got, 10000);
	run(&r, "", row);
	assert_true(r.facts.is_known);
	tell_parts(&got, &r.facts);
	assert_string_equal(buf_text(&got), row->want);
	end(&r);
	buf_clear(&got);
}

static void tells_text(void **state)
{
	const struct row *row = *state;
	struct buf got;
	struct rig r;

	buf_init(&got, 10000);
	run(&r, "", row);
	buf_add_format(&got, "%.*s", SLICE_ARG(r.facts.text));
	if (r.facts.hidden > 0)
		buf_add_format(&got, "[%zu]", r.facts.hidden);
	assert_string_equal(buf_text(&got), row->want);
	end(&r);
	buf_clear(&got);
}

static void tells_links(void **state)
{
	static const char *const sources[] = { "text", "href", "src" };
	const struct row *row = *state;
	struct buf got;
	struct rig r;

	buf_init(&got, 10000);
	run(&r, "", row);
	for (size_t i = 0; i < r.facts.link_count; i++) {
		const struct body_link *l = &r.facts.links[i];

		buf_add_format(&got, "%s %.*s host=%.*s", sources[l->source],
			SLICE_ARG(l->url), SLICE_ARG(l->host));
		if (l->shown.len > 0)
			buf_add_format(
				&got, " shown=%.*s", SLICE_ARG(l->shown));
		buf_add_text(&got, l->has_userinfo ? " userinfo" : "");
		buf_add_text(&got, l->is_idn ? " idn" : "");
		buf_add_text(&got, l->is_address ? " address" : "");
		buf_add_char(&got, '\n');
	}
	assert_string_equal(buf_text(&got), row->want);
	end(&r);
	buf_clear(&got);
}

static void tells_flags(void **state)
{
	const struct row *row = *state;
	struct buf got;
	struct rig r;

	buf_init(&got, 1000);
	run(&r,
		"mime { body_max = 4096 parts_max = 3 depth_max = 2 "
		"links_max = 2 text_max = 1024 }",
		row);
	buf_add_text(&got, r.facts.is_cut ? " cut" : "");
	buf_add_text(&got, r.facts.is_too_deep ? " deep" : "");
	buf_add_text(&got, r.facts.has_too_many ? " many" : "");
	buf_add_text(&got, r.facts.is_broken ? " broken" : "");
	buf_add_text(&got, r.facts.has_more_links ? " links" : "");
	buf_add_text(&got, r.facts.has_bare_cr ? " bare" : "");
	buf_add_text(&got, r.facts.has_nul ? " nul" : "");
	buf_add_text(&got, r.facts.has_eight_bit ? " eight" : "");
	assert_string_equal(buf_text(&got), row->want);
	end(&r);
	buf_clear(&got);
}

/* ---- bounds ---- */

static void keeps_no_more_than_its_bounds(void **state)
{
	struct rig r;
	struct buf body;

	(void)state;
	buf_init(&body, 100000);
	for (size_t i = 0; i < 20000; i++)
		buf_add_text(&body, "a\xc3\xbc ");
	run(&r, "mime { body_max = 65536 text_max = 1024 }",
		&(struct row){ "text/html; charset=utf-8", "8bit",
			buf_slice(&body), NULL });
	assert_true(r.facts.is_cut);
	assert_int_equal(r.facts.octets, 80000);
	assert_int_equal(r.facts.part_count, 1);
	assert_true(r.facts.parts[0].is_cut);
	assert_true(r.facts.parts[0].content.len <= 1024);
	assert_true(r.facts.text.len <= 1024);
	assert_true(r.facts.text.len > 1000);
	end(&r);
	buf_clear(&body);
}

static void knows_nothing_without_a_body(void **state)
{
	struct rig r;

	(void)state;
	run(&r, "", &(struct row){ "text/plain", "", slice_of(""), NULL });
	assert_false(r.facts.is_known);
	end(&r);
}

#define ROW(type, encoding, body, want) \
	(&(const struct row){           \
		type, encoding, { body, sizeof(body) - 1 }, want })
#define PARTS(name, type, encoding, body, want) \
	CASE(name, tells_parts, ROW(type, encoding, body, want))
#define TEXT(name, type, encoding, body, want) \
	CASE(name, tells_text, ROW(type, encoding, body, want))
#define LINKS(name, body, want) \
	CASE(name, tells_links, ROW("text/html", "", body, want))
#define FLAGS(name, type, encoding, body, want) \
	CASE(name, tells_flags, ROW(type, encoding, body, want))

#define MIXED "multipart/mixed; boundary=b"

int main(void)
{
	const struct CMUnitTest cases[] = {
		PARTS("plain text", "text/plain", "", "a\n",
			"0 text/plain text {a\r\n}\n"),
		PARTS("base64 and charset are undone",
			"text/plain; charset=iso-8859-1", "Base64", "/A==\n",
			"0 text/plain text {\xc3\xbc}\n"),
		PARTS("quoted-printable too", "text/html; charset=utf-8",
			"quoted-printable", "=C3=BC=\nb",
			"0 text/html html {\xc3\xbc"
			"b}\n"),
		PARTS("a page may say its charset itself", "text/html", "8bit",
			"<meta charset='koi8-r'>\xf0",
			"0 text/html html {<meta charset='koi8-r'>"
			"\xd0\x9f}\n"),
		PARTS("one that could not be read if it were true is not",
			"text/html", "8bit", "<meta charset=utf-16>a",
			"0 text/html html {<meta charset=utf-16>a}\n"),
		PARTS("but the header is right", "text/html; charset=utf-8",
			"8bit", "<meta charset=koi8-r>\xd0\x9f",
			"0 text/html html {<meta charset=koi8-r>"
			"\xd0\x9f}\n"),
		PARTS("files have names", MIXED, "",
			"--b\nContent-Type: text/plain\n\na\n--b\n"
			"Content-Type: application/pdf; name=x.pdf\n"
			"Content-Transfer-Encoding: base64\n\nJVBERi0=\n--b\n"
			"Content-Disposition: attachment; "
			"filename=\"=?utf-8?q?=C3=BC.txt?=\"\n\nc\n--b--",
			"0 multipart/mixed multi\n"
			"1 text/plain text {a}\n"
			"1 application/pdf pdf name=x.pdf attached\n"
			"1 text/plain text name=\xc3\xbc.txt attached {c}\n"),
		PARTS("a program is one, whatever it is called", MIXED, "",
			"--b\nContent-Type: image/png; name=x.png\n\n"
			"\x7f"
			"ELF\n--b--",
			"0 multipart/mixed multi\n"
			"1 image/png program name=x.png attached\n"),
		PARTS("a script that is shown is text", "text/plain", "",
			"#!/bin/sh\n", "0 text/plain text {#!/bin/sh\r\n}\n"),
		PARTS("an archive that claims to be text", "text/plain",
			"base64", "UEsDBA==", "0 text/plain zip\n"),
		PARTS("a text that begins like one", "text/plain", "",
			"BZh MSCF", "0 text/plain text {BZh MSCF}\n"),
		PARTS("a message within", "message/rfc822", "",
			"Subject: x\n\na",
			"0 message/rfc822 message\n1 text/plain text {a}\n"),
		TEXT("text of HTML as it is seen", "text/html", "",
			"<title>t</title><style>x</style><p>a\n  b<p>c<br>d"
			"<div style='display:none'>secret</div><b>e</b>f",
			"a b\nc\nd\nef[6]"),
		TEXT("text of all parts, but not of files",
			"multipart/mixed; boundary=b", "",
			"--b\n\nplain\n--b\nContent-Type: text/html\n\n"
			"<p>a\n--b\nContent-Disposition: attachment\n\n"
			"file\n--b--",
			"plain\n\na"),
		TEXT("a preview padded with blanks weighs what it says",
			"text/html", "",
			"<p style='display:none'>ab&nbsp;&zwnj;&nbsp;</p>c",
			"c[2]"),
		TEXT("what a style sheet may show again weighs nothing",
			"text/html", "",
			"<style>@media x</style><p class=m "
			"style='display:none'>small</p>"
			"<p style='display:none'>never</p>wide",
			"wide[5]"),
		LINKS("links and what they show",
			"<a href='http://A.example/b'>see <b>this</b>\nnow</a>"
			"<img src=//c.example/d>",
			"href http://A.example/b host=a.example "
			"shown=see this now\n"
			"src //c.example/d host=c.example\n"),
		LINKS("a link that is not closed ends with the next",
			"<a href=http://a.b>x<a href=http://c.d>y",
			"href http://a.b host=a.b shown=x\n"
			"href http://c.d host=c.d shown=y\n"),
		LINKS("forms, bases and refreshes lead away too",
			"<base href=http://a.b><form action=http://c.d>"
			"<meta http-equiv=Refresh "
			"content=\"0; URL='http://e.f/'\">",
			"href http://a.b host=a.b\nhref http://c.d host=c.d\n"
			"href http://e.f/ host=e.f\n"),
		LINKS("references and blanks in links are undone",
			"<a href=' http&colon;//a&#46;b/\n'>x</a>",
			"href http://a.b/ host=a.b shown=x\n"),
		LINKS("places in the mail itself are no links",
			"<a href='#top'>x</a><img src=cid:a><a href=b.html>c",
			""),
		LINKS("text that is a link", "see http://a.b/c. x",
			"text http://a.b/c host=a.b\n"),
		LINKS("what is odd is said",
			"<a href=http://bank@0x7f.1/>x</a>"
			"<a href=http://xn--mller-kva.example>y",
			"href http://bank@0x7f.1/ host=127.0.0.1 shown=x "
			"userinfo address\n"
			"href http://xn--mller-kva.example "
			"host=xn--mller-kva.example shown=y idn\n"),
		FLAGS("an honest message has none", "text/plain", "8bit",
			"a \xc3\xbc\n", ""),
		FLAGS("a CR alone", "text/plain", "", "a\rb\r\n", " bare"),
		FLAGS("a LF alone", "text/plain", "", "a\r\nb\n", " bare"),
		FLAGS("a CR at the end", "text/plain", "", "a\r", " bare"),
		FLAGS("NUL", "text/plain", "", "a\0b", " nul"),
		FLAGS("octets above 127 in 7bit", "text/plain", "7bit",
			"\xc3\xbc", " eight"),
		FLAGS("too many parts", MIXED, "",
			"--b\n\na\n--b\n\na\n--b\n\na\n--b--", " many"),
		FLAGS("too deep", "message/rfc822", "",
			"Content-Type: message/rfc822\n\n"
			"Content-Type: message/rfc822\n\na",
			" deep"),
		FLAGS("a boundary that never comes", MIXED, "", "a", " broken"),
		FLAGS("base64 that is none", "text/plain", "base64",
			"!$ %& ./ ** ? ? !!", " broken"),
		FLAGS("more links than are read", "text/html", "",
			"<a href=http://a.b><a href=http://a.b>"
			"<a href=http://a.b>",
			" links"),
		cmocka_unit_test(keeps_no_more_than_its_bounds),
		cmocka_unit_test(knows_nothing_without_a_body),
	};

	return cmocka_run_group_tests_name("heur/body", cases, NULL, NULL);
}
