/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/ipaddr.h"

#include "support/case.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* want: the canonical text, or NULL when it must be refused. */
struct row {
	struct slice text;
	const char *want;
	bool v4;
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct ipaddr before;
	struct ipaddr ip;
	char text[IPADDR_TEXT_MAX];
	enum result res;

	memset(&ip, 0xa5, sizeof(ip));
	before = ip;
	res = ipaddr_parse(&ip, row->text);
	assert_string_equal(result_name(res),
		result_name(row->want == NULL ? RES_SYNTAX : RES_OK));
	if (row->want == NULL) {
		assert_memory_equal(&ip, &before, sizeof(ip));
		return;
	}
	assert_string_equal(ipaddr_format(&ip, text), row->want);
	assert_int_equal(ipaddr_is_v4(&ip), row->v4);
}

static void private_ones_are_told(void **state)
{
	static const char *const inside[] = { "0.0.0.0", "10.1.2.3",
		"100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.1.1",
		"172.16.0.1", "172.31.255.255", "192.168.0.1", "224.0.0.1",
		"255.255.255.255", "::", "::1", "fe80::1", "fec0::1", "fd00::1",
		"fc00::1", "ff02::1" };
	static const char *const outside[] = { "1.1.1.1", "11.0.0.1",
		"100.63.255.255", "100.128.0.1", "126.0.0.1", "172.15.0.1",
		"172.32.0.1", "192.0.2.1", "192.167.0.1", "223.255.255.255",
		"2001:db8::1", "2600::1", "fe00::1" };
	struct ipaddr ip;

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		assert_int_equal(
			ipaddr_parse(&ip, slice_of(inside[i])), RES_OK);
		if (!ipaddr_is_private(&ip))
			fail_msg("%s", inside[i]);
	}
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		assert_int_equal(
			ipaddr_parse(&ip, slice_of(outside[i])), RES_OK);
		if (ipaddr_is_private(&ip))
			fail_msg("%s", outside[i]);
	}
}

/* The same table once more, as a socket would tell it. */
static void a_socket_folds_too(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "64:ff9b::c000:201", "192.0.2.1" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "::1", "::1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
			.sin6_port = htons(25) };
		char text[IPADDR_TEXT_MAX];
		struct ipaddr ip;
		uint16_t port = 0;

		assert_int_equal(
			inet_pton(AF_INET6, rows[i].text, &sa.sin6_addr), 1);
		assert_int_equal(ipaddr_from_sockaddr(&ip, &port,
					 (const struct sockaddr *)&sa),
			RES_OK);
		assert_string_equal(ipaddr_format(&ip, text), rows[i].want);
		assert_int_equal(port, 25);
	}
}

static void an_ipv4_socket_is_read(void **state)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(65535) };
	char text[IPADDR_TEXT_MAX];
	struct ipaddr ip;
	uint16_t port = 0;

	(void)state;
	sa.sin_addr.s_addr = htonl(0xc0000207);
	assert_int_equal(
		ipaddr_from_sockaddr(&ip, &port, (const struct sockaddr *)&sa),
		RES_OK);
	assert_string_equal(ipaddr_format(&ip, text), "192.0.2.7");
	assert_int_equal(port, 65535);
}

static void other_sockets_are_told(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct ipaddr ip = { { 7 } };
	uint16_t port = 7;

	(void)state;
	assert_string_equal(result_name(ipaddr_from_sockaddr(&ip, &port, NULL)),
		result_name(RES_MISSING));
	assert_string_equal(result_name(ipaddr_from_sockaddr(
				    &ip, &port, (const struct sockaddr *)&sa)),
		result_name(RES_TYPE));
	assert_int_equal(ip.octet[0], 7);
	assert_int_equal(port, 7);
}

static void numbers_go_both_ways(void **state)
{
	struct ipaddr ip = ipaddr_from_v4(0xc6336405);
	char text[IPADDR_TEXT_MAX];

	(void)state;
	assert_true(ipaddr_is_v4(&ip));
	assert_int_equal(ipaddr_v4(&ip), 0xc6336405);
	assert_string_equal(ipaddr_format(&ip, text), "198.51.100.5");
}

static void addresses_have_an_order(void **state)
{
	struct ipaddr low = ipaddr_from_v4(1);
	struct ipaddr high = ipaddr_from_v4(256);

	(void)state;
	assert_true(ipaddr_compare(&low, &high) < 0);
	assert_true(ipaddr_compare(&high, &low) > 0);
	assert_int_equal(ipaddr_compare(&low, &low), 0);
	assert_true(ipaddr_is_equal(&low, &low));
	assert_false(ipaddr_is_equal(&low, &high));
}

