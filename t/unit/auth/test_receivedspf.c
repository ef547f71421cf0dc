/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/receivedspf.h"

#include "support/case.h"
#include "support/resinfo.h"

#include <string.h>

struct row {
	struct spf_fact fact;
	bool is_null_sender;
	const char *sender;
	const char *helo;
	const char *text;
};

static void formats(void **state)
{
	const struct row *row = *state;
	struct auth_facts auth = { .mailfrom = row->fact,
		.is_null_sender = row->is_null_sender,
		.helo = { .domain = slice_of(row->helo) } };
	struct envelope envelope = { .queue_id = slice_of("") };
	struct ipaddr ip;
	const struct authres_input in = { .authserv_id =
						  slice_of("mx.example.net"),
		.auth = &auth,
		.ip = &ip,
		.envelope = &envelope };
	struct buf out;
	struct buf results;

	assert_int_equal(ipaddr_parse(&ip, slice_of("192.0.2.1")), RES_OK);
	assert_int_equal(
		address_parse(&envelope.sender, slice_of(row->sender)), RES_OK);
	buf_init(&out, RECEIVEDSPF_MAX);
	assert_int_equal(receivedspf_format(&in, &out), RES_OK);
	assert_string_equal(buf_text(&out), row->text);
	assert_null(resinfo_line_fault(buf_text(&out)));

	buf_init(&results, AUTHRES_MAX);
	assert_int_equal(authres_format(&in, &results), RES_OK);
	assert_true((strstr(buf_text(&results), "spf=") == NULL) ==
		(row->text[0] == '\0'));
	buf_clear(&results);
	buf_clear(&out);
}

/* Each is as long as the facts let it be. */
static void fits(void **state)
{
	char name[254], text[1024];
	struct auth_facts auth = { .helo = { .domain = slice_of("") } };
	struct envelope envelope = { .sender = { .local = slice_of("") } };
	struct ipaddr ip = { .octet = { 0x20, 1, 0xff, 1, 2, 3 } };
	struct buf out;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(text, 'w', sizeof(text));
	envelope.sender.local = slice_make(text, 64);
	auth.helo.domain = slice_make(text, sizeof(text));
	auth.mailfrom = (struct spf_fact){ .result = AUTH_PERMERROR,
		.domain = slice_of(name),
		.matched = slice_make(text, sizeof(text)),
		.reason = slice_make(text, sizeof(text)) };
	const struct authres_input in = { .authserv_id = slice_of(name),
		.auth = &auth,
		.ip = &ip,
		.envelope = &envelope };

	buf_init(&out, RECEIVEDSPF_MAX);
	assert_int_equal(receivedspf_format(&in, &out), RES_OK);
	assert_null(resinfo_line_fault(buf_text(&out)));
	buf_clear(&out);
}

int main(void)
{
	const struct row pass = { .fact = { .result = AUTH_PASS,
					  .domain = slice_of("example.org"),
					  .matched = slice_of(
						  "ip4:192.0.2.0/24") },
		.sender = "<joe@example.org>",
		.helo = "mail.example.org",
		.text = " pass (mx.example.net: example.org permits "
			"192.0.2.1)\n\tclient-ip=\"192.0.2.1\"; "
			"envelope-from=\"joe@example.org\";\n\t"
			"helo=\"mail.example.org\"; "
			"receiver=\"mx.example.net\"; identity=mailfrom;\n\t"
			"mechanism=\"ip4:192.0.2.0/24\"" };
	const struct row bounce = { .fact = { .result = AUTH_NONE,
					    .domain = slice_of(
						    "mail.example.org") },
		.is_null_sender = true,
		.sender = "<>",
		.helo = "",
		.text = " none (mx.example.net: mail.example.org\n\t"
			"has no record for 192.0.2.1)\n\tclient-ip=\"192.0.2.1\"; "
			"helo=\"mail.example.org\";\n\t"
			"receiver=\"mx.example.net\"; identity=helo" };
	const struct row hostile = { .fact = { .result = AUTH_SOFTFAIL,
					     .domain = slice_of("example.org"),
					     .matched = slice_of(
						     "~exists:%{i}.\"\r\n\\)"),
					     .reason = slice_of("words") },
		.sender = "<\"a; helo=x\"@example.org>",
		.helo = "a\" (\r\nX: y",
		.text = " softfail (mx.example.net: example.org does not expect"
			" 192.0.2.1)\n\tclient-ip=\"192.0.2.1\"; "
			"envelope-from=\"example.org\"; helo=\"a (X: y\";\n\t"
			"receiver=\"mx.example.net\"; identity=mailfrom;\n\t"
			"mechanism=\"~exists:%{i}.)\"" };
	const struct row error = { .fact = { .result = AUTH_PERMERROR,
					   .domain = slice_of("a(b"),
					   .reason = slice_of("two records") },
		.sender = "<joe@a(b>",
		.helo = "h.example",
		.text = " permerror (mx.example.net: the domain\n\t"
			"has a broken record for 192.0.2.1)\n\t"
			"client-ip=\"192.0.2.1\"; helo=\"h.example\"; "
			"receiver=\"mx.example.net\";\n\tidentity=mailfrom; "
			"problem=\"two records\"" };
	const struct row unknown = {
		.sender = "<joe@example.org>", .helo = "h.example", .text = ""
	};
	const struct CMUnitTest cases[] = {
		CASE("a pass names sender, client and mechanism", formats,
			&pass),
		CASE("a bounce is about HELO", formats, &bounce),
		CASE("a hostile sender, HELO and record stay in quotes",
			formats, &hostile),
		CASE("an error says its problem", formats, &error),
		CASE("no field without an evaluation", formats, &unknown),
		CASE("the longest of everything fits", fits, NULL),
	};

	return cmocka_run_group_tests_name(
		"auth/receivedspf", cases, NULL, NULL);
}
