/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarceval.h"

#include "base/clock.h"
#include "dns/asker.h"
#include "net/psl.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <stdio.h>
#include <string.h>

enum { SIGNERS_MAX = 3 };

struct row {
	const char *author;
	const char *spf; /* "pass example.com" */
	const char *dkim[SIGNERS_MAX];
	struct fake_record records[8];
	/* result by policy.tag@where org=..., see show() */
	const char *want;
	size_t asked; /* 0: does not matter */
	bool by_psl;
};

struct rig {
	struct fake_dns *dns;
	struct asker *asker;
	struct psl *psl;
	struct auth_facts auth;
	struct dkim_fact dkim[SIGNERS_MAX];
};

static enum auth_result result_of(struct slice name)
{
	for (int r = AUTH_NONE; r <= AUTH_PERMERROR; r++)
		if (slice_is_equal(name,
			    slice_of(auth_result_name((enum auth_result)r))))
			return (enum auth_result)r;
	fail_msg("no result: %.*s", SLICE_ARG(name));
	return AUTH_UNKNOWN;
}

static struct slice split(const char *text, enum auth_result *result)
{
	struct slice rest = slice_of(text);
	struct slice word = slice_of("none");

	(void)slice_cut(&rest, ' ', &word);
	*result = result_of(word);
	return rest;
}

static void set_up(struct rig *r, const struct row *row)
{
	static const struct asker_limits limits = { 40, 1000 };

	*r = (struct rig){ .dns = fake_dns_new(row->records) };
	r->asker = asker_new(fake_dns_source(r->dns), &limits, clock_system());
	if (row->by_psl)
		assert_int_equal(psl_open(&r->psl), RES_OK);
	r->auth.mailfrom.domain = split(row->spf, &r->auth.mailfrom.result);
	for (size_t i = 0; i < SIGNERS_MAX && row->dkim[i] != NULL; i++) {
		r->dkim[i].domain = split(row->dkim[i], &r->dkim[i].result);
		r->auth.dkim_count++;
	}
	r->auth.dkim = r->dkim;
	r->auth.dkim_is_known = true;
	fake_dns_hold(r->dns, true);
}

static void tear_down(struct rig *r)
{
	asker_free(r->asker);
	fake_dns_free(r->dns);
	psl_close(r->psl);
}

static const char *aligned_name(const struct dmarc_fact *f)
{
	return f->dkim_aligned && f->spf_aligned ? " both"
		: f->dkim_aligned		 ? " dkim"
		: f->spf_aligned		 ? " spf"
						 : "";
}

/* "pass dkim example.com p=reject@example.com org=example.com" */
static void show(const struct dmarc_fact *f, char *out, size_t size)
{
	int n = snprintf(out, size, "%s%s", auth_result_name(f->result),
		aligned_name(f));

	if (f->aligned_domain.len > 0)
		n += snprintf(out + n, size - (size_t)n, " %.*s",
			SLICE_ARG(f->aligned_domain));
	if (f->policy_tag[0] != '\0')
		n += snprintf(out + n, size - (size_t)n, " %s=%s%s@%.*s",
			f->policy_tag, dmarc_policy_name(f->policy),
			f->is_testing ? "(t)" : "",
			SLICE_ARG(f->policy_domain));
	if (f->org_domain.len > 0)
		n += snprintf(out + n, size - (size_t)n, " org=%.*s",
			SLICE_ARG(f->org_domain));
	if (f->result == AUTH_TEMPERROR || f->result == AUTH_NONE)
		(void)snprintf(out + n, size - (size_t)n, " (%.*s)",
			SLICE_ARG(f->reason));
}

static void evaluates(void **state)
{
	const struct row *row = *state;
	struct dmarc_fact fact;
	struct dmarceval *e;
	struct rig rig;
	char got[400];
	int rounds = 0;

	set_up(&rig, row);
	e = dmarceval_new(slice_of(row->author), rig.asker);
	dmarceval_start(e, rig.psl, NULL, 0);
	(void)fake_dns_let_go(rig.dns);
	while (dmarceval_run(e, rig.psl, &rig.auth, &fact) == CHECK_WAITING) {
		if (fake_dns_let_go(rig.dns) == 0)
			asker_expire(rig.asker);
		/* The signers' names, then the end. */
		assert_true(rounds++ < 3);
	}
	show(&fact, got, sizeof(got));
	assert_string_equal(got, row->want);
	if (row->asked > 0)
		assert_int_equal(fake_dns_asked(rig.dns), row->asked);
	dmarceval_free(e);
	tear_down(&rig);
}

