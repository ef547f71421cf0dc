/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/keys.h"

#include "store/subject.h"
#include "support/case.h"

#include <stdlib.h>
#include <string.h>

struct row {
	const char *key;
	enum result want;
	const char *canonical; /* NULL: a domain, which has none */
	bool is_canonical;
	bool is_slashed;
};

static const char *prefix = "rp:";

static void reads(void **state)
{
	const struct row *row = *state;
	struct list_name name;
	char text[LIST_NAME_MAX];

	assert_string_equal(result_name(list_name_parse(&name, slice_of(prefix),
				    slice_of(row->key))),
		result_name(row->want));
	if (row->want != RES_OK)
		return;
	if (row->canonical == NULL) {
		assert_int_equal(name.subject, SUBJECT_DOMAIN);
		assert_int_equal(subject_of(&name.net), SUBJECT_DOMAIN);
		assert_false(name.is_canonical || name.is_slashed);
		return;
	}
	assert_int_equal(name.subject, subject_of(&name.net));
	assert_int_equal(list_name_format(&name, slice_of(prefix), text),
		strlen(row->canonical));
	assert_string_equal(text, row->canonical);
	assert_int_equal(name.is_canonical, row->is_canonical);
	assert_int_equal(name.is_slashed, row->is_slashed);
}

static void tells_kind_and_scope(void **state)
{
	struct list_name name;

	(void)state;
	assert_int_equal(list_name_parse(&name, slice_of("x"),
				 slice_of("xallow@A.example:2001:db8::/32")),
		RES_OK);
	assert_int_equal(name.kind, LIST_ALLOW);
	assert_string_equal(name.scope, "a.example");
	assert_int_equal(cidr_length(&name.net), 32);
	assert_int_equal(list_name_parse(&name, slice_of(""),
				 slice_of("block:192.0.2.1")),
		RES_OK);
	assert_int_equal(name.kind, LIST_BLOCK);
	assert_string_equal(name.scope, "");
}

static void survives_any_octets(void **state)
{
	size_t len = 100 * 1024;
	char *key = malloc(len);
	struct list_name name;
	size_t i;

	(void)state;
	assert_non_null(key);
	for (i = 0; i < len; i++)
		key[i] = (char)(i * 7);
	assert_int_equal(
		list_name_parse(&name, slice_of(prefix), slice_make(key, len)),
		RES_MISSING);
	memcpy(key, "rp:block:", 9);
	assert_int_equal(
		list_name_parse(&name, slice_of(prefix), slice_make(key, len)),
		RES_TOOBIG);
	for (i = 9; i < 400; i++) {
		enum result res = list_name_parse(
			&name, slice_of(prefix), slice_make(key, i));

		assert_true(res == RES_SYNTAX || res == RES_TOOBIG);
	}
	memcpy(key, "rp:block:192.0.2.1\0", 19);
	assert_int_equal(
		list_name_parse(&name, slice_of(prefix), slice_make(key, 19)),
		RES_SYNTAX);
	free(key);
}

static void a_long_prefix_leaves_no_room(void **state)
{
	char longest[LIST_NAME_MAX];
	char text[LIST_NAME_MAX];
	struct list_name name;

	(void)state;
	memset(longest, 'p', sizeof(longest));
	assert_int_equal(list_name_parse(&name, slice_of(prefix),
				 slice_of("rp:block:192.0.2.1")),
		RES_OK);
	assert_int_equal(list_name_format(&name,
				 slice_make(longest, LIST_NAME_MAX - 15), text),
		0);
	assert_string_equal(text, "");
	assert_int_equal(list_name_format(&name,
				 slice_make(longest, LIST_NAME_MAX - 16), text),
		LIST_NAME_MAX - 1);
}

static void makes_other_keys(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	keys_format(&b, slice_of("rp:"), "case:", slice_of("7K3M"));
	assert_string_equal(buf_text(&b), "rp:case:7K3M");
	buf_clear(&b);
}

