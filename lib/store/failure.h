/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/failure - reports about single messages that fail DMARC (RFC 9991),
 * until the portal's worker sends them.
 *
 *   Pdmarc:failure:ID       HASH: domain, ruf, fields (lines of a feedback
 *                           report), header (lines), and to:ADDRESS for each
 *                           letter that has gone; EXPIRE FAILURE_KEEP_S
 *   Pdmarc:failures:DOMAIN  STRING, reports about it in this hour; EXPIRE
 * The milter adds one with its job "dmarc-failure" (store/mailq) by one script,
 * unless dmarc.failures_hour is used up. Threads: add from any; the rest as
 * store/redis.
 */
#pragma once

#include "store/redis.h"

struct arena;
struct conf;
struct writer;

enum {
	FAILURE_KEEP_S = 86400,
	FAILURE_ID_MAX = 33,
	FAILURE_FIELDS_MAX = 8192, /* octets of each of the two texts */
	FAILURE_HEADER_MAX = 16384
};

struct failure {
	struct slice domain; /* where the record was found, folded */
	struct slice ruf; /* as it came */
	struct slice fields; /* lines end in CRLF */
	struct slice header;
};

/* Never waits: while much waits in the queue, RES_FULL, and there is no report.
 * RES_TOOBIG, RES_NOMEM. */
enum result failure_add(struct writer *w, const struct conf *conf,
	const struct failure *f, int64_t now_ms) MUST_USE;

/* Owned by a. RES_MISSING: it is not there any more. */
enum result failure_read(struct redis *r, const struct conf *conf,
	struct slice id, struct arena *a, struct failure *out) MUST_USE;
/* A letter to that address has gone; it has, from now on. */
enum result failure_has_gone(struct redis *r, const struct conf *conf,
	struct slice id, const char *to, bool *out) MUST_USE;
enum result failure_gone(struct redis *r, const struct conf *conf,
	struct slice id, const char *to) MUST_USE;
enum result failure_forget(
	struct redis *r, const struct conf *conf, struct slice id) MUST_USE;
