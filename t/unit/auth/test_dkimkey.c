/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkimkey.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "dns/asker.h"
#include "mail/base64.h"
#include "support/case.h"
#include "support/fake_dns.h"

#define NAME "s1._domainkey.example.org"
/* 512 bits: the modulus, and what is in front of and behind it. */
#define MODULUS                                                           \
	"d96LjfugSexvboUGgYxqr5JmRHLGzvOePUeI/Prs00/Zmy9lPcpsXUUheLLZvan" \
	"wMPxo8SXtkgbgWaboKuAE"
#define SPKI                                                             \
	"MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJ33ouN+6BJ7G9uhQaBjGqvkmZEcsb" \
	"O8549R4j8+uzTT9mbL2U9ymxdRSF4stm9qfAw/GjxJe2SBuBZpugq4AQkCAwEA" \
	"AQ=="
#define BARE "MEgCQQC" MODULUS "JAgMBAAE="
#define ED25519 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

struct row {
	struct fake_record records[5];
	const char *shown; /* "STATUS TYPE BITS FLAGS: REASON" */
	const char *key; /* as base64, or NULL */
};

static const char *show(const struct dkimkey *k, struct buf *b)
{
	static const char *const types[] = { "unknown", "rsa", "ed25519" };

	buf_init(b, 1000);
	buf_add_format(b, "%s %s %u", dkimkey_status_name(k->status),
		types[k->type], k->key_bits);
	if (k->status == DKIMKEY_GOOD)
		buf_add_format(b, "%s%s%s%s", k->allows_sha256 ? "" : " h",
			k->allows_email ? "" : " s", k->is_testing ? " y" : "",
			k->is_strict ? " t" : "");
	buf_add_format(b, ": %s", k->reason);
	return buf_text(b);
}

static void read_key(struct fake_dns *dns, struct arena *a, struct dkimkey *key)
{
	const struct asker_limits limits = { 40, 1000 };
	struct asker *asker =
		asker_new(fake_dns_source(dns), &limits, clock_system());
	const struct dns_answer *answer;
	struct slice name;

	assert_int_equal(
		dkimkey_name(slice_of("s1"), slice_of("example.org"), a, &name),
		RES_OK);
	answer = asker_ask(asker, name, DNS_TXT);
	if (answer == NULL)
		asker_expire(asker);
	answer = asker_ask(asker, name, DNS_TXT);
	assert_non_null(answer);
	assert_int_equal(dkimkey_read(answer, a, key), RES_OK);
	/* What is kept of it must not hang on the answer's memory only. */
	assert_int_equal(arena_copy(a, key->record, &key->record), RES_OK);
	asker_free(asker);
	fake_dns_free(dns);
}

static void reads(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new(65536);
	struct dkimkey key;
	struct slice base64;
	struct buf shown;

	read_key(fake_dns_new(row->records), a, &key);
	assert_string_equal(show(&key, &shown), row->shown);
	buf_clear(&shown);
	if (row->key != NULL) {
		assert_int_equal(base64_encode(key.key, a, &base64), RES_OK);
		if (!slice_is_equal(base64, slice_of(row->key)))
			fail_msg("key %.*s", SLICE_ARG(base64));
	}
	arena_free(a);
}

static void reads_a_record_of_any_length(void **state)
{
	struct fake_dns *dns = fake_dns_new(NULL);
	struct arena *a = arena_new(65536);
	struct dkimkey key;
	struct buf text;

	(void)state;
	buf_init(&text, 10000);
	buf_add_text(&text, "v=DKIM1; n=");
	while (text.len < 2200)
		buf_add_text(&text, "long ");
	buf_add_text(&text, "; p=" SPKI);
	fake_dns_add(dns, NAME, "TXT", buf_text(&text));
	read_key(dns, a, &key);
	assert_string_equal(dkimkey_status_name(key.status), "good");
	assert_int_equal(key.key_bits, 512);
	assert_int_equal(key.record.len, text.len);
	buf_clear(&text);
	arena_free(a);
}

