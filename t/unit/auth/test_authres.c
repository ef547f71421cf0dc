/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/authres.h"

#include "auth/fieldtext.h"
#include "support/case.h"
#include "support/resinfo.h"

#include <stdio.h>
#include <string.h>

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

/* "mx.\xc3\xb6.example" is its form in U-labels. */
static void claims_in_utf8(void **state)
{
	const struct row *row = *state;

	assert_int_equal(authres_claims(slice_of(row->value),
				 slice_of("mx.xn--nda.example")),
		row->claims);
}

#define UTF8(text, value, claim) \
	CASE(text, claims_in_utf8, (&(const struct row){ (value), (claim) }))
#define ROW(text, value, claim) \
	CASE(text, claims, (&(const struct row){ (value), (claim) }))

struct out_row {
	struct auth_facts facts;
	const char *sender; /* of MAIL FROM */
	const char *client;
	const char *text;
};

static void check_value(const struct buf *out, size_t results)
{
	size_t count;
	const char *fault = resinfo_fault(buf_text(out), &count);

	if (fault != NULL)
		fail_msg("%s: %s", fault, buf_text(out));
	assert_int_equal(count, results);
	assert_true(authres_claims(buf_slice(out), slice_of("mx.example.net")));
}

/* No row has a semicolon within a result. */
static size_t count_results(const char *text)
{
	size_t count = 0;

	if (strstr(text, "; none") != NULL)
		return 0;
	for (; *text != '\0'; text++)
		count += *text == ';';
	return count;
}

static void formats(void **state)
{
	const struct out_row *row = *state;
	struct envelope envelope = { .queue_id = slice_of("") };
	struct ipaddr ip;
	const struct authres_input in = { .authserv_id =
						  slice_of("mx.example.net"),
		.auth = &row->facts,
		.ip = &ip,
		.envelope = row->sender == NULL ? NULL : &envelope };
	struct buf out, behind;

	assert_int_equal(ipaddr_parse(&ip,
				 slice_of(row->client != NULL ? row->client
							      : "192.0.2.1")),
		RES_OK);
	if (row->sender != NULL)
		assert_int_equal(
			address_parse(&envelope.sender, slice_of(row->sender)),
			RES_OK);
	buf_init(&out, 4000);
	assert_int_equal(authres_format(&in, &out), RES_OK);
	assert_string_equal(buf_text(&out), row->text);
	check_value(&out, count_results(row->text));
	buf_init(&behind, 4000);
	assert_int_equal(authres_format_results(&in, &behind), RES_OK);
	assert_string_equal(buf_text(&behind), strchr(row->text, ';'));
	buf_clear(&behind);
	buf_clear(&out);
}

enum { NAME = 253, LOCAL = 64 };

/* The longest of everything. */
struct longest {
	char name[NAME];
	char identity[LOCAL + 1 + NAME];
	char text[FIELDTEXT_VALUE_MAX];
	struct dkim_fact dkim[AUTH_DKIM_MAX];
	struct arc_set set;
	struct spf_fact spf;
};

static void make_longest(struct longest *l)
{
	memset(l->name, 'a', sizeof(l->name));
	memset(l->text, 'w', sizeof(l->text));
	memset(l->identity, '=', LOCAL);
	l->identity[LOCAL] = '@';
	memset(l->identity + LOCAL + 1, 'a', NAME);
	l->spf = (struct spf_fact){ .result = AUTH_PERMERROR,
		.domain = slice_make(l->name, NAME),
		.reason = slice_make(l->text, sizeof(l->text)) };
	l->set = (struct arc_set){ .sealer = l->spf.domain };
	for (size_t i = 0; i < AUTH_DKIM_MAX; i++)
		l->dkim[i] = (struct dkim_fact){ .result = AUTH_PERMERROR,
			.domain = l->spf.domain,
			.selector = l->spf.domain,
			.identity =
				slice_make(l->identity, sizeof(l->identity)),
			.algorithm = slice_of("ed25519-sha256"),
			.b = slice_part(slice_make(l->text, 64), 0, 64),
			.reason = l->spf.reason,
			.key_bits = 16384,
			.is_testing = true,
			.is_partial = true,
			.is_key_secure = true };
}