struct force_row {
	const char *net;
	bool want;
};

static void asks_for_force(void **state)
{
	const struct force_row *row = *state;
	struct cidr net;

	assert_int_equal(cidr_parse(&net, slice_of(row->net)), RES_OK);
	assert_int_equal(list_net_needs_force(&net), row->want);
}

#define ROW(...) (&(const struct row){ __VA_ARGS__ })
#define FORCE(...) (&(const struct force_row){ __VA_ARGS__ })

struct trust_row {
	const char *key;
	enum result want;
	enum trust_kind kind;
	const char *domain;
};

static void reads_trust(void **state)
{
	const struct trust_row *row = *state;
	struct trust_name n = { .kind = TRUST_ARC };

	assert_string_equal(result_name(trust_name_parse(
				    &n, slice_of("rp:"), slice_of(row->key))),
		result_name(row->want));
	assert_int_equal(n.kind, row->kind);
	assert_string_equal(n.domain, row->domain);
}

#define TRUST(...) (&(struct trust_row){ __VA_ARGS__ })

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a single address is read", reads,
			ROW("rp:block:192.0.2.1", RES_OK, "rp:block:192.0.2.1",
				true, false)),
		CASE("a network is read", reads,
			ROW("rp:allow:192.0.2.0/24", RES_OK,
				"rp:allow:192.0.2.0/24", true, false)),
		CASE("an IPv6 network is read", reads,
			ROW("rp:block:2001:db8::/32", RES_OK,
				"rp:block:2001:db8::/32", true, false)),
		CASE("an address with /32 is an alias", reads,
			ROW("rp:block:192.0.2.1/32", RES_OK,
				"rp:block:192.0.2.1", false, true)),
		CASE("an IPv6 address with /128 is an alias", reads,
			ROW("rp:block:2001:db8::1/128", RES_OK,
				"rp:block:2001:db8::1", false, true)),
		CASE("host bits make an alias", reads,
			ROW("rp:block:192.0.2.77/24", RES_OK,
				"rp:block:192.0.2.0/24", false, false)),
		CASE("upper case makes an alias", reads,
			ROW("rp:block:2001:DB8::1", RES_OK,
				"rp:block:2001:db8::1", false, false)),
		CASE("upper case with /128 is no plain slash", reads,
			ROW("rp:block:2001:DB8::1/128", RES_OK,
				"rp:block:2001:db8::1", false, false)),
		CASE("a mapped address is the IPv4 one", reads,
			ROW("rp:block:::ffff:192.0.2.1", RES_OK,
				"rp:block:192.0.2.1", false, false)),
		CASE("a mapped range is the IPv4 one", reads,
			ROW("rp:block:::ffff:192.0.2.0/120", RES_OK,
				"rp:block:192.0.2.0/24", false, false)),
		CASE("zeros written out make an alias", reads,
			ROW("rp:block:2001:0db8:0::1", RES_OK,
				"rp:block:2001:db8::1", false, false)),
		CASE("a list of a recipient domain is read", reads,
			ROW("rp:block@example.org:192.0.2.1", RES_OK,
				"rp:block@example.org:192.0.2.1", true, false)),
		CASE("the domain is folded", reads,
			ROW("rp:block@EXAMPLE.org:192.0.2.1", RES_OK,
				"rp:block@example.org:192.0.2.1", false,
				false)),
		CASE("a folded domain with /32 is no plain slash", reads,
			ROW("rp:block@EXAMPLE.org:192.0.2.1/32", RES_OK,
				"rp:block@example.org:192.0.2.1", false,
				false)),
		CASE("the whole internet can be written", reads,
			ROW("rp:block:0.0.0.0/0", RES_OK, "rp:block:0.0.0.0/0",
				true, false)),
		CASE("an AS number is known", reads,
			ROW("rp:block:asn:64500", RES_OK, "rp:block:asn:64500",
				true, false)),
		CASE("the greatest AS number", reads,
			ROW("rp:block@example.org:asn:4294967295", RES_OK,
				"rp:block@example.org:asn:4294967295", true,
				false)),
		CASE("an AS number with a leading zero is another spelling",
			reads,
			ROW("rp:block:asn:064500", RES_OK, "rp:block:asn:64500",
				false, false)),
		CASE("a country is known", reads,
			ROW("rp:allow:country:UY", RES_OK,
				"rp:allow:country:UY", true, false)),
		CASE("a country in lower case is another spelling", reads,
			ROW("rp:allow:country:uy", RES_OK,
				"rp:allow:country:UY", false, false)),
		CASE("a local account is known by its hash", reads,
			ROW("rp:block:user:00112233445566ff", RES_OK,
				"rp:block:user:00112233445566ff", true, false)),
		CASE("so is an exception for it", reads,
			ROW("rp:allow:user:deadbeef00000000", RES_OK,
				"rp:allow:user:deadbeef00000000", true, false)),
		CASE("it may be for mail to one domain", reads,
			ROW("rp:block@Example.org:user:deadbeef00000000",
				RES_OK,
				"rp:block@example.org:user:deadbeef00000000",
				false, false)),
		CASE("a hash in capitals is another spelling", reads,
			ROW("rp:block:user:DEADBEEF0000000A", RES_OK,
				"rp:block:user:deadbeef0000000a", false,
				false)),
		CASE("a hash with a length behind it is refused", reads,
			ROW("rp:block:user:deadbeef00000000/128", RES_SYNTAX,
				NULL, false, false)),
		CASE("a hash of 15 digits is refused", reads,
			ROW("rp:block:user:deadbeef0000000", RES_SYNTAX, NULL,
				false, false)),
		CASE("a hash of 17 digits is refused", reads,
			ROW("rp:block:user:deadbeef000000000", RES_SYNTAX, NULL,
				false, false)),
		CASE("a hash of other letters is refused", reads,
			ROW("rp:block:user:deadbeef0000000g", RES_SYNTAX, NULL,
				false, false)),
		CASE("the name of an account is no hash", reads,
			ROW("rp:block:user:joe@example.org", RES_SYNTAX, NULL,
				false, false)),
		CASE("an address behind which an account would stand is "
		     "refused",
			reads,
			ROW("rp:block:ff00:4::dead:beef:0:0", RES_SYNTAX, NULL,
				false, false)),
		CASE("an address behind which a country would stand is refused",
			reads,
			ROW("rp:block:ff00:300::4e4c", RES_SYNTAX, NULL, false,
				false)),
		CASE("a network of such addresses is refused", reads,
			ROW("rp:block:ff00::/15", RES_SYNTAX, NULL, false,
				false)),
		CASE("a domain is known", reads,
			ROW("rp:block:domain:spam.example", RES_OK, NULL, false,
				false)),
		CASE("an AS number past 32 bits is refused", reads,
			ROW("rp:block:asn:4294967296", RES_RANGE, NULL, false,
				false)),
		CASE("an AS number of 20 digits is refused", reads,
			ROW("rp:block:asn:18446744073709551616", RES_RANGE,
				NULL, false, false)),
		CASE("an AS number in words is refused", reads,
			ROW("rp:block:asn:AS1", RES_SYNTAX, NULL, false,
				false)),
		CASE("a country of three letters is refused", reads,
			ROW("rp:block:country:URY", RES_SYNTAX, NULL, false,
				false)),
		CASE("a subject domain that is no name is refused", reads,
			ROW("rp:block:domain:a b", RES_SYNTAX, NULL, false,
				false)),
		CASE("a length past 32 is refused", reads,
			ROW("rp:block:192.0.2.1/99", RES_RANGE, NULL, false,
				false)),
		CASE("a mapped range shorter than /96 is refused", reads,
			ROW("rp:block:::ffff:192.0.2.1/24", RES_RANGE, NULL,
				false, false)),
		CASE("plain words are refused", reads,
			ROW("rp:block:spammer", RES_SYNTAX, NULL, false,
				false)),
		CASE("an empty subject is refused", reads,
			ROW("rp:block:", RES_SYNTAX, NULL, false, false)),
		CASE("blanks are refused", reads,
			ROW("rp:block: 192.0.2.1", RES_SYNTAX, NULL, false,
				false)),
		CASE("an empty domain is refused", reads,
			ROW("rp:block@:192.0.2.1", RES_SYNTAX, NULL, false,
				false)),
		CASE("a domain without a subject is refused", reads,
			ROW("rp:block@example.org", RES_SYNTAX, NULL, false,
				false)),
		CASE("a domain that is no name is refused", reads,
			ROW("rp:block@exa mple:192.0.2.1", RES_SYNTAX, NULL,
				false, false)),
		CASE("a key of another prefix is not ours", reads,
			ROW("bl:block:192.0.2.1", RES_MISSING, NULL, false,
				false)),
		CASE("a longer word is not ours", reads,
			ROW("rp:blocked:192.0.2.1", RES_MISSING, NULL, false,
				false)),
		CASE("no colon is not ours", reads,
			ROW("rp:block", RES_MISSING, NULL, false, false)),
		CASE("a case is not a list", reads,
			ROW("rp:case:7K3M9QXB2HTD4FZ6T", RES_MISSING, NULL,
				false, false)),
		CASE("upper case of our own words is not ours", reads,
			ROW("RP:BLOCK:192.0.2.1", RES_MISSING, NULL, false,
				false)),
		CASE("an empty key is not ours", reads,
			ROW("", RES_MISSING, NULL, false, false)),
		CASE("a trusted domain is folded", reads_trust,
			TRUST("rp:trust:arc:Example.ORG.", RES_OK, TRUST_ARC,
				"example.org")),
		CASE("a mailing list is another kind", reads_trust,
			TRUST("rp:trust:list:l.example", RES_OK, TRUST_LIST,
				"l.example")),
		CASE("a whole top level is nobody to trust", reads_trust,
			TRUST("rp:trust:arc:com", RES_SYNTAX, TRUST_ARC, "")),
		CASE("an address is nobody to trust", reads_trust,
			TRUST("rp:trust:arc:192.0.2.1", RES_SYNTAX, TRUST_ARC,
				"")),
		CASE("another kind of trust is refused", reads_trust,
			TRUST("rp:trust:spf:a.example", RES_SYNTAX, TRUST_ARC,
				"")),
		CASE("trust without a domain is refused", reads_trust,
			TRUST("rp:trust:arc:", RES_SYNTAX, TRUST_ARC, "")),
		CASE("trust without a kind is refused", reads_trust,
			TRUST("rp:trust:example.org", RES_SYNTAX, TRUST_ARC,
				"")),
		CASE("a list is not about trust", reads_trust,
			TRUST("rp:block:192.0.2.1", RES_MISSING, TRUST_ARC,
				"")),
		CASE("trust is no list", reads,
			ROW("rp:trust:arc:example.org", RES_MISSING, NULL,
				false, false)),
		cmocka_unit_test(tells_kind_and_scope),
		cmocka_unit_test(survives_any_octets),
		cmocka_unit_test(a_long_prefix_leaves_no_room),
		cmocka_unit_test(makes_other_keys),
		CASE("an IPv4 /8 counts", asks_for_force,
			FORCE("10.0.0.0/8", false)),
		CASE("an IPv4 /7 asks for force", asks_for_force,
			FORCE("10.0.0.0/7", true)),
		CASE("all of IPv4 asks for force", asks_for_force,
			FORCE("0.0.0.0/0", true)),
		CASE("an IPv6 /16 counts", asks_for_force,
			FORCE("2001::/16", false)),
		CASE("an IPv6 /15 asks for force", asks_for_force,
			FORCE("2000::/15", true)),
	};

	return cmocka_run_group_tests_name("store/keys", cases, NULL, NULL);
}