static void says_when_memory_is_short(void **state)
{
	static const struct fake_record records[] = {
		{ NAME, "TXT", "v=DKIM1; p= " BARE }, { NULL, NULL, NULL }
	};
	struct fake_dns *dns = fake_dns_new(records);
	const struct asker_limits limits = { 40, 1000 };
	struct asker *asker =
		asker_new(fake_dns_source(dns), &limits, clock_system());
	const struct dns_answer *answer =
		asker_ask(asker, slice_of(NAME), DNS_TXT);
	enum result res = RES_NOMEM;
	size_t max = 0;

	(void)state;
	for (; res == RES_NOMEM && max < 4096; max += 8) {
		struct arena *a = arena_new(max);
		struct dkimkey key;

		res = dkimkey_read(answer, a, &key);
		arena_free(a);
	}
	assert_int_equal(res, RES_OK);
	assert_true(max > 300);
	asker_free(asker);
	fake_dns_free(dns);
}

static void refuses_a_name_that_cannot_exist(void **state)
{
	struct arena *a = arena_new(4096);
	char text[400];
	struct slice name;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = 'a';
	assert_int_equal(dkimkey_name(slice_make(text, 230),
				 slice_of("example.org"), a, &name),
		RES_OK);
	assert_int_equal(name.len, 253);
	assert_int_equal(dkimkey_name(slice_make(text, 231),
				 slice_of("example.org"), a, &name),
		RES_TOOBIG);
	assert_int_equal(
		dkimkey_name(slice_of("s1"), slice_make(text, 400), a, &name),
		RES_TOOBIG);
	arena_free(a);
}

#define KEY(name, text, shown, key) \
	CASE(name, reads,           \
		(&(struct row){ { { NAME, "TXT", text } }, shown, key }))
#define BAD(name, text, shown) KEY(name, text, "invalid " shown, NULL)
#define RSA_BAD(name, p) BAD(name, "v=DKIM1; p=" p, "rsa 0: p= is no RSA key")

