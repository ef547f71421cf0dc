/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns/resolver - all DNS of the process, on libunbound.
 *
 * One libunbound context, asynchronous only, one thread that takes what comes
 * back; in front of it a cache of answers by their TTL (capped; negative ones
 * short; failures for a moment), so that a known answer costs no thread
 * switch. Bounded: questions on their way, octets of the cache, size of an
 * answer. A name is asked as it is: never with a search list, and /etc/hosts
 * is not read.
 * Threads: open and close from main, after the process has become who it
 * stays; the rest from any.
 */
#pragma once

#include "dns/asker.h"

struct buf;
struct clock;
struct conf;
struct resolver;

struct resolver_options {
	const char *const *forward; /* "127.0.0.1@5353", "::1@53"; none:
				       resolv.conf, and without that roots */
	size_t forward_count;
	const char *unbound_conf; /* file in unbound.conf syntax, "" */
	bool dnssec; /* validate */
	const char *trust_anchor; /* file with the root's keys */
	unsigned timeout_ms; /* of one question */
	unsigned pending_max;
	size_t cache_octets;
	unsigned cache_positive_s; /* greatest TTL believed */
	unsigned cache_negative_s;
	size_t answer_max; /* octets of one answer */
	const struct clock *clock;
};

/* why: what is wrong, for a human. RES_SYNTAX (options), RES_DOWN, RES_NOMEM.
 */
enum result resolver_open(struct resolver **out,
	const struct resolver_options *o, struct buf *why) MUST_USE;
/* The same with the options of section dns. */
enum result resolver_open_conf(struct resolver **out, const struct conf *conf,
	const struct clock *clock, struct buf *why) MUST_USE;
/* NULL is fine. No asker may use it any more. */
void resolver_close(struct resolver *r);

/* For asker_new. Borrowed. */
const struct dns_source *resolver_source(struct resolver *r);

struct resolver_count {
	uint64_t asked; /* of the cache */
	uint64_t hits;
	uint64_t sent; /* to libunbound */
	uint64_t answered;
	uint64_t failed; /* SERVFAIL, bogus, other rcodes */
	uint64_t timeouts;
	uint64_t refused; /* pending_max */
	uint64_t pending; /* now */
	uint64_t cache_octets; /* now */
};
void resolver_read_count(struct resolver *r, struct resolver_count *out);
