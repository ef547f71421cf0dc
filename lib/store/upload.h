/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/upload - what a visitor has sent, until reprieve-intake has it.
 *
 *   Pupload:ID   STRING, a mail as reprieve-intake reads it; EXPIRE
 *                UPLOAD_KEEP_S
 *   Pupload:all  ZSET of "LENGTH:ID" by the end of their lives (ms), trimmed by
 *                it; EXPIRE UPLOAD_KEEP_S
 * ID as the reference of a case. An upload comes into being together with its
 * job "report-upload" (store/mailq; "more" is the kind of the report): neither
 * is there without the other. The job stands behind all letters, for it may
 * take long, and anybody can make one. All together have a bound, so that
 * visitors cannot fill Redis. Threads: as store/redis.
 */
#pragma once

#include "store/redis.h"

enum {
	/* Longer than a job waits between two tries (portal/worker). */
	UPLOAD_KEEP_S = 7200,
	UPLOAD_COUNT_MAX = 1000,
	UPLOAD_OCTETS_MAX = 64 * 1024 * 1024
};

struct upload {
	struct slice id;
	struct slice kind; /* "junk": as store/report has them */
	struct slice mail;
};

/* RES_FULL: too many wait already, or jobs; nothing was kept. May be done again
 * after an error. */
enum result upload_add(struct redis *r, struct slice prefix,
	const struct upload *u, int64_t now_ms) MUST_USE;

/* Renews its life, and reads it: the text lives as a reply of store/redis does.
 * RES_MISSING. */
enum result upload_read(struct redis *r, struct slice prefix, struct slice id,
	int64_t now_ms, struct slice *mail) MUST_USE;

/* Is it there? */
enum result upload_has(struct redis *r, struct slice prefix, struct slice id,
	bool *found) MUST_USE;

/* It has been handed on. RES_OK if it was gone. */
enum result upload_remove(
	struct redis *r, struct slice prefix, struct slice id) MUST_USE;
