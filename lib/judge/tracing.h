/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/tracing - the trace of a message that passes (mail/trace); for
 * judge/session.
 *
 * Of a message that was judged and passes: d=in, with the client, the domain
 * whose signature speaks for the author, and whether complaints may go to its
 * CFBL-Address (auth/aligned). Of one of our own users (who is authenticated,
 * in milter.trusted, or on this machine) that has a sender: d=out, with the
 * hash of the account, which is the name that was authenticated, or else the
 * address in MAIL FROM; unless its first trace is one of ours that holds, for
 * then it comes back from a filter.
 *
 * A field is added and none is removed; and nothing is added
 *  - when a signature of the message covers fields of that name: a line "trace"
 *    of the log, "session queue_id why=signed";
 *  - while there is no key, or with trace.enabled no (d=out: trace.outbound).
 * The message passes all the same. Threads: the session's own.
 */
#pragma once

#include "base/buf.h"
#include "store/tracekeys.h"

struct accounts;
struct psl;
struct session;

/* Where keys come from and names of accounts go to; functions, so that a test
 * can do without Redis. */
struct tracing {
	/* RES_MISSING: there is no key. */
	enum result (*keys)(void *at, struct tracekeys_ring *out);
	void (*seen)(void *at, const struct conf *conf, const char *hash,
		struct slice name);
	const struct secret *secret;
	const struct psl *psl; /* or NULL */
	void *keys_at;
	void *seen_at;
};

/* Of the store; all are borrowed. psl may be NULL. */
struct tracing tracing_of(struct tracekeys *keys, struct accounts *accounts,
	const struct secret *secret, const struct psl *psl);

/* Each field of the header, in its order. */
void tracing_header(struct session *s, struct slice name, struct slice value);

/* Makes the value of a message that was judged, or of one of our users, with
 * its leading blank. False: there is to be none; what is wrong was logged. */
bool tracing_inbound(struct session *s, struct buf *out);
bool tracing_outbound(struct session *s, struct buf *out);
