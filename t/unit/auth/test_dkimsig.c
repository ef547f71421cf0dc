/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkimsig.h"

#include "base/arena.h"
#include "base/buf.h"
#include "support/case.h"

#include <string.h>

enum { NOW = 1700000000, SKEW = 300 };

#define BH "bh=YSBoYXNoIG9mIHR3byBhbmQgdGhpcnR5IG9jdGV0cyE="
#define B "b=Zm9vYmFyYmF6"
#define WHO "d=example.org; s=s1"
#define A "a=rsa-sha256"
#define H "h=From:To"
#define ALL "v=1; " A "; " WHO "; " H "; " BH "; " B

struct row {
	struct slice value;
	const char *shown; /* "RESULT: REASON", or "ok" */
};

static const char *show(const struct dkimsig *sig, struct buf *b)
{
	buf_init(b, 1000);
	if (sig->result == AUTH_UNKNOWN)
		buf_add_text(b, "ok");
	else
		buf_add_format(b, "%s: %s", auth_result_name(sig->result),
			sig->reason);
	return buf_text(b);
}

static void read_value(struct slice value, struct arena *a, struct dkimsig *sig)
{
	const struct dkimsig_clock clock = { NOW, SKEW };

	assert_int_equal(dkimsig_read(value, &clock, a, sig), RES_OK);
}

static void judges(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new(1 << 20);
	struct dkimsig sig;
	struct buf shown;

	read_value(row->value, a, &sig);
	assert_string_equal(show(&sig, &shown), row->shown);
	buf_clear(&shown);
	arena_free(a);
}

#define EQUAL(got, want) assert_true(slice_is_equal(got, slice_of(want)))

static void reads_all_that_there_is(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct dkimsig sig;

	(void)state;
	read_value(slice_of(" v=1; a=RSA-SHA256; c=simple/relaxed; d=Example."
			    "Org; s=S1.x;\r\n\ti= joe\r\n @sub.example.org; "
			    "h=From : To; l=77; t=1699999999; x=1700000001; "
			    "q=x/y:dns/txt; bh=YSBoYXNoIG9mIHR3byBh\r\n "
			    "bmQgdGhpcnR5IG9jdGV0cyE=; b=Zm9v\r\n\tYmFyYmF6; "),
		a, &sig);
	assert_string_equal(sig.reason, "");
	assert_int_equal(sig.result, AUTH_UNKNOWN);
	assert_int_equal(sig.type, DKIMKEY_RSA);
	EQUAL(sig.algorithm, "rsa-sha256");
	EQUAL(sig.domain, "example.org");
	EQUAL(sig.selector, "s1.x");
	EQUAL(sig.key_name, "s1.x._domainkey.example.org");
	EQUAL(sig.identity, "joe@sub.example.org");
	EQUAL(sig.b_shown, "Zm9vYmFy");
	EQUAL(sig.signature, "foobarbaz");
	EQUAL(sig.body_hash, "a hash of two and thirty octets!");
	assert_true(sig.is_relaxed_body);
	assert_true(sig.is_subdomain);
	assert_true(sig.has_length);
	assert_int_equal(sig.length, 77);
	assert_int_equal(sig.signed_s, 1699999999);
	assert_int_equal(sig.expires_s, 1700000001);
	assert_true(dkimsig_names(&sig, slice_of("from")));
	assert_true(dkimsig_names(&sig, slice_of("TO")));
	assert_false(dkimsig_names(&sig, slice_of("T")));
	assert_false(dkimsig_names(&sig, slice_of("")));
	arena_free(a);
}

static void says_whose_a_broken_signature_was(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct dkimsig sig;

	(void)state;
	read_value(slice_of("v=2; a=rsa-sha1; " WHO "; c=x; " B), a, &sig);
	assert_int_equal(sig.result, AUTH_PERMERROR);
	assert_string_equal(sig.reason, "v= is not 1");
	EQUAL(sig.domain, "example.org");
	EQUAL(sig.selector, "s1");
	EQUAL(sig.algorithm, "rsa-sha1");
	EQUAL(sig.b_shown, "Zm9vYmFy");
	arena_free(a);
}

