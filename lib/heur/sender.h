/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/sender - under which names a sender is remembered.
 *
 * Its address and its network, and the domain that it has proved to be: that of
 * the author when DMARC passes, or that of MAIL FROM when SPF does, or the
 * first one that has signed all of the message. Threads: plain data.
 */
#pragma once

#include "fact/auth.h"
#include "net/cidr.h"
#include "net/hostname.h"

struct sender {
	char address[CIDR_TEXT_MAX]; /* IPv4 address, IPv6 /64 */
	char network[CIDR_TEXT_MAX]; /* IPv4 /24, IPv6 /48 */
	char domain[HOSTNAME_MAX]; /* folded; "": it has proved none */
};

/* auth NULL: nothing is proved. */
void sender_read(struct sender *out, const struct ipaddr *ip,
	const struct auth_facts *auth);

/* The network of so many bits around ip: of 32 for IPv4, of 128 for IPv6. */
void sender_network(const struct ipaddr *ip, unsigned ipv4_bits,
	unsigned ipv6_bits, char out[CIDR_TEXT_MAX]);
