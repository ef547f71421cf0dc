/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns/dnsbl - the names that DNS lists are asked for, and what their answers
 * mean (RFC 5782).
 *
 * Only an A record of 127.0.0.0/8 is a listing. 127.255.255.0/24 is an error
 * of the list itself (wrong zone, open resolver, too many questions) and never
 * one; nor is anything outside 127.0.0.0/8, which is a zone that is gone and
 * whose names all lead to somebody's web site; nor are 127.0.0.1 and
 * 127.0.0.255, by which some lists say that they do not answer us, unless the
 * configuration names them. Threads: plain functions.
 */
#pragma once

#include "dns/answer.h"

struct conf_zone;
struct ipaddr;

enum { DNSBL_NAME_MAX = 254, DNSBL_ANSWER_MAX = 16 };

/* "2.0.0.127.ZONE" (s2.1), or 32 nibbles (s2.4). Returns out. */
const char *dnsbl_address_name(const struct ipaddr *ip,
	const struct conf_zone *zone, char out[DNSBL_NAME_MAX]);
/* "example.com.ZONE" (s3); name without a last dot. RES_TOOBIG. */
enum result dnsbl_domain_name(struct slice name, const struct conf_zone *zone,
	char out[DNSBL_NAME_MAX]) MUST_USE;

/* What every zone must list, and must not (s5). */
enum dnsbl_test { DNSBL_TEST_IPV4, DNSBL_TEST_IPV6, DNSBL_TEST_DOMAIN };

const char *dnsbl_test_name(enum dnsbl_test which, bool is_listed,
	const struct conf_zone *zone, char out[DNSBL_NAME_MAX]);
/* "127.0.0.2", "TEST" ...: for a human. Static. */
const char *dnsbl_test_text(enum dnsbl_test which, bool is_listed);

enum dnsbl_state {
	DNSBL_UNKNOWN = 0, /* DNS could not tell: see why */
	DNSBL_CLEAR,
	DNSBL_LISTED,
	DNSBL_TROUBLE /* the zone does not work for us: see answer */
};

struct dnsbl_reading {
	enum dnsbl_state state;
	enum dns_why why; /* of DNSBL_UNKNOWN */
	/* Host order. Of LISTED the one that adds most; of TROUBLE the one that
	 * is none. */
	uint32_t answer;
	double weight; /* of LISTED; 0: it counts for nothing */
};

/* a is of type A. Never NULL. */
struct dnsbl_reading dnsbl_read(
	const struct conf_zone *zone, const struct dns_answer *a);
/* "127.0.0.2". Returns out. */
const char *dnsbl_answer_text(uint32_t answer, char out[DNSBL_ANSWER_MAX]);
