/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/session - one SMTP connection: facts so far, and its verdicts.
 *
 * Takes what the MTA tells in any order, as slices, and answers in our own
 * words; knows no libmilter type. A verdict is given at RCPT and at the end of
 * the message only (MTA behaviour makes every other stage unsafe).
 *
 * Memory: names of the connection are cut to SESSION_NAME_MAX. From MAIL to the
 * end of a message there are two arenas of milter.message_memory, one for its
 * header (what does not fit is told to the checks, judge/fields) and one for
 * the rest; one of milter.connection_memory holds a look-up and is emptied
 * before each. When one of these two is full, that is an internal error.
 *
 * Not judged: local submissions (no address, a unix socket, or port 0) and
 * clients in milter.trusted; of these nothing is changed or removed, and one
 * field is added, the trace (judge/tracing). Not judged either are transactions
 * that the MTA marks as authenticated; of their header only
 * Authentication-Results that claim our name are removed (RFC 8601 s5), the
 * trace is added, and an authenticated user has a limit. Whom all of these
 * write to is remembered (judge/outbound). The log line of a message says why
 * it was not judged.
 *
 * Checks besides authentication run whatever auth.enabled says. What is judged
 * and passes gets X-Reprieve, and with auth.enabled one Authentication-Results
 * on top of its header and Received-SPF below that when auth.received_spf says
 * so; incoming fields that bear our name are removed first. With a key to seal,
 * a set of ARC fields stands between the two. Below X-Reprieve stands the
 * trace; those that came from outside stay, for they are part of what was
 * signed there, and show for themselves that they are not ours. Threads: one at
 * a time, but not always the same.
 */
#pragma once

#include "base/slice.h"

#include <stdint.h>

struct arcseal;
struct budget;
struct casework;
struct clock;
struct conf;
struct correspondents;
struct dns_source;
struct mta;
struct pipeline;
struct proof;
struct record;
struct session;
struct sockaddr;
struct telemetry;
struct tracing;

enum { SESSION_NAME_MAX = 512 };

/* Sees each verdict, with all that it stands on, before it is forgotten. */
struct session_watch {
	void (*judged)(void *at, const struct record *r);
	void *at;
	const struct session_watch *next; /* or NULL */
};

/* What all sessions share; borrowed as long as any of them lives. */
struct session_env {
	const struct clock *clock;
	const struct dns_source *dns; /* NULL: DNS can tell nothing */
	const struct pipeline *pipeline;
	const struct casework *cases;
	struct telemetry *telemetry;
	const struct arcseal *seal; /* NULL: nothing is sealed */
	const struct session_watch *watch; /* NULL: nobody looks */
	bool is_trial; /* no mail: no verdict goes into the log */
	bool is_without_trust; /* milter.trusted counts for nothing */
	const struct correspondents *correspondents; /* judge/outbound; NULL:
							whom users write to is
							not remembered */
	struct budget *budget; /* of what checks cannot tell; NULL: none */
	const struct proof *proof; /* judge/proof; NULL: nobody asks for it */
	const struct tracing *tracing; /* judge/tracing; NULL: no traces */
};

enum answer { ANSWER_CONTINUE = 0, ANSWER_TEMPFAIL, ANSWER_REJECT };

/* What this MTA lets us do at the end of a message, and how it hands header
 * fields over: with the blank behind the colon, or without. */
enum {
	SESSION_MAY_INSERT = 1,
	SESSION_MAY_DELETE = 2,
	SESSION_MAY_QUARANTINE = 4,
	SESSION_KEEPS_BLANK = 8,
	SESSION_NO_BODY = 16 /* not shown: authentication is not evaluated */
};

/* conf is held until session_free. NULL: no memory. */
struct session *session_new(const struct session_env *env, struct conf *conf);
void session_free(struct session *s); /* NULL is fine */

/* Before any other event; without it nothing is allowed. */
void session_allow(struct session *s, unsigned may);
/* Need bodies be shown to it? */
bool session_wants_body(const struct session *s);

/* sa may be NULL. The other texts may be empty. */
struct session_peer {
	const struct sockaddr *sa;
	struct slice hostname;
	struct slice ptr;
	struct slice resolve;
	struct slice daemon;
};

/* Forgets what was known of an earlier connection. */
void session_connect(struct session *s, const struct session_peer *peer);
/* Ends a transaction (RFC 5321 s4.1.4). */
void session_helo(struct session *s, struct slice name);

/* Starts a transaction; auth: macros {auth_type} and {auth_authen}. */
void session_mail(struct session *s, struct slice sender,
	struct slice auth_type, struct slice auth_name);

/* Judges one recipient; a refusal sets the reply through mta. */
enum answer session_rcpt(
	struct session *s, struct slice rcpt, const struct mta *mta) MUST_USE;

void session_header(struct session *s, struct slice name, struct slice value);
void session_end_of_header(struct session *s);
/* A piece of the body, lines ended by CRLF, cut anywhere. False: no more of it
 * is wanted. */
bool session_body(struct session *s, struct slice piece);

/* Judges the message, changes its headers, ends the transaction. */
enum answer session_end(struct session *s, const struct mta *mta) MUST_USE;

/* The transaction ends without a message; the connection may go on. */
void session_abort(struct session *s);
