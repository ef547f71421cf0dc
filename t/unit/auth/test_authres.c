/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/authres.h"

#include "support/case.h"

struct row {
	const char *value;
	bool claims;
};

static void claims(void **state)
{
	const struct row *row = *state;

	assert_int_equal(authres_claims(slice_of(row->value),
				 slice_of("mx.example.net")),
		row->claims);
}

#define ROW(text, value, claim) \
	CASE(text, claims, (&(const struct row){ (value), (claim) }))

struct out_row {
	struct iprev_fact fact;
	const char *text;
};

static void formats(void **state)
{
	const struct out_row *row = *state;
	struct auth_facts auth = { .iprev = row->fact };
	struct ipaddr ip;
	const struct authres_input in = { .authserv_id =
						  slice_of("mx.example.net"),
		.auth = &auth,
		.ip = &ip };
	struct buf out;

	assert_int_equal(ipaddr_parse(&ip, slice_of("192.0.2.1")), RES_OK);
	buf_init(&out, 1000);
	assert_int_equal(authres_format(&in, &out), RES_OK);
	assert_string_equal(buf_text(&out), row->text);
	assert_true(authres_claims(buf_slice(&out), in.authserv_id));
	buf_clear(&out);
}

int main(void)
{
	const struct out_row none = { { .result = AUTH_UNKNOWN },
		" mx.example.net; none" };
	const struct out_row pass = {
		{ .result = AUTH_PASS, .name = slice_of("a.example.org") },
		" mx.example.net;\n\tiprev=pass policy.iprev=192.0.2.1 "
		"(a.example.org)"
	};
	const struct out_row fail = { { .result = AUTH_FAIL,
					      .reason = slice_of(
						      "a \"b\"\r\nX: \\y") },
		" mx.example.net;\n\tiprev=fail\n\treason=\"a bX: y\" "
		"policy.iprev=192.0.2.1" };
	const struct CMUnitTest cases[] = {
		ROW("the plain form", " mx.example.net; spf=pass", true),
		ROW("no blank in front", "mx.example.net; none", true),
		ROW("the id alone", " mx.example.net", true),
		ROW("another case", " MX.Example.NET; none", true),
		ROW("a version behind", " mx.example.net 1; none", true),
		ROW("a version of later times", " mx.example.net 77; x", true),
		ROW("a trailing dot", " mx.example.net.; none", true),
		ROW("quotes", " \"mx.example.net\"; none", true),
		ROW("quotes and escapes", " \"mx\\.exam\\ple.net\"; x", true),
		ROW("quotes, a dot and a version", "\"mx.example.net.\" 1;",
			true),
		ROW("a fold within quotes", " \"mx.\r\nexample.net\";", true),
		ROW("a fold in front", "\r\n\tmx.example.net; none", true),
		ROW("a fold as LF", "\n\tmx.example.net; none", true),
		ROW("a comment in front", " (us) mx.example.net; x", true),
		ROW("nested comments in front",
			" (a (b) c)(d)\r\n mx.example.net; x", true),
		ROW("a bracket quoted in a comment",
			" (a \\) b) mx.example.net; x", true),
		ROW("a comment at once behind", " mx.example.net(us); x", true),
		ROW("a comment that does not end", " (mx.example.net; x", true),
		ROW("quotes that do not end", " \"mx.example.net; x", true),
		ROW("no semicolon at all", " mx.example.net spf=pass", true),
		ROW("tabs", "\tmx.example.net\t;none", true),
		ROW("a control octet behind", " mx.example.net\x01; x", true),
		ROW("a comma behind", " mx.example.net, x", true),
		ROW("a version behind a slash", " mx.example.net/1; x", true),
		ROW("somebody else", " mx.example.org; spf=pass", false),
		ROW("a longer name", " mx.example.net.org; none", false),
		ROW("a name in front of it", " a.mx.example.net; none", false),
		ROW("a longer name in UTF-8", " mx.example.net\xc3\xb6.org; x",
			false),
		ROW("a shorter name", " mx.example; none", false),
		ROW("two trailing dots", " mx.example.net..; none", false),
		ROW("our name as a result",
			" mx.example.org; spf=pass smtp.helo=mx.example.net",
			false),
		ROW("our name in a comment only",
			" (mx.example.net) mx.example.org; none", false),
		ROW("our name behind another",
			" mx.example.org mx.example.net; none", false),
		ROW("nothing", "", false),
		ROW("a semicolon only", "; none", false),
		ROW("blanks only", " \t\r\n ", false),
		ROW("an open comment without our name", " (x; spf=pass", false),
		CASE("nothing evaluated is said as none", formats, &none),
		CASE("a pass has name and address", formats, &pass),
		CASE("a reason can not break out", formats, &fail),
	};

	return cmocka_run_group_tests_name("auth/authres", cases, NULL, NULL);
}
