/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/ipaddr - one address, and the one place where its forms fold together.
 *
 * 16 octets in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291 s2.5.5.2).
 * Every way in folds the forms in which an IPv4 client can hide: mapped
 * (::ffff:0:0/96), compatible (::/96 except :: and ::1, RFC 4291 s2.5.5.1),
 * IPv4-translated (::ffff:0:0:0/96, RFC 2765 s2.1), NAT64 well-known
 * (64:ff9b::/96, RFC 6052) and its local-use range with a /96 suffix
 * (64:ff9b:1::/48, RFC 8215). 6to4 (2002::/16) and Teredo are tunnels of
 * another host and stay IPv6. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

struct sockaddr;

struct ipaddr {
	uint8_t octet[16];
};

enum { IPADDR_TEXT_MAX = 46 }; /* INET6_ADDRSTRLEN */

/*
 * Reads "192.0.2.1" (four decimal octets, no leading zero), "2001:db8::1",
 * also in "[...]" and after "IPv6:" (RFC 5321 s4.1.3). No zone, no port, no
 * blanks. RES_SYNTAX otherwise, and *out is untouched.
 */
enum result ipaddr_parse(struct ipaddr *out, struct slice text) MUST_USE;

/*
 * From AF_INET or AF_INET6; *port in host order. RES_MISSING: sa is NULL;
 * RES_TYPE: another family. *out and *port untouched on error.
 */
enum result ipaddr_from_sockaddr(
	struct ipaddr *out, uint16_t *port, const struct sockaddr *sa) MUST_USE;

/* Folds raw octets as the head of this file says. */
void ipaddr_fold(struct ipaddr *ip);

bool ipaddr_is_v4(const struct ipaddr *ip);
bool ipaddr_is_equal(const struct ipaddr *a, const struct ipaddr *b);
int ipaddr_compare(const struct ipaddr *a, const struct ipaddr *b);
/* The four octets in host order; only for an IPv4 address. */
uint32_t ipaddr_v4(const struct ipaddr *ip);
struct ipaddr ipaddr_from_v4(uint32_t host_order);

/*
 * One that means something within one network only, or nobody: loopback,
 * private (RFC 1918, RFC 6598, RFC 4193), link-local, multicast, unspecified.
 */
bool ipaddr_is_private(const struct ipaddr *ip);

/* Canonical text (RFC 5952 s4; dotted quad for IPv4); returns out. */
const char *ipaddr_format(const struct ipaddr *ip, char out[IPADDR_TEXT_MAX]);
