/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/cidr.h"

#include "support/case.h"

#include <string.h>

struct row {
	struct slice text;
	enum result want;
	const char *canonical;
	bool v4;
	unsigned length;
};

static void reads(void **state)
{
	const struct row *row = *state;
	char text[CIDR_TEXT_MAX];
	struct cidr before;
	struct cidr c;

	memset(&c, 0xa5, sizeof(c));
	before = c;
	assert_string_equal(
		result_name(cidr_parse(&c, row->text)), result_name(row->want));
	if (row->want != RES_OK) {
		assert_memory_equal(&c, &before, sizeof(c));
		return;
	}
	assert_string_equal(cidr_format(&c, text), row->canonical);
	assert_int_equal(cidr_is_v4(&c), row->v4);
	assert_int_equal(cidr_length(&c), row->length);
}

static struct cidr net(const char *text)
{
	struct cidr c;

	assert_int_equal(cidr_parse(&c, slice_of(text)), RES_OK);
	return c;
}

static struct ipaddr ip(const char *text)
{
	struct ipaddr a;

	assert_int_equal(ipaddr_parse(&a, slice_of(text)), RES_OK);
	return a;
}

struct cover_row {
	const char *net;
	const char *ip;
	bool want;
};

static void covers(void **state)
{
	const struct cover_row *row = *state;
	struct cidr c = net(row->net);
	struct ipaddr a = ip(row->ip);

	assert_int_equal(cidr_covers(&c, &a), row->want);
}

