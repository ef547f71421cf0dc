/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/ticket - conversations with a person, and their states.
 *
 *   NEW --mailbox confirmed--> OPEN --we answer--> WAITING --they answer-->
 *   OPEN; OPEN, WAITING --> ESCALATED --> RESOLVED(granted, denied, info)
 *   --support.close_s--> CLOSED; RESOLVED, CLOSED --they answer within
 *   support.reopen_s--> REOPENED (as OPEN); any --> SPAM; any but SPAM, by an
 *   admin --> CLOSED
 *   OPEN at once: one that comes from a delist request that was confirmed.
 * "due_ms", the promised time (delist.review_s), runs while it is our turn.
 *
 *   Pticket:ID        HASH, see struct ticket; and "seen:..." of each mail.
 *                     NEW: delist.token_s; our turn: no end; else
 *                     support.reopen_s and keep_s after the last change
 *   Pticket:ID:log    LIST of JSON, oldest first; the sender adds no more
 *                     when there are messages_max
 *   Pticket:open      ZSET of ID by due_ms, those where it is our turn
 *   Pticket:all       ZSET of ID by creation, for reprievectl; trimmed
 *   Pticket:of:NAME   ID of the ticket of that delist request or case
 * ID: as the reference of a case (case_ref_new). What was said is text of a
 * stranger or of an admin: escaped by whoever prints it.
 * Each change is one script with its audit; but NEW has none, or strangers
 * could wash out the lines of others. Threads: as store/redis.
 */
#pragma once

#include "net/ipaddr.h"
#include "store/case.h"
#include "store/redis.h"
#include "store/token.h"

struct arena;
struct conf;
struct secret;

enum ticket_state {
	TICKET_UNKNOWN = 0,
	TICKET_NEW,
	TICKET_OPEN,
	TICKET_WAITING,
	TICKET_ESCALATED,
	TICKET_RESOLVED,
	TICKET_CLOSED, /* by an admin, or worked out when read */
	TICKET_REOPENED,
	TICKET_SPAM
};

const char *ticket_state_name(enum ticket_state s);
bool ticket_state_parse(struct slice word, enum ticket_state *out);
/* Is it our turn? */
bool ticket_is_ours(enum ticket_state s);

struct ticket_form {
	struct slice mail; /* checked */
	struct slice language;
	struct slice subject; /* one line */
	struct slice text;
	struct slice ref; /* of a case that exists, or empty */
	struct slice rid; /* of the delist request it comes from, or empty:
			     then it is OPEN at once */
	struct slice ip; /* text, or empty */
	struct ipaddr client;
	bool has_client;
	struct slice message_id; /* of the mail the text is of (ticket_add), or
				    empty */
};

enum ticket_filing {
	TICKET_FILED = 0,
	TICKET_SILENT, /* filed as NEW, and no letter: limit of the mailbox */
	TICKET_LIMITED /* the visitor himself asks too often: wait_s */
};

struct ticket_filed {
	enum ticket_filing filing;
	char id[CASE_REF_MAX];
	int64_t wait_s;
};

/* Queues the letter that confirms, or of one that is OPEN the words to the
 * admin. A second call with the same rid gives the same ticket. */
enum result ticket_file(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct ticket_form *form, struct ticket_filed *out) MUST_USE;

struct ticket_message {
	int64_t at_ms;
	bool is_ours;
	struct slice who; /* "" for the sender; the admin's name */
	struct slice text; /* "": only the state changed */
	enum ticket_state state; /* that it led to */
};

struct ticket {
	char id[CASE_REF_MAX];
	enum ticket_state state;
	struct slice outcome; /* of RESOLVED: granted denied info */
	int64_t created_ms;
	int64_t changed_ms;
	int64_t due_ms; /* 0: it is not our turn */
	int64_t ended_ms; /* when it was resolved or closed */
	int64_t until_ms; /* of RESOLVED and CLOSED: the last time to reopen */
	struct slice mail, language, subject, ref, rid, ip;
	bool is_sponsored; /* a recipient of ours vouches for it */
	struct ticket_message *message;
	size_t message_count;
};

/* RES_MISSING, RES_SYNTAX. All is owned by a. */
enum result ticket_read(struct redis *r, const struct conf *conf,
	struct slice id, int64_t now_ms, struct arena *a,
	struct ticket *out) MUST_USE;

/*
 * Newest first, without messages: each(ctx, ticket) of those in that state
 * (TICKET_UNKNOWN: all); what it is handed lives during the call. each must not
 * use r.
 */
struct ticket_listing {
	enum ticket_state state;
	size_t most;
	void (*each)(void *ctx, const struct ticket *t);
	void *ctx;
};
enum result ticket_list(struct redis *r, const struct conf *conf,
	const struct ticket_listing *how, int64_t now_ms) MUST_USE;

/* Which one a token is for, used up or not; changes nothing. RES_MISSING. */
enum result ticket_find(struct redis *r, const struct conf *conf,
	struct slice token, char id[CASE_REF_MAX]) MUST_USE;

/* NEW -> OPEN, by the token of its letter, used up; and the words to the
 * admin. RES_MISSING: no such token; RES_EXISTS: it is open already, id is
 * set. */
enum result ticket_confirm(struct redis *r, const struct conf *conf,
	struct slice token, int64_t now_ms, char id[CASE_REF_MAX]) MUST_USE;

/*
 * A message: of the sender (who is empty) by mail or page, of an admin. Queues
 * the letter to the other side. RES_DENIED: too late, or SPAM; RES_FULL:
 * messages_max; RES_TOOBIG: text_max. Of an admin: to is WAITING, ESCALATED,
 * RESOLVED (with outcome), CLOSED or SPAM; of the sender it follows by itself.
 * No letter goes for SPAM, nor where the sender would learn nothing.
 */
struct ticket_entry {
	struct slice id;
	struct slice who;
	struct slice text; /* may be empty where only the state changes */
	enum ticket_state to;
	struct slice outcome;
	/* Of a mail: its Message-ID, so that one that is delivered twice counts
	 * once; or empty. */
	struct slice message_id;
};
enum result ticket_add(struct redis *r, const struct conf *conf,
	const struct ticket_entry *e, int64_t now_ms) MUST_USE;

/* The address for answers, "ticket+ID.MAC@HOST" (store/tagged): nobody writes
 * into a ticket who was not written to. RES_NOMEM, RES_TOOBIG. */
enum { TICKET_ADDRESS_MAX = 320 };
enum result ticket_address(const struct secret *s, struct slice id,
	const char *host, char out[TICKET_ADDRESS_MAX]) MUST_USE;
/* The ID in the local part of such an address. RES_MISSING: another kind of
 * address; RES_DENIED: the MAC is wrong. */
enum result ticket_address_parse(const struct secret *s, struct slice local,
	char id[CASE_REF_MAX]) MUST_USE;
