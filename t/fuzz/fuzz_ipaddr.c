/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/ipaddr, net/cidr, net/hostname: what was read and written is read as
 * the same; a network covers an address when its leading bits are the same.
 */
#include "net/cidr.h"
#include "net/hostname.h"
#include "t/fuzz/target.h"

#include <string.h>

/* Bit by bit, without the code under test. */
static bool leading_bits_agree(
	const struct ipaddr *a, const struct ipaddr *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++) {
		unsigned mask = 0x80u >> i % 8;

		if ((a->octet[i / 8] & mask) != (b->octet[i / 8] & mask))
			return false;
	}
	return true;
}

static bool is_mapped(const struct ipaddr *ip)
{
	static const uint8_t head[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
		0xff };

	return memcmp(ip->octet, head, sizeof(head)) == 0;
}

static void try_address(struct slice text)
{
	char written[IPADDR_TEXT_MAX];
	struct ipaddr again;
	struct ipaddr ip;

	if (ipaddr_parse(&ip, text) != RES_OK)
		return;
	(void)ipaddr_format(&ip, written);
	target_promise(ipaddr_parse(&again, slice_of(written)) == RES_OK,
		"an address that was written is read");
	target_promise(ipaddr_is_equal(&ip, &again),
		"an address that was written is read as the same");
	again = ip;
	ipaddr_fold(&again);
	target_promise(ipaddr_is_equal(&ip, &again),
		"an address that was read is folded");
	target_promise(
		ipaddr_is_v4(&ip) == is_mapped(&ip), "IPv4 is what is mapped");
}

static void try_covers(const struct cidr *c, struct ipaddr ip)
{
	bool want = is_mapped(&ip) == (is_mapped(&c->net) && c->bits >= 96) &&
		leading_bits_agree(&c->net, &ip, c->bits);

	target_promise(cidr_covers(c, &ip) == want,
		"a network covers what its leading bits say");
}

static void try_network(struct slice text, const struct ipaddr *other)
{
	char written[CIDR_TEXT_MAX];
	struct cidr again;
	struct cidr c;

	if (cidr_parse(&c, text) != RES_OK)
		return;
	(void)cidr_format(&c, written);
	target_promise(cidr_parse(&again, slice_of(written)) == RES_OK,
		"a network that was written is read");
	target_promise(cidr_is_equal(&c, &again),
		"a network that was written is read as the same");
	target_promise(c.bits <= 128 && cidr_length(&c) <= c.bits,
		"a network has at most 128 bits");
	try_covers(&c, c.net);
	try_covers(&c, *other);
	for (unsigned i = 0; i < 128; i++) {
		struct ipaddr near = c.net;

		near.octet[i / 8] ^= (uint8_t)(0x80 >> i % 8);
		try_covers(&c, near);
	}
}

static void try_name(struct slice text)
{
	char first[HOSTNAME_MAX];
	char second[HOSTNAME_MAX];
	struct ipaddr ip;
	size_t len = 0;

	if (hostname_parse(text, first, &len) != RES_OK)
		return;
	target_promise(len == strlen(first) && len < HOSTNAME_MAX,
		"a name is as long as it says");
	target_promise(hostname_parse(slice_of(first), second, &len) == RES_OK,
		"a name that was read is a name");
	target_promise(strcmp(first, second) == 0, "a name has one spelling");
	target_promise(
		ipaddr_parse(&ip, text) != RES_OK, "a name is no address");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct ipaddr raw = { { 0 } };

	/* The end of the input is an address of a socket, too. */
	if (size >= sizeof(raw.octet))
		memcpy(raw.octet, data + size - sizeof(raw.octet),
			sizeof(raw.octet));
	ipaddr_fold(&raw);
	try_address(text);
	try_network(text, &raw);
	try_name(text);
	return 0;
}