static void every_length_covers_to_its_edge(void **state)
{
	struct ipaddr a = ip("2001:db8:a5a5:5a5a:a5a5:5a5a:a5a5:5a5a");

	(void)state;
	for (unsigned bits = 0; bits <= 128; bits++) {
		struct cidr c = cidr_around(&a, (uint8_t)bits);

		assert_int_equal(c.bits, bits);
		assert_true(cidr_covers(&c, &a));
		for (unsigned flip = 0; flip < 128; flip++) {
			struct ipaddr b = a;

			b.octet[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
			assert_int_equal(cidr_covers(&c, &b), flip >= bits);
		}
	}
}

static void around_masks_host_bits(void **state)
{
	struct ipaddr a = ip("192.0.2.255");
	struct ipaddr b = ip("2001:db8:1:2:3:4:5:6");
	char text[CIDR_TEXT_MAX];
	struct cidr c;

	(void)state;
	c = cidr_around(&a, 120);
	assert_string_equal(cidr_format(&c, text), "192.0.2.0/24");
	/* Shorter than all of IPv4 is all of IPv4. */
	c = cidr_around(&a, 3);
	assert_string_equal(cidr_format(&c, text), "0.0.0.0/0");
	c = cidr_around(&b, 200);
	assert_string_equal(cidr_format(&c, text), "2001:db8:1:2:3:4:5:6");
}

static void clients_are_one_v4_or_a_v6_site(void **state)
{
	struct ipaddr a = ip("192.0.2.255");
	struct ipaddr b = ip("2001:db8:1:2:3:4:5:6");
	char text[CIDR_TEXT_MAX];
	struct cidr c;

	(void)state;
	c = cidr_of_client(&a);
	assert_string_equal(cidr_format(&c, text), "192.0.2.255");
	c = cidr_of_client(&b);
	assert_string_equal(cidr_format(&c, text), "2001:db8:1:2::/64");
}

static void equal_means_same_net_and_length(void **state)
{
	struct cidr a = net("192.0.2.0/24");
	struct cidr b = net("::ffff:192.0.2.77/120");
	struct cidr c = net("192.0.2.0/25");

	(void)state;
	assert_true(cidr_is_equal(&a, &b));
	assert_false(cidr_is_equal(&a, &c));
}

#define OK4(name, text, canonical, length)                                     \
	CASE(name, reads,                                                      \
		(&(struct row){ { text, sizeof(text) - 1 }, RES_OK, canonical, \
			true, length }))
#define OK6(name, text, canonical, length)                                     \
	CASE(name, reads,                                                      \
		(&(struct row){ { text, sizeof(text) - 1 }, RES_OK, canonical, \
			false, length }))
#define NO(name, text, want)    \
	CASE(name, reads,       \
		(&(struct row){ \
			{ text, sizeof(text) - 1 }, want, NULL, false, 0 }))
#define COVERS(name, ...) \
	CASE(name, covers, (&(struct cover_row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		OK4("an IPv4 network is read", "192.0.2.0/24", "192.0.2.0/24",
			24),
		OK4("host bits are masked away", "192.0.2.77/24",
			"192.0.2.0/24", 24),
		OK4("an address alone is a network of one", "192.0.2.1",
			"192.0.2.1", 32),
		OK4("a length of 32 is not written", "192.0.2.1/32",
			"192.0.2.1", 32),
		OK4("all of IPv4 is read", "0.0.0.0/0", "0.0.0.0/0", 0),
		OK4("a mapped network is the IPv4 one", "::ffff:1.2.3.0/120",
			"1.2.3.0/24", 24),
		OK4("all that is mapped is all of IPv4", "::ffff:0:0/96",
			"0.0.0.0/0", 0),
		OK4("a compatible network is the IPv4 one", "::1.2.3.4/120",
			"1.2.3.0/24", 24),
		OK4("a NAT64 network is the IPv4 one", "64:ff9b::1.2.3.0/120",
			"1.2.3.0/24", 24),
		OK4("all of NAT64 is all of IPv4", "64:ff9b::/96", "0.0.0.0/0",
			0),
		OK4("a mapped address alone is IPv4", "::ffff:1.2.3.4",
			"1.2.3.4", 32),
		OK4("a mapped address with its length is IPv4",
			"::ffff:1.2.3.4/128", "1.2.3.4", 32),
		OK4("brackets around the address are read", "[192.0.2.0]/24",
			"192.0.2.0/24", 24),
		OK6("an IPv6 network is read", "2001:db8::/32", "2001:db8::/32",
			32),
		OK6("IPv6 host bits are masked away", "2001:DB8::5/32",
			"2001:db8::/32", 32),
		OK6("an odd length is masked within an octet",
			"2001:db8:ffff::/35", "2001:db8:e000::/35", 35),
		OK6("an IPv6 address alone is a network of one", "2001:db8::1",
			"2001:db8::1", 128),
		OK6("all of IPv6 is read", "::/0", "::/0", 0),
		OK6("the loopback address stays IPv6", "::1/128", "::1", 128),
		OK6("a 6to4 network stays IPv6", "2002:c000:201::/48",
			"2002:c000:201::/48", 48),
		NO("a mapped network with an IPv4 length is out of range",
			"::ffff:1.2.3.4/24", RES_RANGE),
		NO("a mapped network of 95 bits is out of range",
			"::ffff:1.2.3.4/95", RES_RANGE),
		NO("a mapped network of no bits is out of range",
			"::ffff:1.2.3.4/0", RES_RANGE),
		NO("a NAT64 network of 64 bits is out of range", "64:ff9b::/64",
			RES_RANGE),
		NO("a network that masks to a NAT64 one is out of range",
			"64:ff9b:0:0:0:1::/95", RES_RANGE),
		NO("a compatible network of 24 bits is out of range",
			"::1.2.3.4/24", RES_RANGE),
		NO("an IPv4 length of 99 is out of range", "1.2.3.4/99",
			RES_RANGE),
		NO("an IPv4 length of 33 is out of range", "1.2.3.4/33",
			RES_RANGE),
		NO("an IPv6 length of 129 is out of range", "2001:db8::/129",
			RES_RANGE),
		NO("a length that wraps around is out of range",
			"1.2.3.4/4294967320", RES_RANGE),
		NO("an empty length is refused", "1.2.3.4/", RES_SYNTAX),
		NO("a negative length is refused", "1.2.3.4/-1", RES_SYNTAX),
		NO("a length with a blank is refused", "1.2.3.4/ 24",
			RES_SYNTAX),
		NO("two lengths are refused", "1.2.3.4/24/24", RES_SYNTAX),
		NO("a mask is refused", "1.2.3.0/255.255.255.0", RES_SYNTAX),
		NO("a wildcard is refused", "1.2.3.*", RES_SYNTAX),
		NO("a short quad is refused", "10/8", RES_SYNTAX),
		NO("a length alone is refused", "/24", RES_SYNTAX),
		NO("nothing is refused", "", RES_SYNTAX),
		NO("text is refused", "spammer", RES_SYNTAX),
		COVERS("the first address is covered", "192.0.2.0/24",
			"192.0.2.0", true),
		COVERS("the last address is covered", "192.0.2.0/24",
			"192.0.2.255", true),
		COVERS("the next address is not covered", "192.0.2.0/24",
			"192.0.3.0", false),
		COVERS("a mapped client is covered", "192.0.2.0/24",
			"::ffff:192.0.2.9", true),
		COVERS("a NAT64 client is covered", "192.0.2.0/24",
			"64:ff9b::192.0.2.9", true),
		COVERS("all of IPv4 covers IPv4", "0.0.0.0/0", "203.0.113.1",
			true),
		COVERS("all of IPv4 does not cover IPv6", "0.0.0.0/0",
			"2001:db8::1", false),
		COVERS("all of IPv6 does not cover IPv4", "::/0", "203.0.113.1",
			false),
		COVERS("all of IPv6 covers IPv6", "::/0", "2001:db8::1", true),
		COVERS("the compatible head does not cover IPv4", "::/80",
			"203.0.113.1", false),
		CASE("each length covers up to its edge and no further",
			every_length_covers_to_its_edge, NULL),
		CASE("a network around an address has no host bits",
			around_masks_host_bits, NULL),
		CASE("a client is one IPv4 address or an IPv6 /64",
			clients_are_one_v4_or_a_v6_site, NULL),
		CASE("equal means the same network and length",
			equal_means_same_net_and_length, NULL),
	};

	return cmocka_run_group_tests_name("net/cidr", cases, NULL, NULL);
}
