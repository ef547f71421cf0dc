/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/check - the shape of a check.
 *
 * A check reads facts and adds findings; it never decides about the mail and
 * never blocks. What takes time (DNS) it starts through in->dns and comes back
 * for: judge/pipeline calls its step at each event from its first stage on,
 * and, where its findings are needed, again and again as answers come in,
 * until it says CHECK_DONE. Past the deadline of the command every question
 * has the answer "timeout" (dns/asker), so that a step always comes to an end.
 *
 * A check that keeps something between its steps makes it at the first one,
 * hangs it at *in->state and frees it in its clear function; in->arena is
 * emptied between events and serves only what a report leaves behind. Answers
 * of in->dns live until the message (of a check that begins at CONNECT: the
 * connection) is over, message and envelope from their event to its end.
 */
#pragma once

#include "fact/auth.h"
#include "fact/body.h"
#include "fact/conn.h"
#include "fact/envelope.h"
#include "fact/finding.h"
#include "fact/message.h"

struct asker;
struct conf;

struct check_input {
	const struct conf *conf;
	const struct conn *conn;
	const struct envelope *envelope; /* NULL before MAIL */
	const struct message *message; /* NULL before the end of the header */
	struct auth_facts *auth; /* of the message; NULL before MAIL */
	/* NULL before MAIL; parsed (is_known) where the checks of the end are
	 * asked for their findings, by heur/body, which comes first. */
	struct body_facts *body;
	struct asker *dns; /* the session's questions; NULL: no resolver */
	struct arena *arena; /* lives as long as the findings */
	int64_t wall_s; /* now, seconds since 1970 */
	bool body_ended; /* all of the body has been seen */
	void *service; /* what the check's table row names, or NULL */
	void **state; /* the check's own; *state is NULL at first */
};

enum check_progress { CHECK_DONE = 0, CHECK_WAITING };

/*
 * One step. out NULL: go on with what can be done now, there is nothing to
 * report yet. Otherwise the findings are wanted: CHECK_DONE means that they,
 * and the check's part of in->auth, are written, once; CHECK_WAITING that an
 * answer or another check's part of in->auth is still missing. A check of the
 * connection (it starts at CONNECT) is asked for its report for each message.
 */
typedef enum check_progress check_step(
	const struct check_input *in, struct findings *out);

/*
 * A piece of the body as the MTA sends it: CRLF lines, cut anywhere. False: no
 * more of it is wanted. Called after the step at the end of the header.
 */
typedef bool check_body(const struct check_input *in, struct slice piece);

/* Frees *state (never NULL). Questions need no cancelling. */
typedef void check_clear(void *state);

/* A check without waiting: all is done where its findings are wanted. */
typedef void check_run(const struct check_input *in, struct findings *out);