#define V4(name, text, want) \
	CASE(name, reads,    \
		(&(struct row){ { text, sizeof(text) - 1 }, want, true }))
#define V6(name, text, want) \
	CASE(name, reads,    \
		(&(struct row){ { text, sizeof(text) - 1 }, want, false }))
#define NO(name, text)    \
	CASE(name, reads, \
		(&(struct row){ { text, sizeof(text) - 1 }, NULL, false }))

#define LONGEST "2001:0db8:1111:2222:3333:4444:255.255.255.255"

int main(void)
{
	const struct CMUnitTest cases[] = {
		V4("a dotted quad is read", "192.0.2.1", "192.0.2.1"),
		V4("the lowest quad is read", "0.0.0.0", "0.0.0.0"),
		V4("the highest quad is read", "255.255.255.255",
			"255.255.255.255"),
		V4("a quad in brackets is read", "[192.0.2.1]", "192.0.2.1"),
		V4("a mapped quad is IPv4", "::ffff:192.0.2.1", "192.0.2.1"),
		V4("a mapped address in hexadecimal is IPv4", "::ffff:c000:201",
			"192.0.2.1"),
		V4("a mapped address in upper case is IPv4", "::FFFF:C000:201",
			"192.0.2.1"),
		V4("a mapped address written in full is IPv4",
			"0000:0000:0000:0000:0000:ffff:c000:0201", "192.0.2.1"),
		V4("a mapped address half compressed is IPv4",
			"0:0::ffff:192.0.2.1", "192.0.2.1"),
		V4("a mapped address in brackets is IPv4", "[::ffff:192.0.2.1]",
			"192.0.2.1"),
		V4("a tagged mapped address is IPv4", "[IPv6:::ffff:192.0.2.1]",
			"192.0.2.1"),
		V4("the mapped lowest address is IPv4", "::ffff:0:0",
			"0.0.0.0"),
		V4("a compatible quad is IPv4", "::192.0.2.1", "192.0.2.1"),
		V4("a compatible address in hexadecimal is IPv4", "::c000:201",
			"192.0.2.1"),
		V4("the lowest compatible address is IPv4", "::2", "0.0.0.2"),
		V4("a compatible address of few bits is IPv4", "::1:0",
			"0.1.0.0"),
		V4("a translated address is IPv4", "::ffff:0:192.0.2.1",
			"192.0.2.1"),
		V4("a NAT64 quad is IPv4", "64:ff9b::192.0.2.1", "192.0.2.1"),
		V4("a NAT64 address in hexadecimal is IPv4",
			"64:ff9b::c000:201", "192.0.2.1"),
		V4("a NAT64 address in upper case is IPv4",
			"0064:FF9B::C000:0201", "192.0.2.1"),
		V4("a NAT64 address written in full is IPv4",
			"64:ff9b:0:0:0:0:c000:201", "192.0.2.1"),
		V4("a local-use NAT64 address is IPv4", "64:ff9b:1::192.0.2.1",
			"192.0.2.1"),
		V4("a local-use NAT64 address of another prefix is IPv4",
			"64:ff9b:1:abcd::c000:201", "192.0.2.1"),
		V4("the last local-use NAT64 prefix is IPv4",
			"64:ff9b:1:ffff::c000:201", "192.0.2.1"),
		V6("the unspecified address stays IPv6", "::", "::"),
		V6("the unspecified address in full stays IPv6",
			"0:0:0:0:0:0:0:0", "::"),
		V6("the loopback address stays IPv6", "::1", "::1"),
		V6("the loopback address in full stays IPv6",
			"0000:0000:0000:0000:0000:0000:0000:0001", "::1"),
		V6("the loopback address as a quad stays IPv6", "::0.0.0.1",
			"::1"),
		V6("a 6to4 address stays IPv6", "2002:c000:201::1",
			"2002:c000:201::1"),
		V6("a Teredo address stays IPv6", "2001:0:c000:201::3fff:fdfe",
			"2001:0:c000:201::3fff:fdfe"),
		V6("one past the mapped range stays IPv6", "::1:ffff:192.0.2.1",
			"::1:ffff:c000:201"),
		V6("one past the NAT64 range stays IPv6",
			"64:ff9b:0:0:0:1:c000:201", "64:ff9b::1:c000:201"),
		V6("one past the local-use range stays IPv6",
			"64:ff9b:2::c000:201", "64:ff9b:2::c000:201"),
		V6("a local-use address of another suffix stays IPv6",
			"64:ff9b:1:c000:2:100::", "64:ff9b:1:c000:2:100::"),
		V6("a global address is read", "2001:db8::1", "2001:db8::1"),
		V6("upper case is folded", "2001:DB8::ABCD", "2001:db8::abcd"),
		V6("leading zeros of a group are dropped",
			"2001:0db8:0000:0000:0000:0000:0000:0001",
			"2001:db8::1"),
		V6("the longest run of zeros is compressed",
			"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
		V6("a single zero group is not compressed",
			"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
		V6("of two runs the first is compressed",
			"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
		V6("an address in brackets is read", "[2001:db8::1]",
			"2001:db8::1"),
		V6("an address behind the tag is read", "IPv6:2001:db8::1",
			"2001:db8::1"),
		V6("an address of a HELO literal is read", "[IPv6:2001:db8::1]",
			"2001:db8::1"),
		V6("the tag is read in any case", "[ipv6:2001:db8::1]",
			"2001:db8::1"),
		V6("the longest spelling is read", LONGEST,
			"2001:db8:1111:2222:3333:4444:ffff:ffff"),
		NO("nothing is no address", ""),
		NO("empty brackets are no address", "[]"),
		NO("a leading zero in a quad is refused", "192.0.2.01"),
		NO("a quad that looks octal is refused", "0300.0.2.1"),
		NO("a quad in hexadecimal is refused", "0xc0.0.2.1"),
		NO("a leading zero in an embedded quad is refused",
			"::ffff:192.0.2.01"),
		NO("a quad of three numbers is refused", "192.0.2"),
		NO("a quad of five numbers is refused", "192.0.2.1.1"),
		NO("a quad of one number is refused", "3221225985"),
		NO("a number past 255 is refused", "192.0.2.256"),
		NO("a number that wraps around is refused",
			"192.0.2.4294967297"),
		NO("a dot at the end is refused", "192.0.2.1."),
		NO("a sign is refused", "+192.0.2.1"),
		NO("a blank in front is refused", " 192.0.2.1"),
		NO("a blank behind is refused", "192.0.2.1 "),
		NO("a line end behind is refused", "192.0.2.1\n"),
		NO("a port is refused", "192.0.2.1:25"),
		NO("a port behind brackets is refused", "[192.0.2.1]:25"),
		NO("a length is refused", "192.0.2.1/32"),
		NO("a zone is refused", "fe80::1%eth0"),
		NO("a zone in brackets is refused", "[fe80::1%1]"),
		NO("an open bracket is refused", "[192.0.2.1"),
		NO("a closing bracket alone is refused", "192.0.2.1]"),
		NO("brackets twice are refused", "[[192.0.2.1]]"),
		NO("brackets behind the tag are refused", "IPv6:[::1]"),
		NO("a quad behind the IPv6 tag is refused", "IPv6:192.0.2.1"),
		NO("the tag alone is refused", "IPv6:"),
		NO("two compressed runs are refused", "2001::db8::1"),
		NO("three colons are refused", "2001:::1"),
		NO("nine groups are refused", "1:2:3:4:5:6:7:8:9"),
		NO("seven groups are refused", "1:2:3:4:5:6:7"),
		NO("a group of five digits is refused", "2001:0db80::1"),
		NO("a letter past f is refused", "2001:db8::g"),
		NO("a NUL does not end the text", "192.0.2.1\0.evil"),
		NO("digits of another script are refused",
			"\xd9\xa1.\xd9\xa1.\xd9\xa1.\xd9\xa1"),
		NO("one octet more than the longest is refused", LONGEST "1"),
		NO("a name is no address", "localhost"),
		CASE("addresses of one network only are told apart",
			private_ones_are_told, NULL),
		CASE("an IPv6 socket folds as text does", a_socket_folds_too,
			NULL),
		CASE("an IPv4 socket is read with its port",
			an_ipv4_socket_is_read, NULL),
		CASE("no socket address and other families are told apart",
			other_sockets_are_told, NULL),
		CASE("an IPv4 address is a number and back",
			numbers_go_both_ways, NULL),
		CASE("addresses have an order", addresses_have_an_order, NULL),
	};

	return cmocka_run_group_tests_name("net/ipaddr", cases, NULL, NULL);
}
