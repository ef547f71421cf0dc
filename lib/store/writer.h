/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/writer - writes to Redis that must never delay a reply.
 *
 * A bounded queue and one thread with its own connection to the primary.
 * While Redis is away jobs wait; what does not fit is counted, logged once a
 * minute and dropped. READONLY, LOADING and the like make it look for the
 * primary again; a job that the server refuses for good (OOM, NOPERM,
 * WRONGTYPE) is counted, logged once a minute and dropped.
 *
 * A job is written at least once: when the connection breaks after the server
 * took it and before we heard so, it is sent again. So write HSET, EXPIRE and
 * SET; an HINCRBY may count double after such a break.
 * Threads: add and count from any thread; the rest from main.
 */
#pragma once

#include "base/slice.h"

struct clock;
struct conf;
struct writer;

enum result writer_open(struct writer **out, struct conf *conf,
	const struct clock *clock) MUST_USE;
/* Starts the thread (after any fork or change of user). RES_NOMEM. */
enum result writer_start(struct writer *w) MUST_USE;
/* Writes what it can within 2 s (one try when Redis is away), then ends.
 * NULL is fine. */
void writer_close(struct writer *w);

/* Commands written together (MULTI ... EXEC when more than one). */
struct writer_job;
struct writer_job *writer_job_new(void);
void writer_job_free(struct writer_job *j);
/* One command of at most 256 arguments, copied; a job holds at most 1 MiB.
 * j may be NULL. Errors show at writer_add. */
void writer_job_command(
	struct writer_job *j, const struct slice *argv, size_t argc);
/* The job is given, also on error. RES_FULL: no room, or closing; RES_NOMEM
 * (also when j is NULL), RES_TOOBIG. A job without commands is RES_OK. */
enum result writer_add(struct writer *w, struct writer_job *j) MUST_USE;

struct writer_counts {
	size_t waiting;
	uint64_t written;
	uint64_t dropped; /* no room */
	uint64_t failed; /* the server refused it */
	bool is_connected;
};

void writer_count(struct writer *w, struct writer_counts *out);
