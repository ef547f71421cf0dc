/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter/context - the one long-lived object: the snapshot of the config, and
 * what all sessions share (lists, cases, writer, metrics).
 *
 * A session takes the snapshot of its first moment and keeps it; a reload
 * swaps the one that new sessions take.
 * Threads: open, start, close from main; beat and reload from one thread; the
 * rest from any.
 */
#pragma once

#include "base/buf.h"

struct clock;
struct conf;
struct context;
struct session;

/* Makes all of it, no thread yet. conf is held. RES_NOMEM; or what is wrong
 * with arc.key, the log has the words. */
enum result context_open(struct context **out, struct conf *conf,
	const struct clock *clock) MUST_USE;

/*
 * Starts the threads: lists, writer, metrics. After any change of user.
 * RES_DOWN: metrics.listen is taken, say; the log has the words.
 */
enum result context_start(struct context *ctx) MUST_USE;

/*
 * Waits for the events that are inside (context_enter), lets no more in, and
 * closes all parts: the copy of the lists is written, cases are flushed. NULL
 * is fine. What is left can be asked context_enter, and freed.
 */
void context_close(struct context *ctx);

/* Only when nobody can call context_enter any more. NULL is fine. */
void context_free(struct context *ctx);

/*
 * libmilter does not wait for its sessions when it stops. So each event of one
 * asks first: false means that we are closed, and nothing of ctx may be used.
 */
bool context_enter(struct context *ctx) MUST_USE;
void context_leave(struct context *ctx);

/* A session with the snapshot of now. NULL: no memory. */
struct session *context_session(struct context *ctx);

/*
 * What was agreed on with an MTA, in libmilter's bits and the session's. The
 * last agreement serves for a session that starts without one of its own;
 * all MTAs at one socket offer the same in practice, and libmilter mends what
 * does not fit.
 */
struct agreement {
	unsigned long steps;
	unsigned may;
};

void context_agree(struct context *ctx, const struct agreement *a);
struct agreement context_agreement(struct context *ctx);

/* milter.on_internal_error, where there is no session to ask. */
bool context_defers_errors(struct context *ctx);

/* A warning that is worth one line in the life of the process. */
void context_warn_once(struct context *ctx, const char *text);

/*
 * Reads the config file again. A bad one is logged, every error of it, and
 * the snapshot stays. What cannot change without a restart is named.
 */
enum result context_reload(struct context *ctx);

/* Once a second or so: STATUS and WATCHDOG of systemd. */
void context_beat(struct context *ctx);

/* Appends one line for a human: state and size of the lists. */
void context_describe(struct context *ctx, struct buf *out);
