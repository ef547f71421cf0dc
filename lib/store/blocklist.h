/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/blocklist - is this address on a list, and why.
 *
 * Asks the mirror in memory, which knows the class of a hit, whether it is in
 * shadow and when it ends. Its other details (the reason ...) come from a
 * cache or, for at most lists.details_rate hits a second, from Redis (deadline
 * redis.timeout_ms, breaker); without an answer the mirror's own word stands.
 * Only a hit so new that the mirror knows no more than its name is always
 * asked about.
 *
 * Precedence, in this order (reprievectl check prints it):
 *  1. a list of the recipient domain that has an answer is final;
 *  2. allow beats block;
 *  3. narrower beats wider: address, network, domain, ASN, country;
 *  4. a shadow entry never wins over one that is enforced, and wins alone
 *     only as a shadow.
 * Threads: match from any thread.
 */
#pragma once

#include "store/listing.h"

struct arena;
struct clock;
struct conf;
struct mirror;
struct blocklist;
struct list_client;

enum { BLOCKLIST_COVER_MAX = 64 };

enum blocklist_answer {
	BLOCKLIST_UNKNOWN = 0, /* no copy young enough to trust */
	BLOCKLIST_CLEAR, /* nothing covers it */
	BLOCKLIST_ALLOWED,
	BLOCKLIST_BLOCKED
};

const char *blocklist_answer_name(enum blocklist_answer a);

struct blocklist_result {
	enum blocklist_answer answer;
	size_t count; /* entries that cover the address */
	struct listing *entry; /* scope first, narrowest first */
	const struct listing *winner; /* why answer is what it is, or NULL */
	/* a block entry in shadow that would have been enforced, or NULL */
	const struct listing *shadow;
	uint64_t version; /* of the mirror that was asked */
};

/*
 * Opens its pool of connections lazily. conf is held; mirror is borrowed and
 * must outlive it: from open to close, blocklist_invalidate is what
 * mirror_on_change calls. RES_NOMEM.
 */
enum result blocklist_open(struct blocklist **out, struct conf *conf,
	struct mirror *mirror, const struct clock *clock) MUST_USE;
void blocklist_close(struct blocklist *b); /* NULL is fine */

/*
 * scope: the recipient's domain folded, or empty. The result is owned by a.
 * RES_OK: see answer; RES_NOMEM: answer is UNKNOWN.
 */
enum result blocklist_match(struct blocklist *b, const struct ipaddr *ip,
	struct slice scope, struct arena *a,
	struct blocklist_result *out) MUST_USE;
/* The same by all that is known of the client (store/client). */
enum result blocklist_match_client(struct blocklist *b,
	const struct list_client *client, struct slice scope, struct arena *a,
	struct blocklist_result *out) MUST_USE;

/*
 * The rules above over the entries that somebody already gathered: sets
 * answer, winner and shadow. Reads entry and count only.
 */
void blocklist_decide(struct blocklist_result *r);

/*
 * A key has changed in Redis, and the mirror knows: its details are read anew
 * at the next hit. The empty slice means every key. ctx is the blocklist; the
 * shape is that of mirror_on_change.
 */
void blocklist_invalidate(void *ctx, struct slice key);

struct blocklist_counts {
	uint64_t details_cached;
	uint64_t details_fetched;
	uint64_t details_failed; /* Redis did not say in time */
	uint64_t details_skipped; /* over lists.details_rate */
	bool breaker_open;
};

void blocklist_count(struct blocklist *b, struct blocklist_counts *out);