/* What is expected to sign is asked for with the rest: one round. */
static void asks_ahead(void **state)
{
	static const struct row row = { "news.example.com", "none",
		{ "pass mail.example.com" },
		{ { "_dmarc.example.com", "TXT", "v=DMARC1; p=reject" } }, "",
		0, false };
	const struct slice expected[] = { slice_of("mail.example.com"),
		slice_of("sender.example.net") };
	struct dmarc_fact fact;
	struct dmarceval *e;
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	e = dmarceval_new(slice_of(row.author), rig.asker);
	dmarceval_start(e, NULL, expected, 2);
	/* three names of the walk, the author itself, the signer */
	assert_int_equal(fake_dns_asked(rig.dns), 5);
	(void)fake_dns_let_go(rig.dns);
	assert_int_equal(dmarceval_run(e, NULL, &rig.auth, &fact), CHECK_DONE);
	assert_string_equal(auth_result_name(fact.result), "pass");
	assert_int_equal(fake_dns_asked(rig.dns), 5);
	dmarceval_free(e);
	tear_down(&rig);
}

/* A header full of signatures does not become a flood of questions. */
static void asks_ahead_within_bounds(void **state)
{
	static const struct row row = { "example.co.uk", "none", { NULL },
		{ { NULL, NULL, NULL } }, "", 0, false };
	static const char *const names[] = { "1.2.3.4.5.a.co.uk",
		"1.2.3.4.5.b.co.uk", "1.2.3.4.5.c.co.uk", "1.2.3.4.5.d.co.uk",
		"1.2.3.4.5.e.co.uk", "1.2.3.4.5.f.co.uk" };
	struct slice expected[6];
	struct dmarceval *e;
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		expected[i] = slice_of(names[i]);
	set_up(&rig, &row);
	e = dmarceval_new(slice_of(row.author), rig.asker);
	dmarceval_start(e, NULL, expected, 6);
	assert_int_equal(fake_dns_asked(rig.dns), 4 + 4);
	dmarceval_free(e);
	tear_down(&rig);
}

/* A pass that nothing can change does not wait for the slowest server. */
static void passes_early(void **state)
{
	static const struct row row = { "example.com", "pass example.com",
		{ NULL },
		{ { "_dmarc.example.com", "TXT", "v=DMARC1; p=reject" },
			{ "_dmarc.com", "TIMEOUT", "" } },
		"", 0, false };
	struct dmarc_fact fact;
	struct dmarceval *e;
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	e = dmarceval_new(slice_of(row.author), rig.asker);
	assert_int_equal(
		dmarceval_run(e, NULL, &rig.auth, &fact), CHECK_WAITING);
	(void)fake_dns_let_go(rig.dns);
	assert_int_equal(dmarceval_run(e, NULL, &rig.auth, &fact), CHECK_DONE);
	assert_string_equal(auth_result_name(fact.result), "pass");
	dmarceval_free(e);
	tear_down(&rig);
}

static void needs_a_resolver(void **state)
{
	struct auth_facts auth = { .dkim_is_known = true };
	struct dmarceval *e = dmarceval_new(slice_of("example.com"), NULL);
	struct dmarc_fact fact;

	(void)state;
	dmarceval_start(e, NULL, NULL, 0);
	assert_int_equal(dmarceval_run(e, NULL, &auth, &fact), CHECK_DONE);
	assert_string_equal(auth_result_name(fact.result), "temperror");
	dmarceval_free(e);
}

static void tests_one_level_lower(void **state)
{
	static const struct {
		enum dmarc_policy policy;
		const char *want;
	} rows[] = {
		{ DMARC_POLICY_REJECT, "quarantine" },
		{ DMARC_POLICY_QUARANTINE, "none" },
		{ DMARC_POLICY_NONE, "none" },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct dmarc_fact f = { .policy = rows[i].policy };

		assert_int_equal(dmarceval_policy(&f), rows[i].policy);
		f.is_testing = true;
		assert_string_equal(
			dmarc_policy_name(dmarceval_policy(&f)), rows[i].want);
	}
}

#define REJECT "v=DMARC1; p=reject"
#define AT(name, text)                        \
	{                                     \
		"_dmarc." name, "TXT", (text) \
	}
#define FAILS(name)                            \
	{                                      \
		"_dmarc." name, "SERVFAIL", "" \
	}
#define DKIM(...)           \
	{                   \
		__VA_ARGS__ \
	}
