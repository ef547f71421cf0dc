/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/recheck.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <string.h>

/* An Ed25519 key; only its length matters here. */
#define KEY "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static const struct fake_record records[] = {
	{ "7.2.0.192.in-addr.arpa", "PTR", "mail.example.org" },
	{ "mail.example.org", "A", "192.0.2.7" },
	{ "mail.example.org", "TXT", "v=spf1 a -all" },
	{ "8.2.0.192.in-addr.arpa", "PTR", "other.example.org" },
	{ "other.example.org", "A", "192.0.2.99" },
	{ "9.2.0.192.in-addr.arpa", "SERVFAIL", "" },
	{ "10.2.0.192.in-addr.arpa", "TIMEOUT", "" },
	{ "example.org", "TXT", "v=spf1 ip4:192.0.2.7 -all" },
	{ "example.org", "A", "192.0.2.7" },
	{ "_dmarc.example.org", "TXT", "v=DMARC1; p=reject" },
	{ "sel._domainkey.example.org", "TXT", "v=DKIM1; k=ed25519; p=" KEY },
	{ "old._domainkey.example.org", "TXT", "v=DKIM1; k=ed25519; p=" },
	{ "late.example.com", "TIMEOUT", "" },
	{ "sel._domainkey.late.example.com", "TIMEOUT", "" },
	{ "_dmarc.late.example.com", "TIMEOUT", "" },
	{ "bare.example.net", "A", "192.0.2.7" },
	{ NULL, NULL, NULL },
};

struct row {
	const char *ip;
	const char *helo;
	const char *spf_domain;
	const char *author;
	const char *selector; /* with the author's domain */
	/* What is expected, by name. */
	const char *iprev;
	const char *spf;
	const char *helo_spf;
	const char *key;
	const char *record; /* of DMARC */
	bool is_without_dns;
};

static struct conf *load(void)
{
	static const char text[] = "host = \"mx.example.net\"\n"
				   "portal_url = \"https://example.net\"\n"
				   "milter { socket = \"unix:/nowhere\" }\n"
				   "redis { servers = {\"unix:/nowhere\"} }\n"
				   "dns { timeout_ms = 100 end_ms = 100 }\n";
	struct conf *conf = NULL;
	struct buf errors;

	buf_init(&errors, 4096);
	if (conf_load_text("test", slice_of(text), &conf, &errors) != RES_OK)
		fail_msg("conf: %s", buf_text(&errors));
	buf_clear(&errors);
	return conf;
}

static void finds(void **state)
{
	const struct row *row = *state;
	struct fake_dns *dns = fake_dns_new(records);
	struct conf *conf = load();
	struct arena *arena = arena_new(1 << 20);
	struct ipaddr ip;
	struct recheck r;
	struct recheck_question q = { .conf = conf,
		.dns = row->is_without_dns ? NULL : fake_dns_source(dns),
		.clock = clock_system(),
		.arena = arena,
		.ip = &ip,
		.helo = slice_of(row->helo),
		.spf_domain = slice_of(row->spf_domain),
		.author = slice_of(row->author) };

	assert_int_equal(ipaddr_parse(&ip, slice_of(row->ip)), RES_OK);
	if (row->selector != NULL)
		q.key[q.key_count++] =
			(struct recheck_key){ slice_of(row->author),
				slice_of(row->selector) };
	assert_int_equal(recheck_run(&r, &q), RES_OK);
	assert_string_equal(auth_result_name(r.iprev.result), row->iprev);
	assert_string_equal(auth_result_name(r.mailfrom.result), row->spf);
	assert_string_equal(auth_result_name(r.helo.result), row->helo_spf);
	assert_string_equal(dkimkey_status_name(r.key[0].status), row->key);
	assert_true(slice_is_equal(r.dmarc.record, slice_of(row->record)));
	recheck_clear(&r);
	arena_free(arena);
	conf_release(conf);
	fake_dns_free(dns);
}

/* No answer from any of them, and all of it within one deadline. */
static void waits_once(void **state)
{
	static const struct row row = { "192.0.2.10", "late.example.com",
		"late.example.com", "late.example.com", "sel", "temperror",
		"temperror", "temperror", "not_told", "", false };
	const struct row *at = &row;
	void *inner = (void *)(uintptr_t)at;

	(void)state;
	finds(&inner);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("what has been repaired is found to be good", finds,
			(&(struct row){ "192.0.2.7", "mail.example.org",
				"example.org", "example.org", "sel", "pass",
				"pass", "pass", "good", "v=DMARC1; p=reject",
				false })),
		CASE("what is still wrong is found to be wrong", finds,
			(&(struct row){ "192.0.2.8", "mail.example.org",
				"example.org", "example.org", "old", "fail",
				"fail", "fail", "revoked", "v=DMARC1; p=reject",
				false })),
		CASE("what was never published is missing", finds,
			(&(struct row){ "192.0.2.11", "bare.example.net",
				"bare.example.net", "bare.example.net", "sel",
				"permerror", "none", "none", "missing", "",
				false })),
		CASE("a failing name server could not be asked", finds,
			(&(struct row){ "192.0.2.9", "", "example.org", "",
				NULL, "temperror", "fail", "unknown",
				"not_told", "", false })),
		CASE("names that the case does not have are not asked for",
			finds,
			(&(struct row){ "192.0.2.7", "", "", "", NULL, "pass",
				"unknown", "unknown", "not_told", "", false })),
		CASE("silence is could not ask, never a fault", waits_once,
			NULL),
		CASE("without a resolver nothing could be asked", finds,
			(&(struct row){ "192.0.2.7", "mail.example.org",
				"example.org", "example.org", "sel", "unknown",
				"unknown", "unknown", "not_told", "", true })),
	};

	return cmocka_run_group_tests_name("portal/recheck", cases, NULL, NULL);
}