/* Judges ALL with so many octets of what in front of it. */
static void judge_long(
	const char *head, const char *what, size_t octets, const char *want)
{
	struct arena *a = arena_new(1 << 20);
	struct dkimsig sig;
	struct buf text, shown;

	buf_init(&text, 1 << 17);
	buf_add_text(&text, head);
	while (text.len < octets)
		buf_add_text(&text, what);
	buf_add_text(&text, "; " A "; " WHO "; " BH "; " B);
	read_value(buf_slice(&text), a, &sig);
	assert_string_equal(show(&sig, &shown), want);
	buf_clear(&shown);
	buf_clear(&text);
	arena_free(a);
}

static void bounds_what_it_reads(void **state)
{
	(void)state;
	judge_long("v=1; " H "; z=", "From:x|", 16000, "ok");
	judge_long("v=1; " H "; z=", "From:x|", 16500,
		"permerror: z= is too long");
	judge_long(
		"v=1; " H "; n=", "long ", 33000, "permerror: it is too long");
	judge_long("v=1; h=From", ":X-Field-Of-A-Very-Long-Name-Indeed", 3900,
		"ok");
	judge_long("v=1; h=From", ":X-Field-Of-A-Very-Long-Name-Indeed", 4100,
		"permerror: h= is too long");
	judge_long("v=1; h=From", ":X", 260, "ok");
	judge_long("v=1; h=From", ":X", 280, "permerror: h= is too long");
	judge_long(
		"v=1; " H "; x", "x", 300, "permerror: it is no list of tags");
}

static void says_when_memory_is_short(void **state)
{
	const struct dkimsig_clock clock = { NOW, SKEW };
	enum result res = RES_NOMEM;
	struct dkimsig sig;
	size_t max = 0;

	(void)state;
	for (; res == RES_NOMEM && max < 4096; max += 8) {
		struct arena *a = arena_new(max);

		res = dkimsig_read(
			slice_of(ALL "; i=a b@example.org"), &clock, a, &sig);
		arena_free(a);
	}
	assert_int_equal(res, RES_OK);
	assert_true(max > 60);
}

#define READS(name, text) \
	CASE(name, judges, (&(struct row){ { text, sizeof(text) - 1 }, "ok" }))
#define PERM(name, text, why)   \
	CASE(name, judges,      \
		(&(struct row){ \
			{ text, sizeof(text) - 1 }, "permerror: " why }))
#define NEUTRAL(name, text, why) \
	CASE(name, judges,       \
		(&(struct row){  \
			{ text, sizeof(text) - 1 }, "neutral: " why }))
#define WITH(tag) ALL "; " tag

