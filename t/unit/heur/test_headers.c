/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/headers.h"

#include "heur/imitation.h"
#include "support/case.h"
#include "unit/heur/headerrig.h"

#include <stdio.h>
#include <string.h>

/* What an honest program writes, but for what a test is about. */
#define DATE "Date: Fri, 15 Jan 2027 07:59:00 +0000\r\n"
#define ID "Message-ID: <1@sender.example>\r\n"
#define FROM "From: Joe <joe@sender.example>\r\n"
#define TO "To: ann@example.net\r\n"

struct row {
	const char *header;
	const char *want;
};

static void judge(struct headerrig *r, const char *header)
{
	struct imitation *imitation;

	assert_int_equal(imitation_open(&imitation), RES_OK);
	headerrig_take(r, slice_of(header));
	r->service = imitation;
	headerrig_run(r, headers_step);
	imitation_close(imitation);
}

static void judges(void **state)
{
	const struct row *row = *state;
	struct headerrig r;

	headerrig_init(&r,
		"headers { protected = {\"paypal.com\"} }\n"
		"portal { local_domains = {\"example.net\"} }\n");
	judge(&r, row->header);
	assert_string_equal(r.text, row->want);
	headerrig_clear(&r);
}

static void tells_nothing_of_what_is_not_there(void **state)
{
	struct headerrig r;

	(void)state;
	headerrig_init(&r, "");
	r.message.is_header_partial = true;
	judge(&r, FROM);
	assert_string_equal(r.text, "miss");
	headerrig_clear(&r);
}

static void waits_for_the_body(void **state)
{
	struct headerrig r;

	(void)state;
	headerrig_init(&r, "");
	r.body.has_bare_cr = r.body.has_nul = true;
	judge(&r, DATE ID FROM TO);
	assert_string_equal(r.text, "miss");
	r.body.is_known = true;
	judge(&r, DATE ID FROM TO);
	assert_string_equal(r.text, "bare_cr nul");
	headerrig_clear(&r);
}

static void counts_hops(void **state)
{
	struct headerrig r;
	char header[4096] = DATE ID FROM TO;

	(void)state;
	headerrig_init(&r, "headers { received_max = 12 }");
	for (int i = 0; i < 12; i++)
		snprintf(header + strlen(header),
			sizeof(header) - strlen(header),
			"Received: from a by b.example; x\r\n");
	judge(&r, header);
	assert_string_equal(r.text, "miss");
	snprintf(header + strlen(header), sizeof(header) - strlen(header),
		"Received: from a by b.example; x\r\n");
	judge(&r, header);
	assert_string_equal(r.text, "loop");
	headerrig_clear(&r);
}

/* ---- a domain of ours ---- */

struct proof {
	enum auth_result dmarc;
	enum auth_result spf;
	const char *spf_domain;
	enum auth_result dkim;
	const char *signer; /* NULL: no signature */
	const char *override;
	const char *want;
};

static void asks_for_proof(void **state)
{
	const struct proof *row = *state;
	struct dkim_fact signature = { .result = row->dkim };
	struct headerrig r;

	headerrig_init(&r, "portal { local_domains = {\"example.net\"} }");
	r.auth.dmarc.result = row->dmarc;
	r.auth.dmarc.from_domain = slice_of("mail.example.net");
	r.auth.dmarc.override = slice_of(row->override);
	r.auth.mailfrom.result = row->spf;
	r.auth.mailfrom.domain = slice_of(row->spf_domain);
	r.auth.dkim_is_known = true;
	signature.domain = slice_of(row->signer);
	r.auth.dkim = &signature;
	r.auth.dkim_count = row->signer != NULL;
	judge(&r, DATE ID TO "From: boss@mail.example.net\r\n");
	assert_string_equal(r.text, row->want);
	headerrig_clear(&r);
}

static void lets_a_user_of_ours_write(void **state)
{
	struct headerrig r;

	(void)state;
	headerrig_init(&r, "portal { local_domains = {\"example.net\"} }");
	r.auth.dmarc.result = AUTH_FAIL;
	r.auth.mailfrom.result = AUTH_NONE;
	r.auth.dkim_is_known = true;
	judge(&r, DATE ID TO "From: boss@example.net\r\n");
	assert_string_equal(r.text, "own_domain");
	r.envelope.auth_type = slice_of("PLAIN");
	judge(&r, DATE ID TO "From: boss@example.net\r\n");
	assert_string_equal(r.text, "miss");
	headerrig_clear(&r);
}

static void gives_away_no_address(void **state)
{
	struct headerrig r;

	(void)state;
	headerrig_init(&r, "");
	judge(&r,
		"Date: joe@private.example\r\n" TO
		"Message-ID: joe@private.example\r\n"
		"From: \"ann@other.example\" <joe@sender.example>\r\n");
	assert_string_equal(r.text, "bad_date bad_id display_address");
	for (size_t i = 0; i < r.found.count; i++)
		assert_int_equal(slice_find(r.found.item[i].evidence, '@'),
			r.found.item[i].evidence.len);
	if (!slice_is_equal(headerrig_evidence(&r, "display_address"),
		    slice_of("the name in From shows an address of "
			     "other.example, the address is of "
			     "sender.example")))
		fail_msg("other evidence");
	headerrig_clear(&r);
}

