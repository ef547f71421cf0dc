/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/treewalk - the DMARC records at and above a domain, and with them its
 * organisational domain (RFC 9989 s4.10).
 *
 * A book holds what DNS says at each name that one message asks about; walks
 * are views of it. All names of a walk are asked at once. What is not answered
 * yet, or was not to be had, is not taken for "no record": who wants to know
 * whether it matters asks with each guess of what could be there.
 * Threads: the message's own.
 */
#pragma once

#include "auth/dmarcrecord.h"
#include "dns/answer.h"

struct arena;
struct asker;
struct psl;

enum {
	/* RFC 9989 s4.10: at most so many names are asked for one domain. */
	TREEWALK_MAX = 8,
	/* Octets of a record; a longer one is DNS_WHY_TOOBIG. */
	TREEWALK_RECORD_MAX = 4096
};

enum treewalk_status {
	TREEWALK_UNKNOWN = 0, /* DNS could not tell: why */
	TREEWALK_WAITING,
	TREEWALK_NONE, /* no record, or several */
	TREEWALK_RECORD
};

struct treewalk_page {
	struct treewalk_page *next;
	struct slice domain; /* without "_dmarc." */
	enum treewalk_status status;
	enum dns_why why;
	bool is_several; /* of status NONE: more than one record */
	struct dmarcrecord record; /* of status RECORD */
};

struct treewalk_book {
	struct treewalk_page *first;
	struct arena *arena; /* borrowed; pages and records live there */
	struct arena *scratch; /* borrowed; one TXT at a time, emptied */
	struct asker *dns; /* NULL: all is unknown */
};

struct treewalk {
	struct slice start;
	size_t count;
	/* From the start upwards. */
	const struct treewalk_page *page[TREEWALK_MAX];
	/* Not empty: told by the Public Suffix List (RFC 7489), psd= means
	 * nothing then. */
	struct slice organisation;
};

/* What could be at a name that is UNKNOWN or WAITING. */
enum treewalk_guess {
	TREEWALK_GUESS_NONE = 0,
	TREEWALK_GUESS_RECORD,
	TREEWALK_GUESS_PSD_Y,
	TREEWALK_GUESS_PSD_N
};

enum { TREEWALK_GUESSES = 4 };

/*
 * Asks for the record of that domain, and forgets the answer: a walk that needs
 * it will not have to wait. Costs a question, and no memory of the book.
 */
void treewalk_expect(struct treewalk_book *b, struct slice domain);

/* domain: folded, lives as long as the book. RES_NOMEM. */
enum result treewalk_ask(struct treewalk_book *b, struct slice domain,
	struct treewalk *out) MUST_USE;
/* The same by RFC 7489 s6.6.3: the domain, and its organisational domain. */
enum result treewalk_ask_psl(struct treewalk_book *b, struct slice domain,
	const struct psl *psl, struct treewalk *out) MUST_USE;

/* A name above the first psd=y or psd=n is not needed, whatever it says. Is
 * an answer that is needed still on its way; is one not to be had? */
bool treewalk_is_waiting(const struct treewalk *w);
bool treewalk_is_unknown(const struct treewalk *w);

/* s4.10.2; a part of the start. */
struct slice treewalk_organisation(
	const struct treewalk *w, enum treewalk_guess guess);

/*
 * The page whose record applies to mail by the start (s4.10.1), or NULL: there
 * is none. Its status is not RECORD when it is one that was guessed.
 */
const struct treewalk_page *treewalk_policy(
	const struct treewalk *w, enum treewalk_guess guess);