static struct auth_facts facts_of(const struct longest *l)
{
	return (struct auth_facts){
		.iprev = { .result = AUTH_TEMPERROR,
			.name = l->spf.domain,
			.reason = l->spf.reason },
		.helo = l->spf,
		.mailfrom = l->spf,
		.dkim_is_known = true,
		.dkim_count = AUTH_DKIM_MAX,
		.dkim_ignored = 7,
		.dkim = l->dkim,
		.arc = { .result = AUTH_PASS,
			.instances = 50,
			.oldest_pass = 49,
			.sets = &l->set,
			.set_count = 1,
			.is_trusted = true,
			.reason = l->spf.reason },
		.dmarc = { .result = AUTH_TEMPERROR,
			.from_domain = l->spf.domain,
			.policy_domain = l->spf.domain,
			.policy = DMARC_POLICY_QUARANTINE,
			.policy_tag = "sp",
			.is_testing = true,
			.override = l->spf.reason },
	};
}

static void fits(void **state)
{
	struct longest l;
	struct envelope envelope = { .queue_id = slice_of("") };
	struct auth_facts facts;
	struct ipaddr ip;
	struct buf out;
	size_t count;

	(void)state;
	make_longest(&l);
	facts = facts_of(&l);
	envelope.sender.local = slice_make(l.identity, LOCAL);
	const struct authres_input in = { .authserv_id = l.spf.domain,
		.auth = &facts,
		.ip = &ip,
		.envelope = &envelope };

	assert_int_equal(
		ipaddr_parse(&ip,
			slice_of("2001:db8:1111:2222:3333:4444:5555:6666")),
		RES_OK);
	buf_init(&out, AUTHRES_MAX);
	assert_int_equal(authres_format(&in, &out), RES_OK);
	assert_null(resinfo_fault(buf_text(&out), &count));
	assert_int_equal(count, 2 + AUTH_DKIM_MAX + 1 + 3);
	buf_clear(&out);
}

static void applies(void **state)
{
	const struct dmarc_fact strict = { .policy = DMARC_POLICY_REJECT,
		.is_testing = true };
	const struct dmarc_fact open = { .policy = DMARC_POLICY_NONE,
		.is_testing = true };

	(void)state;
	assert_string_equal(
		dmarc_policy_name(authres_policy(&strict)), "quarantine");
	assert_string_equal(dmarc_policy_name(authres_policy(&open)), "none");
}