static void lets_smtputf8_be(void **state)
{
	struct headerrig r;

	(void)state;
	headerrig_init(&r, "");
	r.envelope.sender.whole = slice_of("j\xc3\xb6@sender.example");
	judge(&r, DATE ID FROM TO "Subject: \xc3\xb6\r\n");
	assert_string_equal(r.text, "miss");
	headerrig_clear(&r);
}

#define ROW(text, header, want) \
	CASE(text, judges, (&(const struct row){ (header), (want) }))
#define DATED(text, date, want) ROW(text, "Date: " date "\r\n" ID FROM TO, want)
#define NAMED(text, id, want) \
	ROW(text, DATE "Message-ID:" id "\r\n" FROM TO, want)
#define FROM_(text, from, want) ROW(text, DATE ID TO "From: " from "\r\n", want)
#define MORE(text, more, want) ROW(text, DATE ID FROM TO more "\r\n", want)
#define PROOF(text, ...) \
	CASE(text, asks_for_proof, (&(const struct proof){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("an honest header", DATE ID FROM TO, "miss"),
		ROW("no Date", ID FROM TO, "missing_date"),
		DATED("a Date that is none", "yesterday", "bad_date"),
		DATED("a day that does not exist", "31 Feb 2027 08:00:00 +0000",
			"bad_date"),
		DATED("a Date of next week", "Fri, 22 Jan 2027 08:00:00 +0000",
			"future_date"),
		DATED("a clock that is half a day ahead",
			"Fri, 15 Jan 2027 20:00:00 +0000", "miss"),
		DATED("a Date of last year", "Fri, 15 Jan 2026 08:00:00 +0000",
			"old_date"),
		DATED("mail that waited five days",
			"Sun, 10 Jan 2027 08:00:00 +0000", "miss"),
		DATED("a time zone that is nowhere",
			"Fri, 15 Jan 2027 08:00:00 -1900", "bad_date"),
		DATED("the time zone of Kiritimati",
			"Fri, 15 Jan 2027 22:00:00 +1400", "miss"),
		DATED("a Date of two digits", "15 Jan 27 08:00 GMT", "miss"),
		ROW("no Message-ID", DATE FROM TO, "missing_id"),
		NAMED("an empty Message-ID", "", "bad_id"),
		NAMED("a Message-ID without brackets", " 1@sender.example",
			"bad_id"),
		NAMED("a Message-ID with blanks", " <1 2@sender.example>",
			"bad_id"),
		NAMED("a Message-ID without an at sign", " <1.sender>",
			"bad_id"),
		NAMED("a Message-ID with nothing behind its at sign", " <1@>",
			"bad_id"),
		NAMED("a folded Message-ID", "\r\n <1@sender.example>", "miss"),
		NAMED("a Message-ID with an address literal",
			" <1@[192.0.2.1]>", "miss"),
		MORE("two Subjects", "Subject: a\r\nSubject: b", "repeated"),
		MORE("two To", "to: b@example.net", "repeated"),
		MORE("several Received", "Received: x\r\nReceived: y", "miss"),
		ROW("neither To nor Cc", DATE ID FROM, "no_recipient_field"),
		ROW("a hidden copy", DATE ID FROM "Bcc: \r\n", "miss"),
		MORE("twice through us",
			"Received: from a by mx.example.net; x\r\n"
			"Received: from b by mx.example.net; x",
			"miss"),
		MORE("three times through us",
			"Received: from a by mx.example.net; x\r\n"
			"Received: from b (x y) by (z) MX.example.net. with "
			"ESMTP; x\r\n"
			"Received: by mx.example.net; x",
			"loop"),
		MORE("our name where others write theirs",
			"Received: from mx.example.net by a; x\r\n"
			"Received: from mx.example.net by b; x\r\n"
			"Received: from x (by mx.example.net) by b; x",
			"miss"),
		MORE("a CR within a field", "Subject: a\rb", "bare_cr"),
		MORE("Latin-1 in the Subject", "Subject: \xf6", "eight_bit"),
		MORE("UTF-8 in the Subject", "Subject: \xc3\xb6",
			"eight_bit*0.5"),
		/* the From field */
		FROM_("a name that is the same address",
			"\"joe@sender.example\" <joe@sender.example>", "miss"),
		FROM_("a name that is an address of the same organisation",
			"\"joe@mail.sender.example\" <joe@sender.example>",
			"miss"),
		FROM_("a name that is an address of the same company abroad",
			"\"joe@sender.example\" <joe@sender.test>", "miss"),
		FROM_("a name that is an address of another domain",
			"\"ann@other.example\" <joe@sender.example>",
			"display_address"),
		FROM_("in an encoded word",
			"=?utf-8?q?ann=40other.example?= <joe@sender.example>",
			"display_address encoded_word*0.5"),
		FROM_("in a comment", "joe@sender.example (ann@other.example)",
			"display_address"),
		FROM_("a form on a web site",
			"\"ann@other.example\" <joe@sender.example>\r\n"
			"Reply-To: ann@other.example",
			"display_address*0.4"),
		FROM_("a mailing list that shows the author",
			"\"ann@other.example via List\" <l@sender.example>\r\n"
			"List-Id: <l.sender.example>",
			"display_address*0.2"),
		FROM_("a name with an at sign that is no address",
			"\"Joe @ Work\" <joe@sender.example>", "miss"),
		FROM_("a domain with a digit for a letter", "j@paypa1.com",
			"lookalike"),
		FROM_("a name with a letter of another script",
			"P\xd0\xb0yPal <j@sender.example>",
			"eight_bit*0.5 lookalike"),
		FROM_("the same in an encoded word",
			"=?utf-8?q?P=D0=B0yPal?= <j@sender.example>",
			"lookalike"),
		FROM_("the same in another charset",
			"=?koi8-r?q?P=C1yPal?= <j@sender.example>",
			"lookalike"),
		FROM_("the protected domain itself", "Paypal <j@paypal.com>",
			"miss"),
		FROM_("the same name below another top level",
			"Paypal <j@paypal.example>", "lookalike*0.25"),
		FROM_("a domain that is like one of ours", "j@examp1e.net",
			"lookalike"),
		/* encoded words */
		MORE("an encoded Subject",
			"Subject: =?utf-8?b?w7Y=?= =?iso-8859-1?q?=F6_x?=",
			"miss"),
		MORE("plain letters in an encoded word",
			"Subject: =?utf-8?B?SGFsbG8=?=", "miss"),
		MORE("a line end in an encoded word",
			"Subject: =?utf-8?q?a=0D=0AX:_b?=", "encoded_word"),
		MORE("a NUL in an encoded word",
			"Subject: =?utf-8?b?YQBi?=", "encoded_word"),
		MORE("UTF-16 in an encoded word",
			"Subject: =?utf-16be?b?AGEAYg==?=", "miss"),
		MORE("Japanese",
			"Subject: =?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "miss"),
		MORE("an encoded word in References",
			"References: =?utf-8?q?a?=", "encoded_word"),
		MORE("what is no encoded word",
			"Subject: =?a?= =?utf-8?x?y?=", "miss"),
		CASE("of a header that is not complete nothing is missing",
			tells_nothing_of_what_is_not_there, NULL),
		CASE("octets of a body that is not known", waits_for_the_body,
			NULL),
		CASE("more hops than the limit are a loop", counts_hops, NULL),
		CASE("evidence gives away no address", gives_away_no_address,
			NULL),
		CASE("an address in UTF-8 says that SMTPUTF8 was there",
			lets_smtputf8_be, NULL),
		CASE("our own users need no proof", lets_a_user_of_ours_write,
			NULL),
		PROOF("our domain, and DMARC fails", AUTH_FAIL, AUTH_NONE, "",
			AUTH_NONE, NULL, "", "own_domain"),
		PROOF("our domain, and there is no record", AUTH_NONE,
			AUTH_PASS, "evil.example", AUTH_PASS, "evil.example",
			"", "own_domain"),
		PROOF("our domain, and DMARC passes", AUTH_PASS, AUTH_PASS, "",
			AUTH_NONE, NULL, "", "miss"),
		PROOF("SPF of our domain without a record", AUTH_NONE,
			AUTH_PASS, "example.net", AUTH_NONE, NULL, "", "miss"),
		PROOF("our signature without a record", AUTH_NONE, AUTH_FAIL,
			"", AUTH_PASS, "example.net", "", "miss"),
		PROOF("our broken signature", AUTH_NONE, AUTH_FAIL, "",
			AUTH_FAIL, "example.net", "", "own_domain"),
		PROOF("a list that is trusted", AUTH_FAIL, AUTH_FAIL, "",
			AUTH_FAIL, "example.net", "known mailing list", "miss"),
		PROOF("DNS that does not answer", AUTH_TEMPERROR, AUTH_FAIL, "",
			AUTH_NONE, NULL, "", "miss"),
		PROOF("a key that could not be asked for", AUTH_FAIL, AUTH_FAIL,
			"", AUTH_TEMPERROR, "example.net", "", "miss"),
		PROOF("no authentication at all", AUTH_UNKNOWN, AUTH_UNKNOWN,
			"", AUTH_NONE, NULL, "", "miss"),
	};

	return cmocka_run_group_tests_name("heur/headers", cases, NULL, NULL);
}
