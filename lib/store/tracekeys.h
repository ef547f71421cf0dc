/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/tracekeys - the keys of traces, two of them, and what they say.
 *
 *   Ptrace:keys  HASH: now, before (names), since_ms, and "key:NAME" of both,
 *                256 random bits in hex; no end, or it would be lost quietly
 * A key of Redis alone signs nothing: what signs is the keyed hash of it
 * (store/secret), so that who reads Redis can forge no trace. After trace.key_s
 * the next who looks makes a new one (one script, the time is that of Redis);
 * the one before it is still believed, and nothing older.
 *
 * A milter holds a copy that a thread of its own looks after (every minute, or
 * every tenth of trace.key_s), so that no message waits for Redis; while Redis
 * is away the last keys serve. While there is none, messages go without a
 * trace; so they do when the secret is of this process only (store/secret), for
 * nobody else could verify them.
 * Threads: sign, verify and copy from any; the rest from main; a ring is plain
 * data.
 */
#pragma once

#include "mail/trace.h"
#include "mail/tracebind.h"

struct clock;
struct conf;
struct redis;
struct secret;
struct tracekeys;

struct tracekeys_key {
	char name[TRACE_KEY_MAX]; /* "": there is none */
	uint8_t octet[SHA256_LEN]; /* what signs */
};

struct tracekeys_ring {
	struct tracekeys_key now;
	struct tracekeys_key before;
	int64_t age_ms; /* of now, by the time of Redis, when it was read */
};

/* Reads both; makes the first, or a new one when it is time (may_make: for a
 * milter and the administrator; the account of the portal may not). Errors as
 * script_run; RES_CORRUPT: what is there are no keys; RES_NOMEM. No key at
 * all, and none made, is RES_OK. *out is untouched on error. */
enum result tracekeys_read(struct redis *r, const struct conf *conf,
	const struct secret *s, bool may_make,
	struct tracekeys_ring *out) MUST_USE;

/* Adds the whole value to out: sets t->key and t->bound (and id, when it is
 * ""). bind: of the message. RES_MISSING: there is no key. RES_NOMEM,
 * RES_TOOBIG. */
enum result tracekeys_sign(const struct tracekeys_ring *ring, struct trace *t,
	const struct tracebind *bind, struct buf *out) MUST_USE;

enum tracekeys_word {
	TRACEKEYS_NONE = 0, /* no field, or none of ours */
	TRACEKEYS_FORGED, /* nothing that we wrote, or nonsense */
	TRACEKEYS_EXPIRED, /* of a key that is believed no more: a claim only */
	TRACEKEYS_ALTERED, /* we wrote it, on another message */
	TRACEKEYS_VALID
};

/* "none" "forged" "expired" "altered" "valid". Static. */
const char *tracekeys_word_name(enum tracekeys_word w);

/* value: of one field. host: whose traces are ours, folded; so are those of
 * other hosts of the same Redis, which the keys tell. *out is set unless NONE
 * or FORGED. RES_NOMEM; nothing is set then. */
enum result tracekeys_verify(const struct tracekeys_ring *ring,
	struct slice host, struct slice value, const struct tracebind *bind,
	enum tracekeys_word *word, struct trace *out) MUST_USE;

/* ---- a milter's copy ---- */

/* conf is held, secret borrowed. RES_NOMEM. */
enum result tracekeys_open(struct tracekeys **out, struct conf *conf,
	const struct secret *s, const struct clock *clock) MUST_USE;
enum result tracekeys_start(struct tracekeys *k) MUST_USE;
void tracekeys_close(struct tracekeys *k); /* NULL is fine */
/* Looks now, in the caller's thread. Errors as tracekeys_read and link_open. */
enum result tracekeys_look(struct tracekeys *k) MUST_USE;
/* What it has now; age_ms is that of this moment. RES_MISSING: none yet. */
enum result tracekeys_copy(
	struct tracekeys *k, struct tracekeys_ring *out) MUST_USE;
