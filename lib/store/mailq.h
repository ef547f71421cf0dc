/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mailq - letters and other work of the portal that wait to be done.
 *
 *   Pmailq        STREAM of jobs: kind, id, more; group "portal"
 *   Pmailq:slow   the same, behind all others
 *   Pmailq:later  ZSET of jobs to be tried again (JSON), by their time
 *   Pmailq:last   STRING, when a slow one was taken last
 * A job holds no text of a letter and no token: the letter is written when it
 * is sent, from what "id" names. A job is done at least once: who takes one
 * and dies leaves it to the next after MAILQ_CLAIM_S. Other scripts add jobs
 * by MAILQ_LUA_ADD. Threads: as store/redis.
 */
#pragma once

#include "base/slice.h"

struct arena;
struct redis;

enum {
	MAILQ_CLAIM_S = 120,
	MAILQ_WAITING_MAX = 100000, /* more than that are not taken: RES_FULL */
	MAILQ_KEEP_S = 5 * 86400, /* then a job is given up */
	MAILQ_WORD_MAX = 64, /* octets of kind and id */
	MAILQ_MORE_MAX = 4096
};

/* kinds: confirm (a delist request's link), answer (its result), review (makes
 * the ticket of a request), ticket-link, ticket-answer, ticket-admin,
 * sponsor-link, correspondent (a refusal that was put off; id is a case, added
 * by the milter), fbl-link, fbl-look, fbl-ready, fbl-lapsed (store/fbl),
 * fbl-report (id is a report; more: "N ID" or "N cfbl"), report-upload (store/
 * upload), report-ack (store/report), dmarc-failure (of store/failure, by the
 * milter, too). "more" is the kind's own. */
struct mailq_job {
	struct slice kind;
	struct slice id;
	struct slice more;
	unsigned tries; /* before this one, also of workers that died */
	int64_t since_ms; /* when it was added */
	struct slice handle; /* for done and later */
};

/* Within a script: add(KEYS[i] of the stream, kind, id, more, now_ms). */
#define MAILQ_LUA_ADD                                                 \
	"local function mailq_add(stream, kind, id, more, now)\n"     \
	"  redis.call('XADD', stream, '*', 'kind', kind, 'id', id,\n" \
	"    'more', more, 'tries', '0', 'since', now)\n"             \
	"end\n"

/* RES_FULL; RES_TOOBIG: a field is longer than above. */
enum result mailq_add(struct redis *r, struct slice prefix,
	const struct mailq_job *job, bool is_slow, int64_t now_ms) MUST_USE;

/*
 * Takes the next job: one whose time has come again, one that a dead worker
 * left, a new one; a slow one when there is no other, at most one every
 * slow_ms. worker: our name in the group. RES_MISSING: none now. Never waits.
 */
struct mailq_taking {
	struct slice worker;
	int64_t now_ms;
	unsigned slow_ms;
	unsigned claim_ms; /* instead of MAILQ_CLAIM_S, by the clock of Redis */
};
enum result mailq_take(struct redis *r, struct slice prefix,
	const struct mailq_taking *how, struct arena *a,
	struct mailq_job *out) MUST_USE;

/* After either of these somebody else may have had the job meanwhile: nothing
 * is done twice to it then, and RES_OK. */
enum result mailq_done(struct redis *r, struct slice prefix,
	const struct mailq_job *job) MUST_USE;
/* To be tried again in delay_ms, tries + 1; given up, with a line in the log,
 * when it was added more than MAILQ_KEEP_S ago. */
enum result mailq_later(struct redis *r, struct slice prefix,
	const struct mailq_job *job, int64_t now_ms, int64_t delay_ms) MUST_USE;

struct mailq_count {
	uint64_t waiting; /* not taken */
	uint64_t taken;
	uint64_t later;
	uint64_t slow;
	int64_t oldest_ms; /* since_ms of the oldest head of a queue, 0: none */
};
enum result mailq_count(
	struct redis *r, struct slice prefix, struct mailq_count *out) MUST_USE;