int main(void)
{
	const struct out_row none = { .text = " mx.example.net; none" };
	const struct out_row pass = { .facts.iprev = { .result = AUTH_PASS,
					      .name = slice_of(
						      "a.example.org") },
		.text = " mx.example.net;\n\tiprev=pass policy.iprev=192.0.2.1 "
			"(a.example.org)" };
	const struct out_row fail = { .facts.iprev = { .result = AUTH_FAIL,
					      .reason = slice_of(
						      "a \"b\"\r\nX: \\y") },
		.text = " mx.example.net;\n\tiprev=fail\n\treason=\"a bX: y\" "
			"policy.iprev=192.0.2.1" };
	const struct out_row six = { .facts.iprev = { .result = AUTH_PASS },
		.client = "2001:db8::1",
		.text = " mx.example.net;\n\tiprev=pass "
			"policy.iprev=\"2001:db8::1\"" };
	const struct out_row sender = { .facts.mailfrom = { .result = AUTH_PASS,
						.domain = slice_of(
							"example.org") },
		.sender = "<Joe.Doe+x@Example.ORG>",
		.text = " mx.example.net;\n\tspf=pass "
			"smtp.mailfrom=Joe.Doe+x@example.org" };
	const struct out_row batv = {
		.facts.mailfrom = { .result = AUTH_NEUTRAL,
			.domain = slice_of("example.org") },
		.sender = "<prvs=123=joe@example.org>",
		.text = " mx.example.net;\n\tspf=neutral "
			"smtp.mailfrom=\"prvs=123=joe@example.org\""
	};
	const struct out_row unsafe = {
		.facts.mailfrom = { .result = AUTH_FAIL,
			.domain = slice_of("example.org"),
			.reason = slice_of("matched -all") },
		.sender = "<\"joe; dkim=pass header.d\"@example.org>",
		.text = " mx.example.net;\n\tspf=fail\n\treason=\"matched "
			"-all\" smtp.mailfrom=example.org"
	};
	const struct out_row no_name = {
		.facts.mailfrom = { .result = AUTH_NONE,
			.domain = slice_of("a(b;\r\nc") },
		.sender = "<joe@a(b>",
		.text = " mx.example.net;\n\tspf=none"
	};
	const struct out_row bounce = {
		.facts = { .helo = { .result = AUTH_PASS,
				   .domain = slice_of("mail.example.org") },
			.mailfrom = { .result = AUTH_PASS,
				.domain = slice_of("mail.example.org") },
			.is_null_sender = true },
		.sender = "<>",
		.text = " mx.example.net;\n\tspf=pass "
			"smtp.helo=mail.example.org"
	};
	const struct out_row both = {
		.facts = { .helo = { .result = AUTH_PASS,
				   .domain = slice_of("mail.example.org") },
			.mailfrom = { .result = AUTH_SOFTFAIL,
				.domain = slice_of("example.org") } },
		.text = " mx.example.net;\n\tspf=softfail "
			"smtp.mailfrom=example.org;\n\tspf=pass "
			"smtp.helo=mail.example.org"
	};
	const struct out_row literal = {
		.facts = { .helo = { .result = AUTH_NONE,
				   .domain = slice_of("[192.0.2.1]") },
			.mailfrom = { .result = AUTH_NONE,
				.domain = slice_of("example.org") } },
		.text = " mx.example.net;\n\tspf=none "
			"smtp.mailfrom=example.org"
	};
	const struct out_row unsigned_mail = { .facts.dkim_is_known = true,
		.text = " mx.example.net;\n\tdkim=none" };
	const struct dkim_fact two[] = {
		{ .result = AUTH_PASS,
			.domain = slice_of("example.org"),
			.selector = slice_of("20230601"),
			.identity = slice_of("@example.org"),
			.algorithm = slice_of("rsa-sha256"),
			.b = slice_of("AbCdEfGhIjKlMnOp"),
			.key_bits = 2048,
			.is_key_secure = true },
		{ .result = AUTH_FAIL,
			.domain = slice_of("example.com"),
			.selector = slice_of("a.b"),
			.identity = slice_of("joe@example.com"),
			.algorithm = slice_of("ed25519-sha256"),
			.b = slice_of("AbCdEfGhI/==/=="),
			.reason = slice_of("the body was changed"),
			.is_testing = true,
			.is_partial = true },
	};
	const struct out_row dkim = { .facts = { .dkim_is_known = true,
					      .dkim_count = 2,
					      .dkim = two,
					      .dkim_ignored = 1 },
		.text = " mx.example.net;\n\tdkim=pass (2048-bit key DNSSEC) "
			"header.d=example.org\n\theader.i=@example.org "
			"header.s=20230601 header.a=rsa-sha256\n\t"
			"header.b=AbCdEfGhIj;\n\t"
			"dkim=fail (t=y) (l=)\n\treason=\"the body was "
			"changed\" header.d=example.com\n\t"
			"header.i=joe@example.com header.s=a.b "
			"header.a=ed25519-sha256\n\t"
			"header.b=\"AbCdEfGhI/\";\n\tdkim=neutral\n\t"
			"reason=\"too many signatures, not evaluated\"" };
	const struct dkim_fact hostile[] = {
		{ .result = AUTH_PERMERROR,
			.domain = slice_of("victim(.attacker"),
			.selector = slice_of("a;b"),
			.identity = slice_of("\"a\r\nX: y\"@example.org"),
			.algorithm = slice_of("") },
	};
	const struct out_row injected = { .facts = { .dkim_is_known = true,
						  .dkim_count = 1,
						  .dkim = hostile },
		.text = " mx.example.net;\n\tdkim=permerror" };
	const struct arc_set sets[] = { { .sealer = slice_of("a.example") },
		{ .sealer = slice_of("lists.example.org") } };
	const struct out_row arc = { .facts.arc = { .result = AUTH_PASS,
					     .instances = 2,
					     .sets = sets,
					     .set_count = 2,
					     .is_trusted = true },
		.text = " mx.example.net;\n\tarc=pass (i=2 trusted) "
			"(d=lists.example.org) smtp.remote-ip=192.0.2.1\n\t"
			"header.oldest-pass=0" };
	const struct out_row no_arc = { .facts.arc = { .result = AUTH_NONE },
		.text = " mx.example.net;\n\tarc=none" };
	const struct out_row arc_fail = {
		.facts.arc = { .result = AUTH_FAIL,
			.instances = 1,
			.reason = slice_of("set 1 has two seals") },
		.client = "2001:db8::1",
		.text = " mx.example.net;\n\tarc=fail (i=1)\n\treason=\"set 1 "
			"has two seals\" smtp.remote-ip=\"2001:db8::1\""
	};
	const struct out_row dmarc = {
		.facts.dmarc = { .result = AUTH_PASS,
			.from_domain = slice_of("news.example.org"),
			.policy_domain = slice_of("example.org"),
			.policy = DMARC_POLICY_REJECT,
			.policy_tag = "sp" },
		.text = " mx.example.net;\n\tdmarc=pass (sp=reject) "
			"header.from=news.example.org\n\t"
			"policy.dmarc=reject"
	};
	const struct out_row overridden = {
		.facts.dmarc = { .result = AUTH_FAIL,
			.from_domain = slice_of("example.org"),
			.policy_domain = slice_of("example.org"),
			.policy = DMARC_POLICY_REJECT,
			.policy_tag = "p",
			.is_testing = true,
			.reason = slice_of("nothing aligned"),
			.override = slice_of("trusted ARC sealer") },
		.text = " mx.example.net;\n\tdmarc=fail (p=reject t=y) "
			"(overridden)\n\treason=\"trusted ARC sealer\" "
			"header.from=example.org\n\tpolicy.dmarc=quarantine"
	};
	const struct out_row no_dmarc = {
		.facts.dmarc = { .result = AUTH_NONE,
			.from_domain = slice_of("example.org"),
			.policy_tag = "" },
		.text = " mx.example.net;\n\tdmarc=none header.from=example.org"
	};
	const struct out_row no_author = {
		.facts.dmarc = { .result = AUTH_PERMERROR,
			.reason = slice_of("several From fields") },
		.text = " mx.example.net;\n\tdmarc=permerror\n\t"
			"reason=\"several From fields\""
	};
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
		ROW("blanks around the dots", " mx. example .net; x", true),
		ROW("comments around the dots", " mx(a).(b) example\r\n .net;",
			true),
		ROW("a blank and a longer name", " mx. example.net.org; x",
			false),
		ROW("its labels without dots", " mx example net; x", false),
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
		ROW("letters of full width", " \xef\xbd\x8dx.example.net; x",
			true),
		UTF8("our name in A-labels", " mx.xn--nda.example; x", true),
		UTF8("our name in U-labels", " mx.\xc3\xb6.example; x", true),
		UTF8("our name in U-labels and capitals",
			" MX.\xc3\x96.example; x", true),
		UTF8("our name in U-labels, quoted, with a dot",
			" \"mx.\xc3\xb6.example.\"; x", true),
		UTF8("another name in U-labels", " mx.\xc3\xa4.example; x",
			false),
		UTF8("octets that are no UTF-8", " mx.\xc3.example; x", false),
		CASE("nothing evaluated is said as none", formats, &none),
		CASE("a pass has name and address", formats, &pass),
		CASE("a reason can not break out", formats, &fail),
		CASE("an IPv6 address is quoted", formats, &six),
		CASE("SPF names the sender", formats, &sender),
		CASE("a sender with = is quoted whole", formats, &batv),
		CASE("of a sender in quotes only the domain is told", formats,
			&unsafe),
		CASE("a domain that is no name is not told", formats, &no_name),
		CASE("SPF of a bounce speaks of HELO, once", formats, &bounce),
		CASE("SPF of HELO stands apart, behind that of the sender",
			formats, &both),
		CASE("a HELO that is no name has no result of its own", formats,
			&literal),
		CASE("an unsigned message is dkim=none", formats,
			&unsigned_mail),
		CASE("each signature has its own result", formats, &dkim),
		CASE("a signature of nonsense puts nothing into our field",
			formats, &injected),
		CASE("a chain has its last sealer", formats, &arc),
		CASE("no chain is said shortly", formats, &no_arc),
		CASE("a broken chain says why", formats, &arc_fail),
		CASE("DMARC has author and policy", formats, &dmarc),
		CASE("DMARC that is overridden says by what", formats,
			&overridden),
		CASE("no DMARC record is said as none", formats, &no_dmarc),
		CASE("several authors are told without a name", formats,
			&no_author),
		CASE("the longest names of 16 signatures fit", fits, NULL),
		CASE("t=y takes one level off the policy", applies, NULL),
	};

	return cmocka_run_group_tests_name("auth/authres", cases, NULL, NULL);
}
