/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/stamps - what a message that passes carries of ours.
 *
 * From the top: Authentication-Results, the ARC set (arc.seal_domain),
 * Received-SPF (auth.received_spf), X-Reprieve, X-Reprieve-Trace
 * (judge/tracing). Without auth.enabled the last two only. Incoming fields that
 * claim to be ours are removed first, but for traces.
 * Threads: the session's own.
 */
#pragma once

#include "fact/auth.h"
#include "fact/conn.h"
#include "fact/envelope.h"
#include "judge/marks.h"
#include "policy/verdict.h"

struct arcseal;
struct arcseal_body;
struct arena;
struct conf;
struct fields;

struct stamps {
	const struct conf *conf;
	const struct conn *conn;
	const struct envelope *envelope;
	const struct fields *fields;
	const struct auth_facts *auth;
	const struct verdict *verdict;
	const struct buf *trace; /* empty: none */
	struct slice ref; /* of the case, or "" */
	const struct arcseal *seal;
	struct arcseal_body *sealed; /* NULL: is not to be sealed */
	struct arena *arena; /* for the set */
	int64_t wall_s;
};

void stamps_add(const struct stamps *in, const struct marks *m);

/* Our name in Authentication-Results (RFC 8601 s2.5). */
struct slice stamps_authserv_id(const struct conf *conf);
