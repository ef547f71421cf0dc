/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/subject - what an entry of a list can be about besides a network: a
 * country, a network by its number (ASN), a domain, a local account.
 *
 * They are kept among the networks, as single addresses that no client has:
 * below ff00::/16, multicast of the reserved scope 0, which is nobody's source
 * address (RFC 4291 s2.7). So tables, snapshots and details need to know
 * nothing of them. A domain stands there as 104 bits of its SHA-256; its name
 * is known from its key alone. An account is there by its hash (store/account),
 * and is never found for a client, whatever that is called. Keys that name such
 * an address are nonsense.
 * Threads: plain data.
 */
#pragma once

#include "net/cidr.h"
#include "store/keys.h"

/* Their places. country: two letters, any case. domain: folded; RES_NOMEM. */
struct cidr subject_of_asn(uint32_t asn);
struct cidr subject_of_country(const char country[2]);
enum result subject_of_domain(struct slice domain, struct cidr *out) MUST_USE;
/* 16 hex digits in either case, or RES_SYNTAX. */
enum result subject_of_user(struct slice hash, struct cidr *out) MUST_USE;

/* What a network stands for: SUBJECT_NET, when it is one. SUBJECT_UNKNOWN: a
 * place that is nobody's. */
enum list_subject subject_of(const struct cidr *net);

enum { SUBJECT_TEXT_MAX = CIDR_TEXT_MAX };

/* "192.0.2.0/24", "asn:64500", "country:NL", "user:00112233445566ff"; of a
 * domain "domain:#" and digits, which is no name. Returns out. */
const char *subject_format(const struct cidr *net, char out[SUBJECT_TEXT_MAX]);

/* Which is narrower? network and account 0, domain 1, ASN 2, country 3. */
unsigned subject_rank(const struct cidr *net);
