/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mirror - the lists of Redis in memory, kept right by pushes.
 *
 * One thread: on one connection CLIENT TRACKING ... BCAST redirected to
 * itself, then SUBSCRIBE; on a second one SCAN into a table aside, apply what
 * was pushed meanwhile by asking for those keys again, swap. A nil push, a
 * lost connection or a missed PING mean a new resync with back-off, while the
 * old table goes on serving. Last good table on disk (store/snapshot).
 * The domains that are trusted (store/trust) come and go with the lists.
 * Data loss (generation key or most entries gone) keeps the old table for
 * lists.loss_grace_s. Threads: open, start, close from main; the rest any.
 */
#pragma once

#include "store/keys.h"

struct clock;
struct conf;
struct mirror;

enum mirror_state {
	MIRROR_EMPTY = 0, /* never had a table */
	MIRROR_SNAPSHOT, /* serving the copy from disk */
	MIRROR_LIVE, /* in step with Redis */
	MIRROR_STALE, /* serving the last table, no link to Redis */
	MIRROR_GRACE /* Redis lost its data; serving the last table */
};

const char *mirror_state_name(enum mirror_state s);

/* Loads the snapshot if there is a sound one. conf is held. RES_NOMEM. */
enum result mirror_open(struct mirror **out, struct conf *conf,
	const struct clock *clock) MUST_USE;
/*
 * Calls fn(ctx, key) from the mirror's thread for each key that changed, both
 * before and after the table did, and with the empty slice when everything
 * may have. For caches of details. One hook, at any time; NULL takes it away,
 * and it is not running any more when that call comes back. fn must not call
 * the mirror but mirror_match and mirror_read_status, and be quick.
 */
void mirror_on_change(struct mirror *m,
	void (*fn)(void *ctx, struct slice key_or_empty_for_all), void *ctx);
/* For a tool that only looks: nothing is written to Redis, not even a
 * generation where there is none. Before start. */
void mirror_observe(struct mirror *m);
/* Starts the thread (after any fork or change of user). */
enum result mirror_start(struct mirror *m) MUST_USE;
/* Stops it within a second whatever Redis does, then writes the snapshot.
 * NULL is fine. */
void mirror_close(struct mirror *m);

struct mirror_status {
	enum mirror_state state;
	bool is_usable; /* has a table younger than lists.max_age_s */
	uint64_t version; /* +1 with each change that readers can see */
	size_t entries; /* all kinds and scopes */
	size_t blocks;
	size_t allows;
	size_t ignored; /* keys of ours that are nonsense */
	size_t details_unread; /* entries whose flags are still to be read */
	size_t pending; /* pushed names not applied yet */
	size_t memory; /* octets */
	int64_t synced_ms; /* wall time of the last proof of being in step */
	int64_t lag_ms; /* age of the oldest push not applied, 0: none */
	uint64_t resyncs;
	uint64_t pushes; /* names pushed */
	int64_t load_ms; /* how long the last full load took */
	int64_t grace_until_ms; /* wall; 0: no grace */
	bool eviction_risk; /* maxmemory-policy may delete our keys */
	char server[300]; /* who we are in step with, "" for none */
	char error[256]; /* last thing that went wrong, "" for none */
	char generation[128];
};

void mirror_read_status(struct mirror *m, struct mirror_status *out);

struct list_client;
struct prefix_hit;

/*
 * Entries that cover ip (see store/prefixes.h), expired ones left out.
 * RES_DOWN: no table, or one older than max_age_s. *version: of the table.
 */
enum result mirror_match(struct mirror *m, const struct ipaddr *ip,
	struct slice scope, struct prefix_hit *out, size_t *count,
	uint64_t *version) MUST_USE;
/* The same, as client_match. */
enum result mirror_match_client(struct mirror *m, const struct list_client *c,
	struct slice scope, struct prefix_hit *out, size_t *count,
	uint64_t *version) MUST_USE;

/*
 * Is domain (folded), or one above it, trusted as kind? RES_DOWN: as for
 * mirror_match, or the account may not read those keys; *found is false.
 */
enum result mirror_trusts(struct mirror *m, enum trust_kind kind,
	struct slice domain, bool *found) MUST_USE;

/* The keys in Redis that stand for a hit (canonical and aliases): calls
 * each(ctx, key); the slice is valid during the call only, which is under
 * the lock of the table: copy it and return. */
void mirror_keys_of(struct mirror *m, const struct prefix_hit *hit,
	struct slice scope, void (*each)(void *ctx, struct slice key),
	void *ctx);

/* A detail was found to be nonsense: the entry is not a listing. The mirror
 * looks at it again and leaves it out if it agrees (type, lengths). */
void mirror_mark_ignored(struct mirror *m, const struct prefix_hit *hit,
	struct slice scope, const char *why);

/* Waits until the state is LIVE, at most deadline_ms milliseconds (for tools,
 * tests). RES_TIMEOUT. */
enum result mirror_wait_live(struct mirror *m, int64_t deadline_ms) MUST_USE;
