/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/telemetry - what the milter counts (names: reprieve-milter(8)).
 *
 * Sessions and reloads count here; gauges that live elsewhere are added by
 * milter/gauges. Threads: any.
 */
#pragma once

#include "fact/auth.h"
#include "policy/verdict.h"

#include <stdatomic.h>

struct metrics;

/* Counters of results. */
enum telemetry_auth_counter {
	TELEMETRY_IPREV,
	TELEMETRY_SPF,
	TELEMETRY_SPF_HELO,
	TELEMETRY_DKIM,
	TELEMETRY_SIGNATURES,
	TELEMETRY_ARC,
	TELEMETRY_DMARC,
	TELEMETRY_FROM,
	TELEMETRY_AUTH_COUNT
};

/* What became of the trace of a message. */
enum telemetry_trace {
	TELEMETRY_TRACE_IN,
	TELEMETRY_TRACE_OUT,
	TELEMETRY_TRACE_SIGNED, /* none: it would break a signature */
	TELEMETRY_TRACE_NO_KEY /* none */
};

struct telemetry {
	struct metrics *metrics;
	int connections;
	int recipients;
	int messages;
	int would_refuse;
	int reply_seconds;
	int reloads;
	int cases;
	int correspondents;
	int paused;
	int traces;
	int auth[TELEMETRY_AUTH_COUNT];
	int wait_seconds;
	atomic_long open_sessions;
};

/* Registers the counters; RES_NOMEM. */
enum result telemetry_init(struct telemetry *t) MUST_USE;
void telemetry_clear(struct telemetry *t);

void telemetry_session(struct telemetry *t, int change); /* +1, -1 */
void telemetry_connection(struct telemetry *t);
/* v NULL: not judged. */
void telemetry_recipient(
	struct telemetry *t, const struct verdict *v, int64_t took_ms);
void telemetry_message(struct telemetry *t, const struct verdict *v);
/* One piece of evidence was queued, or there was no room for it. */
void telemetry_case(struct telemetry *t, bool queued);
/* Results of a message (NULL: none), and how long its end waited for DNS. */
void telemetry_auth(
	struct telemetry *t, const struct auth_facts *auth, int64_t waited_ms);
/* A refusal was asked about: was the sender written to (store/correspond)? */
void telemetry_correspondent(
	struct telemetry *t, enum result res, bool is_known);
/* A recipient that an account of ours wrote to while it is paused. */
void telemetry_paused(struct telemetry *t, const struct verdict *v);
void telemetry_reload(struct telemetry *t, bool ok);
void telemetry_trace(struct telemetry *t, enum telemetry_trace what);
