/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/sessioncore - what the parts of a session share; for nobody else.
 *
 * session.c takes the events in; arrival.c judges a recipient, ending.c a
 * message. Threads: the session's own.
 */
#pragma once

#include "fact/check.h"
#include "judge/pipeline.h"
#include "judge/session.h"
#include "policy/verdict.h"
#include "reply/smtp.h"
#include "store/case.h"

struct arena;
struct mta;
struct record;
struct transaction;

enum { NAME_HOST, NAME_PTR, NAME_RESOLVE, NAME_DAEMON, NAME_HELO, NAME_COUNT };

/* An idle one must be small: thousands may be held open. */
struct session {
	const struct session_env *env;
	struct conf *conf;
	unsigned may;
	struct conn conn;
	char *name[NAME_COUNT]; /* the texts of conn */
	struct arena *lookup; /* emptied before each look-up */
	struct asker *dns; /* NULL: nothing was to be asked yet */
	struct progress progress;
	struct transaction *at; /* NULL: there is none */
};

/* Is authentication evaluated for its messages? */
bool sessioncore_has_auth(const struct session *s);
/* Is there any check that goes on between events? */
bool sessioncore_has_checks(const struct session *s);
/* Why the transaction at hand is not judged, or NULL when it is. */
const char *sessioncore_why_not(const struct session *s);

/* What is known now, for checks at that stage. */
struct check_input sessioncore_input(struct session *s, enum stage stage);
/* The findings of the steps of that stage, in place of what *out held. */
void sessioncore_run(struct session *s, enum stage stage, struct findings *out);
/* Those of the recipient at hand, into the transaction. */
void sessioncore_gather(struct session *s);

/* The case and the reply of one verdict. False: no reply could be made. */
bool sessioncore_reply(struct session *s, struct record *r, struct reply *reply,
	char ref[CASE_REF_MAX], bool *is_new);
/* Sets the reply of a refusal; reply NULL: it has no text. */
enum answer sessioncore_tell(const struct mta *mta, const struct verdict *v,
	const struct reply *reply);
/* Shows the verdict to those who watch, and when is_told to the log. */
void sessioncore_note(
	const struct session *s, const struct record *r, bool is_told);