int main(void)
{
	static const struct row missing = { { { "x.org", "TXT", "" } },
		"missing unknown 0: there is no such key", NULL };
	static const struct row nodata = { { { NAME, "A", "192.0.2.1" } },
		"missing unknown 0: there is no such key", NULL };
	static const struct row servfail = { { { NAME, "SERVFAIL", "" } },
		"not_told unknown 0: server failure", NULL };
	static const struct row late = { { { NAME, "TIMEOUT", "" } },
		"not_told unknown 0: no answer in time", NULL };
	static const struct row bogus = { { { NAME, "BOGUS", "" } },
		"not_told unknown 0: DNSSEC validation failed", NULL };
	static const struct row two = { { { NAME, "TXT", "v=DKIM1; p=" SPKI },
						{ NAME, "TXT", "p=" BARE } },
		"several unknown 0: there is more than one key", NULL };
	static const struct row beside = {
		{ { NAME, "TXT", "v=spf1 -all" },
			{ NAME, "TXT", "v=DKIM1; p=" SPKI },
			{ NAME, "TXT", "v=DMARC1; p=none" } },
		"good rsa 512: ", SPKI
	};
	static const struct row others = {
		{ { NAME, "TXT", "v=spf1 -all" },
			{ NAME, "TXT", "v=DMARC1; p=none" } },
		"missing unknown 0: none of its records is a key", NULL
	};
	static const struct row alias = {
		{ { NAME, "CNAME", "k.example.net" },
			{ "k.example.net", "TXT", "p=" SPKI } },
		"good rsa 512: ", SPKI
	};
	const struct CMUnitTest cases[] = {
		KEY("a plain RSA key is read", "v=DKIM1; k=rsa; p=" SPKI,
			"good rsa 512: ", SPKI),
		KEY("v= and k= may be left out", "p=" SPKI,
			"good rsa 512: ", SPKI),
		KEY("an RSA key without its wrapping gets one",
			"v=DKIM1; p=" BARE, "good rsa 512: ", SPKI),
		KEY("an Ed25519 key is read", "v=DKIM1; k=ed25519; p=" ED25519,
			"good ed25519 256: ", ED25519),
		KEY("strings are joined without a blank",
			"v=DK|IM1; p=MFww|DQYJKoZIhvcNAQEBBQADSwAwSAJBAJ33ouN+6"
			"BJ7G9uhQaBjGqvkmZEcsbO8549R4j8+uzTT9mbL2U9ymxdRSF4stm"
			"9qfAw/GjxJe2SBuBZpugq4AQkCAwEAAQ==",
			"good rsa 512: ", SPKI),
		KEY("blanks within p= do not count",
			"v=DKIM1; k = ed25519 ; p= 11qYAYKxCrfVS/7TyWQHOg 7hcvP"
			"apiMlrwIaaPcHURo = ;",
			"good ed25519 256: ", ED25519),
		KEY("unknown tags and notes do not count",
			"v=DKIM1; n=hello; x=1; p=" SPKI,
			"good rsa 512: ", SPKI),
		KEY("a key for other hashes only is told",
			"v=DKIM1; h=sha1; p=" SPKI, "good rsa 512 h: ", SPKI),
		KEY("one of several hashes is enough",
			"v=DKIM1; h= sha1 : sha256; p=" SPKI,
			"good rsa 512: ", SPKI),
		KEY("a key for other services only is told",
			"v=DKIM1; s=tlsrpt; p=" SPKI, "good rsa 512 s: ", SPKI),
		KEY("a key for mail among others is for mail",
			"v=DKIM1; s=tlsrpt:email; p=" SPKI,
			"good rsa 512: ", SPKI),
		KEY("a key for all services is for mail",
			"v=DKIM1; s=*; p=" SPKI, "good rsa 512: ", SPKI),
		KEY("a key on trial is told", "v=DKIM1; t=y; p=" SPKI,
			"good rsa 512 y: ", SPKI),
		KEY("a strict key is told", "v=DKIM1; t=x:s:y; p=" SPKI,
			"good rsa 512 y t: ", SPKI),
		KEY("a key without p= value is revoked", "v=DKIM1; p=",
			"revoked rsa 0: the key is revoked", NULL),
		KEY("blanks are no key either", "v=DKIM1; p= ;",
			"revoked rsa 0: the key is revoked", NULL),
		KEY("a modulus of 508 bits has 508 bits",
			"p=MEcCQA33ouN+6BJ7G9uhQaBjGqvkmZEcsbO8549R4j8+uzTT9m"
			"bL2U9ymxdRSF4stm9qfAw/GjxJe2SBuBZpugq4AQkCAwEAAQ==",
			"good rsa 508: ", NULL),
		KEY("an exponent of 3 is taken",
			"p=MEYCQQC1XA1Utj0YQlEtro9W8x5n//EP58tLOHcpg0wVhVDkTw2b"
			"wpEOy+8qmh+TFRi2eKsp9bSc1UeyNMKCrVFKK/AfAgED",
			"good rsa 512: ", NULL),
		KEY("an exponent of 32 bits is taken",
			"p=MEoCQQC" MODULUS "JAgUA/////w==", "good rsa 512: ",
			NULL),
		BAD("v= must be the first tag", "p=" SPKI "; v=DKIM1",
			"rsa 0: v= of the key is wrong"),
		BAD("v= must be DKIM1", "v=DKIM2; p=" SPKI,
			"rsa 0: v= of the key is wrong"),
		BAD("the case of v= counts", "v=dkim1; p=" SPKI,
			"rsa 0: v= of the key is wrong"),
		BAD("an unknown type is no key of ours",
			"v=DKIM1; k=dsa; p=" SPKI,
			"unknown 0: k= is a type that we do not know"),
		BAD("the case of k= counts", "v=DKIM1; k=RSA; p=" SPKI,
			"unknown 0: k= is a type that we do not know"),
		BAD("a key needs p=", "v=DKIM1; k=rsa",
			"rsa 0: the key has no p="),
		BAD("a tag twice is no key", "v=DKIM1; t=y; t=s; p=" SPKI,
			"unknown 0: the key has a tag twice"),
		BAD("other text is no key", "hello",
			"unknown 0: the key is no "
			"list of tags"),
		BAD("an empty record is no key", "",
			"unknown 0: the key is no "
			"list of tags"),
		BAD("p= is base64", "v=DKIM1; p=MFww*",
			"rsa 0: p= is not base64"),
		BAD("padding within p= is no base64",
			"v=DKIM1; p=MF==wwDQ=", "rsa 0: p= is not base64"),
		RSA_BAD("base64 of nothing much is no RSA key", "AAAA"),
		RSA_BAD("an RSA key cut short is none",
			"MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJ33ouN+6BJ7"),
		RSA_BAD("an RSA key ends where it ends",
			"MEgCQQC" MODULUS "JAgMBAAEA"),
		RSA_BAD("a negative modulus is none",
			"MEcCQJ33ouN+6BJ7G9uhQaBjGqvkmZEcsbO8549R4j8+uzTT9mbL2U"
			"9ymxdRSF4stm9qfAw/GjxJe2SBuBZpugq4AQkCAwEAAQ=="),
		RSA_BAD("an even modulus is none",
			"MEgCQQCd96LjfugSexvboUGgYxqr5JmRHLGzvOePUeI/Prs00/Zmy9"
			"lPcpsXUUheLLZvanwMPxo8SXtkgbgWaboKuAEAAgMBAAE="),
		RSA_BAD("a modulus has one sign octet",
			"MEkCQgAAnfei437oEnsb26FBoGMaq+SZkRyxs7znj1HiPz67NNP2Zs"
			"vZT3KbF1FIXiy2b2p8DD8aPEl7ZIG4Fmm6CrgBCQIDAQAB"),
		RSA_BAD("lengths are written as DER has them",
			"MIFIAkEAnfei437oEnsb26FBoGMaq+SZkRyxs7znj1HiPz67NNP2Zs"
			"vZT3KbF1FIXiy2b2p8DD8aPEl7ZIG4Fmm6CrgBCQIDAQAB"),
		RSA_BAD("an exponent of 1 signs nothing",
			"MEYCQQC" MODULUS "JAgEB"),
		RSA_BAD("an even exponent is none", "MEYCQQC" MODULUS "JAgEE"),
		RSA_BAD("an exponent past 32 bits is none",
			"MEoCQQC" MODULUS "JAgUBAAAAAQ=="),
		RSA_BAD("a key of an elliptic curve is no RSA key",
			"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpVQSRjZrZb6RBsUkgD"
			"djSgZNzUzGGzTpiOoWUMgOFbSxCoWJ2wrjKPOIGNdgO5SDJEk9LF6q"
			"TeWqcYcYkpIOEg=="),
		BAD("an Ed25519 key has 32 octets",
			"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMl"
			"rwIaaPcHUQ==",
			"ed25519 0: p= is no Ed25519 key"),
		CASE("a name that is not there has no key", reads, &missing),
		CASE("a name without text has no key", reads, &nodata),
		CASE("a server failure tells nothing", reads, &servfail),
		CASE("silence tells nothing", reads, &late),
		CASE("a forged answer tells nothing", reads, &bogus),
		CASE("two keys are too many", reads, &two),
		CASE("records that are no keys do not count", reads, &beside),
		CASE("records without a key among them are no key", reads,
			&others),
		CASE("an alias is followed", reads, &alias),
		cmocka_unit_test(reads_a_record_of_any_length),
		cmocka_unit_test(says_when_memory_is_short),
		cmocka_unit_test(refuses_a_name_that_cannot_exist),
	};

	return cmocka_run_group_tests_name("auth/dkimkey", cases, NULL, NULL);
}