#define DNS(...)            \
	{                   \
		__VA_ARGS__ \
	}
#define NO_DKIM      \
	{            \
		NULL \
	}
#define ROW(text, ...) \
	CASE(text, evaluates, (&(const struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		/* RFC 9989 B.1, s4.4: alignment */
		ROW("SPF of the same domain", "example.com", "pass example.com",
			NO_DKIM, DNS(AT("example.com", REJECT)),
			"pass spf example.com p=reject@example.com org=example.com",
			3, false),
		ROW("SPF of a domain below", "example.com",
			"pass child.example.com", NO_DKIM,
			DNS(AT("example.com", REJECT)),
			"pass spf child.example.com p=reject@example.com org=example.com",
			0, false),
		ROW("SPF of another domain", "child.example.com",
			"pass example.net", NO_DKIM,
			DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 4, false),
		ROW("DKIM of the same domain", "example.com", "none",
			DKIM("pass example.com"),
			DNS(AT("example.com", REJECT)),
			"pass dkim example.com p=reject@example.com org=example.com",
			0, false),
		ROW("DKIM of a domain above", "child.example.com", "none",
			DKIM("pass example.com"),
			DNS(AT("example.com", REJECT)),
			"pass dkim example.com p=reject@example.com org=example.com",
			4, false),
		ROW("DKIM of another domain", "child.example.com", "none",
			DKIM("pass example.net"),
			DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 4, false),
		ROW("a sibling under one organisation", "news.example.com",
			"none", DKIM("pass foo.example.com"),
			DNS(AT("example.com", REJECT)),
			"pass dkim foo.example.com p=reject@example.com org=example.com",
			5, false),
		ROW("both, without case", "example.com", "pass Example.COM",
			DKIM("pass EXAMPLE.com"),
			DNS(AT("example.com", REJECT)),
			"pass both example.com p=reject@example.com org=example.com",
			0, false),
		ROW("any of several signatures", "example.com",
			"fail example.com",
			DKIM("fail example.com", "pass example.net",
				"pass a.example.com"),
			DNS(AT("example.com", REJECT)),
			"pass dkim a.example.com p=reject@example.com org=example.com",
			0, false),
		ROW("a signature that fails proves nothing", "example.com",
			"softfail example.com",
			DKIM("fail example.com", "policy example.com",
				"neutral example.com"),
			DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 3, false),
		ROW("a name that only ends alike", "example.com", "none",
			DKIM("pass badexample.com",
				"pass example.com.example.net"),
			DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 3, false),
		ROW("a signature of a top level domain", "example.com", "none",
			DKIM("pass com"), DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 3, false),
		ROW("a domain that is no name", "example.com",
			"pass bad..example.com", NO_DKIM,
			DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("nothing to compare", "example.com", "none", NO_DKIM,
			DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("strict SPF, of a domain below", "example.com",
			"pass a.example.com", NO_DKIM,
			DNS(AT("example.com", REJECT "; aspf=s")),
			"fail p=reject@example.com org=example.com", 3, false),
		ROW("strict SPF, of the same domain", "example.com",
			"pass example.com", NO_DKIM,
			DNS(AT("example.com", REJECT "; aspf=s")),
			"pass spf example.com p=reject@example.com org=example.com",
			0, false),
		ROW("strict SPF does not bind DKIM", "example.com",
			"pass a.example.com", DKIM("pass b.example.com"),
			DNS(AT("example.com", REJECT "; aspf=s")),
			"pass dkim b.example.com p=reject@example.com org=example.com",
			0, false),
		ROW("strict DKIM, of a domain above", "a.example.com", "none",
			DKIM("pass example.com"),
			DNS(AT("example.com", REJECT "; adkim=s")),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("a part with psd=n is an organisation of its own",
			"a.example.com", "none", DKIM("pass example.com"),
			DNS(AT("example.com", REJECT),
				AT("a.example.com", REJECT "; psd=n")),
			"fail p=reject@a.example.com org=a.example.com", 0,
			false),
		ROW("so is the signer's part", "example.com", "none",
			DKIM("pass a.example.com"),
			DNS(AT("example.com", REJECT),
				AT("a.example.com", REJECT "; psd=n")),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("neighbours under a public suffix", "a.example.com", "none",
			DKIM("pass b.example.com"),
			DNS(AT("example.com", REJECT "; psd=y")),
			"fail p=reject@example.com org=a.example.com", 0,
			false),
		ROW("a public suffix signs for nobody below it",
			"a.example.com", "none", DKIM("pass example.com"),
			DNS(AT("example.com", REJECT "; psd=y")),
			"fail p=reject@example.com org=a.example.com", 0,
			false),
		/* s4.10.1: the policy */
		ROW("no record", "example.com", "pass example.com",
			DKIM("pass example.com"), DNS({ NULL, NULL, NULL }),
			"none org=example.com (no record)", 3, false),
		ROW("two records", "example.com", "pass example.com", NO_DKIM,
			DNS(AT("example.com", REJECT),
				AT("example.com", REJECT)),
			"none org=example.com (several records where there may be one)",
			0, false),
		ROW("a record without a policy", "example.com",
			"pass example.com", NO_DKIM,
			DNS(AT("example.com", "v=DMARC1")),
			"none org=example.com (the record has no valid policy)",
			0, false),
		ROW("a record without a policy hides the one above",
			"a.example.com", "none", NO_DKIM,
			DNS(AT("example.com", REJECT),
				AT("a.example.com", "v=DMARC1; p=x")),
			"none org=example.com (the record has no valid policy)",
			0, false),
		ROW("a record without a policy but with a reporter",
			"example.com", "none", NO_DKIM,
			DNS(AT("example.com",
				"v=DMARC1; rua=mailto:d@example.com")),
			"fail p=none@example.com org=example.com", 0, false),
		ROW("a domain below takes sp=", "a.example.com", "none",
			NO_DKIM,
			DNS(AT("example.com",
				    REJECT "; sp=quarantine; np=none"),
				{ "a.example.com", "A", "192.0.2.1" }),
			"fail sp=quarantine@example.com org=example.com", 0,
			false),
		ROW("one that does not exist takes np=", "a.example.com",
			"none", NO_DKIM,
			DNS(AT("example.com",
				REJECT "; sp=quarantine; np=none")),
			"fail np=none@example.com org=example.com", 0, false),
		ROW("without np= it takes sp=", "a.example.com", "none",
			NO_DKIM, DNS(AT("example.com", REJECT "; sp=none")),
			"fail sp=none@example.com org=example.com", 0, false),
		ROW("without sp= it takes p=", "a.example.com", "none", NO_DKIM,
			DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("np= without sp= is not for what exists", "a.example.com",
			"none", NO_DKIM,
			DNS(AT("example.com", REJECT "; np=none"),
				{ "a.example.com", "MX", "10 mx.example.com" }),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("the organisation itself takes p=", "example.com", "none",
			NO_DKIM,
			DNS(AT("example.com", REJECT "; sp=none; np=none")),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("sp= of a record below the organisation means nothing",
			"b.a.example.com", "none", NO_DKIM,
			DNS(AT("example.com", REJECT),
				AT("a.example.com",
					"v=DMARC1; p=none; sp=none")),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("a registry takes sp= for what is below", "example.bank",
			"none", NO_DKIM,
			DNS(AT("bank", "v=DMARC1; p=none; sp=reject; psd=y"),
				{ "example.bank", "A", "192.0.2.1" }),
			"fail sp=reject@bank org=example.bank", 0, false),
		ROW("a registry takes np= for what is not registered",
			"nobody.bank", "none", NO_DKIM,
			DNS(AT("bank",
				"v=DMARC1; p=none; sp=none; np=reject; psd=y")),
			"fail np=reject@bank org=nobody.bank", 0, false),
		ROW("t=y is told", "example.com", "none", NO_DKIM,
			DNS(AT("example.com", REJECT "; t=y")),
			"fail p=reject(t)@example.com org=example.com", 0,
			false),
		/* s5.3.6: when DNS could not tell */
		ROW("the author's record", "example.com", "none",
			DKIM("pass example.net"), DNS(FAILS("example.com")),
			"temperror (_dmarc.example.com: server failure)", 0,
			false),
		ROW("the author's record, though it signed", "example.com",
			"none", DKIM("pass example.com"),
			DNS(FAILS("example.com")),
			"temperror (_dmarc.example.com: server failure)", 0,
			false),
		ROW("the author's record, in time", "example.com", "none",
			NO_DKIM, DNS({ "_dmarc.example.com", "TIMEOUT", "" }),
			"temperror (_dmarc.example.com: no answer in time)", 0,
			false),
		ROW("the author's record, forged", "example.com", "none",
			NO_DKIM, DNS({ "_dmarc.example.com", "BOGUS", "" }),
			"temperror (_dmarc.example.com: DNSSEC validation failed)",
			0, false),
		ROW("the registry, when the author signed and has a record",
			"example.com", "none", DKIM("pass example.com"),
			DNS(AT("example.com", REJECT), FAILS("com")),
			"pass dkim example.com p=reject@example.com", 0, false),
		ROW("the registry, when a part without a record signed itself",
			"a.example.com", "none", DKIM("pass a.example.com"),
			DNS(AT("example.com", REJECT), FAILS("com")),
			"pass dkim a.example.com", 0, false),
		ROW("the registry, which could be strict with signers of others",
			"a.example.com", "none", DKIM("pass example.com"),
			DNS(AT("example.com", REJECT), FAILS("com")),
			"temperror (_dmarc.com: server failure)", 0, false),
		ROW("the registry, when a part with a record has a signer",
			"a.example.com", "none", DKIM("pass b.example.com"),
			DNS(AT("a.example.com", REJECT),
				AT("example.com", REJECT), FAILS("com")),
			"pass dkim b.example.com p=reject@a.example.com", 0,
			false),
		ROW("of two names above, both", "a.example.com", "none",
			DKIM("pass b.example.com"),
			DNS(AT("a.example.com", REJECT), FAILS("example.com"),
				FAILS("com")),
			"temperror p=reject@a.example.com (_dmarc.example.com: server failure)",
			0, false),
		ROW("the registry, when nobody signed, and there is a record",
			"example.com", "none", NO_DKIM,
			DNS(AT("example.com", REJECT), FAILS("com")),
			"fail p=reject@example.com", 0, false),
		ROW("the registry, when nobody signed for a part",
			"a.example.com", "none", NO_DKIM,
			DNS(AT("example.com", REJECT), FAILS("com")),
			"temperror (_dmarc.com: server failure)", 0, false),
		ROW("the registry, when a stranger in it signed", "example.com",
			"none", DKIM("pass example2.com"),
			DNS(AT("example.com", REJECT), FAILS("com")),
			"temperror p=reject@example.com (_dmarc.com: server failure)",
			0, false),
		ROW("the registry, when a stranger of another one signed",
			"example.com", "none", DKIM("pass example.net"),
			DNS(AT("example.com", REJECT), FAILS("com")),
			"fail p=reject@example.com", 0, false),
		ROW("the registry, when there is no record", "example.com",
			"none", DKIM("pass example.com"), DNS(FAILS("com")),
			"temperror (_dmarc.com: server failure)", 0, false),
		ROW("above psd=n nothing matters", "example.com", "none",
			DKIM("pass example2.com"),
			DNS(AT("example.com", REJECT "; psd=n"), FAILS("com")),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("strict: only the record matters", "example.com", "none",
			DKIM("pass a.example.com"),
			DNS(AT("example.com", REJECT "; adkim=s"),
				FAILS("com")),
			"fail p=reject@example.com", 0, false),
		ROW("a part of the signer's name", "example.com", "none",
			DKIM("pass b.a.example.com"),
			DNS(AT("example.com", REJECT), FAILS("a.example.com")),
			"temperror p=reject@example.com org=example.com (_dmarc.a.example.com: server failure)",
			0, false),
		ROW("a part of the signer's name, when another signed too",
			"example.com", "none",
			DKIM("pass b.a.example.com", "pass c.example.com"),
			DNS(AT("example.com", REJECT), FAILS("a.example.com")),
			"pass dkim c.example.com p=reject@example.com org=example.com",
			0, false),
		ROW("a signature that could not be checked", "example.com",
			"none", DKIM("temperror example.com"),
			DNS(AT("example.com", REJECT)),
			"temperror p=reject@example.com org=example.com (a signature or SPF could not be evaluated)",
			0, false),
		ROW("SPF that could not be checked", "example.com",
			"temperror a.example.com", DKIM("fail example.com"),
			DNS(AT("example.com", REJECT)),
			"temperror p=reject@example.com org=example.com (a signature or SPF could not be evaluated)",
			0, false),
		ROW("a stranger's signature that could not be checked",
			"example.com", "none", DKIM("temperror example.net"),
			DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 0, false),
		ROW("one that could not be checked beside one that passes",
			"example.com", "temperror example.com",
			DKIM("pass example.com"),
			DNS(AT("example.com", REJECT)),
			"pass dkim example.com p=reject@example.com org=example.com",
			0, false),
		ROW("whether the author exists, when that matters",
			"a.example.com", "none", NO_DKIM,
			DNS(AT("example.com", REJECT "; np=none"),
				{ "a.example.com", "SERVFAIL", "" }),
			"temperror org=example.com (whether the domain exists could not be asked for)",
			0, false),
		ROW("whether the author exists, when it does not",
			"a.example.com", "none", NO_DKIM,
			DNS(AT("example.com", REJECT "; np=reject; sp=none"),
				{ "a.example.com", "SERVFAIL", "" }),
			"temperror org=example.com (whether the domain exists could not be asked for)",
			0, false),
		ROW("whether the author exists, without np=", "a.example.com",
			"none", NO_DKIM,
			DNS(AT("example.com", REJECT "; sp=none"),
				{ "a.example.com", "SERVFAIL", "" }),
			"fail sp=none@example.com org=example.com", 0, false),
		ROW("whether the author exists, when it passes",
			"a.example.com", "pass a.example.com", NO_DKIM,
			DNS(AT("example.com", REJECT "; np=none"),
				{ "a.example.com", "SERVFAIL", "" }),
			"pass spf a.example.com p=reject@example.com org=example.com",
			0, false),
		/* what it costs */
		ROW("an ordinary message is four questions", "mail.example.com",
			"pass mail.example.com", DKIM("pass mail.example.com"),
			DNS(AT("example.com", REJECT),
				{ "mail.example.com", "A", "192.0.2.1" }),
			"pass both mail.example.com p=reject@example.com org=example.com",
			4, false),
		ROW("a long name is nine", "1.2.3.4.5.6.7.8.9.example.com",
			"none", NO_DKIM, DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 9, false),
		ROW("strangers cost nothing", "example.com",
			"pass bounce.example.net",
			DKIM("pass esp.example", "pass example.org"),
			DNS(AT("example.com", REJECT)),
			"fail p=reject@example.com org=example.com", 3, false),
		/* RFC 7489 */
		ROW("by the list, two questions", "mail.example.co.uk", "none",
			DKIM("pass example.co.uk"),
			DNS(AT("example.co.uk", REJECT)),
			"pass dkim example.co.uk p=reject@example.co.uk org=example.co.uk",
			2, true),
		ROW("by the list, a domain alone is one", "example.co.uk",
			"none", DKIM("pass a.b.example.co.uk"),
			DNS(AT("example.co.uk", REJECT)),
			"pass dkim a.b.example.co.uk p=reject@example.co.uk org=example.co.uk",
			1, true),
		ROW("by the list, neighbours in a registry are strangers",
			"example.co.uk", "none", DKIM("pass other.co.uk"),
			DNS(AT("example.co.uk", REJECT)),
			"fail p=reject@example.co.uk org=example.co.uk", 1,
			true),
		ROW("by the list, a record in between is not seen",
			"a.b.example.com", "none", DKIM("pass b.example.com"),
			DNS(AT("b.example.com", REJECT "; psd=n")),
			"none org=example.com (no record)", 2, true),
		ROW("by the list, np=, t= and psd= mean nothing",
			"a.example.com", "none", DKIM("pass b.example.com"),
			DNS(AT("example.com", REJECT "; np=none; t=y; psd=y")),
			"pass dkim b.example.com p=reject@example.com org=example.com",
			2, true),
		ROW("by the list, sp= does", "a.example.com", "none", NO_DKIM,
			DNS(AT("example.com",
				REJECT "; np=none; sp=quarantine")),
			"fail sp=quarantine@example.com org=example.com", 2,
			true),
		ROW("by the list, a failure of the author's record",
			"a.example.com", "none", DKIM("pass example.com"),
			DNS(FAILS("a.example.com"), AT("example.com", REJECT)),
			"temperror org=example.com (_dmarc.a.example.com: "
			"server failure)",
			2, true),
		ROW("by the list, a failure of the organisation",
			"a.example.com", "none", DKIM("pass example.com"),
			DNS(FAILS("example.com")),
			"temperror org=example.com (_dmarc.example.com: server failure)",
			2, true),
		CASE("a signer that is expected is asked for at once",
			asks_ahead, NULL),
		CASE("no more than four of them", asks_ahead_within_bounds,
			NULL),
		CASE("a pass does not wait for what can not change it",
			passes_early, NULL),
		CASE("without a resolver nothing is known", needs_a_resolver,
			NULL),
		CASE("t=y is one level less", tests_one_level_lower, NULL),
	};

	return cmocka_run_group_tests_name("auth/dmarceval", cases, NULL, NULL);
}