int main(void)
{
	const struct CMUnitTest cases[] = {
		READS("a plain signature is sound", ALL),
		READS("tags may come in any order",
			B "; " BH "; " H "; " WHO "; " A "; v=1"),
		READS("unknown tags do not matter", WITH("foo=bar; r=y")),
		READS("Ed25519 is an algorithm",
			"v=1; a=ed25519-sha256; " WHO "; " H "; " BH "; " B),
		READS("a selector may be a number",
			"v=1; " A "; d=example.org; s=2023; " H "; " BH "; " B),
		READS("a name may have underscores",
			"v=1; " A "; d=_x.example.org; s=a_b; " H "; " BH
			"; " B),
		READS("i= may be d= itself", WITH("i=@example.org")),
		READS("i= may be below d=", WITH("i=joe@a.b.example.org")),
		READS("i= may have an @ in quotes",
			WITH("i=\"a@b\"@example.org")),
		READS("c= may name the header only", WITH("c=relaxed")),
		READS("c= may be simple", WITH("c=simple/simple")),
		READS("l= may be nothing", WITH("l=0")),
		READS("t= may differ a little", WITH("t=1700000300")),
		READS("x= may be over a little", WITH("x=1699999700")),
		READS("q= may name other ways, too", WITH("q=x/y : dns/txt")),
		READS("h= may have From in any case",
			"v=1; " A "; " WHO "; h=to:fROM; " BH "; " B),
		PERM("nothing is no signature", "", "it is no list of tags"),
		PERM("text is no signature", "hello", "it is no list of tags"),
		PERM("an empty tag is none", "v=1;;" A,
			"it is no list of tags"),
		PERM("a NUL is no text", ALL "; x\0=1",
			"it is no list of tags"),
		PERM("a tag twice is one too many", WITH("d=example.net"),
			"a tag is there twice"),
		PERM("a tag twice with the same value is, too", WITH("v=1"),
			"a tag is there twice"),
		PERM("v= is needed", A "; " WHO "; " H "; " BH "; " B,
			"there is no v="),
		PERM("a= is needed", "v=1; " WHO "; " H "; " BH "; " B,
			"there is no a="),
		PERM("d= is needed", "v=1; " A "; s=s1; " H "; " BH "; " B,
			"there is no d="),
		PERM("s= is needed",
			"v=1; " A "; d=example.org; " H "; " BH "; " B,
			"there is no s="),
		PERM("h= is needed", "v=1; " A "; " WHO "; " BH "; " B,
			"there is no h="),
		PERM("bh= is needed", "v=1; " A "; " WHO "; " H "; " B,
			"there is no bh="),
		PERM("b= is needed", "v=1; " A "; " WHO "; " H "; " BH,
			"there is no b="),
		PERM("the case of tags counts",
			"V=1; " A "; " WHO "; " H "; " BH "; " B,
			"there is no v="),
		PERM("v=0.5 was a draft",
			"v=0.5; " A "; " WHO "; " H "; " BH "; " B,
			"v= is not 1"),
		PERM("v=1.0 is not 1",
			"v=1.0; " A "; " WHO "; " H "; " BH "; " B,
			"v= is not 1"),
		PERM("rsa-sha1 proves nothing",
			"v=1; a=rsa-sha1; " WHO "; " H "; bh=2jmj7l5rSw0yVb/vlW"
			"AYkK/YBwk=; " B,
			"rsa-sha1 proves nothing"),
		PERM("other algorithms are not known",
			"v=1; a=rsa-sha512; " WHO "; " H "; " BH "; " B,
			"a= is an algorithm that we do not know"),
		PERM("a domain has no parentheses",
			"v=1; " A "; d=example.org(.x.org; s=s1; " H "; " BH
			"; " B,
			"d= is no domain"),
		PERM("a domain has no blanks",
			"v=1; " A "; d=example. org; s=s1; " H "; " BH "; " B,
			"d= is no domain"),
		PERM("a domain is no address",
			"v=1; " A "; d=192.0.2.1; s=s1; " H "; " BH "; " B,
			"d= is no domain"),
		PERM("a domain is not empty",
			"v=1; " A "; d=; s=s1; " H "; " BH "; " B,
			"d= is no domain"),
		PERM("a selector is not empty",
			"v=1; " A "; d=example.org; s=; " H "; " BH "; " B,
			"s= is no selector"),
		PERM("a selector has no parentheses",
			"v=1; " A "; d=example.org; s=a(b; " H "; " BH "; " B,
			"s= is no selector"),
		PERM("a selector has no empty label",
			"v=1; " A "; d=example.org; s=a..b; " H "; " BH "; " B,
			"s= is no selector"),
		PERM("a selector fits into a name",
			"v=1; " A
			"; d=example.org; s=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; " H "; " BH "; " B,
			"s= is no selector"),
		PERM("i= has a domain", WITH("i=joe"), "i= is no identity"),
		PERM("i= has a sound domain", WITH("i=joe@example.org("),
			"i= is no identity"),
		PERM("i= is not elsewhere", WITH("i=joe@example.net"),
			"i= is outside of d="),
		PERM("i= is not above", WITH("i=joe@org"),
			"i= is outside of d="),
		PERM("i= is not beside", WITH("i=joe@badexample.org"),
			"i= is outside of d="),
		PERM("h= names From",
			"v=1; " A "; " WHO "; h=To:Subject; " BH "; " B,
			"h= does not name From"),
		PERM("h= is not empty", "v=1; " A "; " WHO "; h=; " BH "; " B,
			"h= is no list of fields"),
		PERM("h= has no empty names",
			"v=1; " A "; " WHO "; h=From::To; " BH "; " B,
			"h= is no list of fields"),
		PERM("h= does not end in a colon",
			"v=1; " A "; " WHO "; h=From:; " BH "; " B,
			"h= is no list of fields"),
		PERM("a name has no blanks",
			"v=1; " A "; " WHO "; h=From:X Y; " BH "; " B,
			"h= is no list of fields"),
		PERM("a name is ASCII",
			"v=1; " A "; " WHO "; h=From:\303\274; " BH "; " B,
			"h= is no list of fields"),
		PERM("c= is one of two", WITH("c=nowsp"),
			"c= is no canonicalization"),
		PERM("c= is one of two for the body, too", WITH("c=relaxed/x"),
			"c= is no canonicalization"),
		PERM("c= has two parts at most",
			WITH("c=relaxed/relaxed/simple"),
			"c= is no canonicalization"),
		PERM("l= is a number", WITH("l=1x"), "l= is no length"),
		PERM("l= is not negative", WITH("l=-1"), "l= is no length"),
		PERM("l= is not empty", WITH("l="), "l= is no length"),
		PERM("l= is a length that a body can have",
			WITH("l=9999999999999999999"), "l= is no length"),
		PERM("t= is a number", WITH("t=now"), "t= is no time"),
		PERM("t= is not negative", WITH("t=-1"), "t= is no time"),
		PERM("t= has 12 digits at most", WITH("t=0001700000000"),
			"t= is no time"),
		PERM("t= is not in the future", WITH("t=1700000301"),
			"t= is in the future"),
		PERM("x= is a number", WITH("x="), "x= is no time"),
		PERM("x= is not over", WITH("x=1699999699"), "it has expired"),
		PERM("x= is after t=", WITH("t=1699999999; x=1699999999"),
			"x= is not after t="),
		PERM("q= names a way that we know", WITH("q=dns/spf"),
			"q= is no way to a key that we know"),
		PERM("bh= is base64", "v=1; " A "; " WHO "; " H "; bh=*; " B,
			"bh= is no hash"),
		PERM("bh= has 32 octets",
			"v=1; " A "; " WHO "; " H "; bh=Zm9v; " B,
			"bh= is no hash"),
		PERM("b= is base64",
			"v=1; " A "; " WHO "; " H "; " BH "; b=Zm9v!",
			"b= is no signature"),
		PERM("b= is not empty",
			"v=1; " A "; " WHO "; " H "; " BH "; b=",
			"b= is no signature"),
		NEUTRAL("a blank behind b misleads the library",
			"v=1; " A "; " WHO "; " H "; " BH "; b =Zm9v",
			"a tag is written as our library cannot read it"),
		NEUTRAL("a tag that ends in b misleads the library",
			WITH("ab=Zm9v"),
			"a tag is written as our library cannot read it"),
		NEUTRAL("the library cannot hash signatures",
			"v=1; " A "; " WHO "; h=From:dkim-Signature; " BH
			"; " B,
			"h= names signatures, which our library cannot do"),
		cmocka_unit_test(reads_all_that_there_is),
		cmocka_unit_test(says_whose_a_broken_signature_was),
		cmocka_unit_test(bounds_what_it_reads),
		cmocka_unit_test(says_when_memory_is_short),
	};

	return cmocka_run_group_tests_name("auth/dkimsig", cases, NULL, NULL);
}
