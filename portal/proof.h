/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/proof - what DNS tells of an address and of who asks for it.
 *
 * Three questions: has the address a name that points back to it; does the
 * mailbox of a request fit the address (policy/grant's P2); does a TXT record
 * below that name say what we have told the visitor (P3). Waits for the answer,
 * PROOF_WAIT_MS at most; "could not tell" is an answer of its own.
 * Threads: any.
 */
#pragma once

#include "net/cidr.h"
#include "policy/grant.h"

struct arena;
struct clock;
struct conf;
struct dns_source;
struct psl;

enum { PROOF_WAIT_MS = 5000 };

/* What such a TXT record begins with; the token follows. */
#define PROOF_TXT "reprieve-delist="

/* Borrowed. source NULL: nothing can be asked. psl may be NULL. */
struct proof_dns {
	const struct dns_source *source;
	const struct psl *psl;
	const struct conf *conf;
	const struct clock *clock;
};

struct proof_name {
	enum grant_ptr ptr;
	struct slice name; /* that points back, or the first; "" */
};

void proof_find_name(const struct proof_dns *dns, const struct ipaddr *ip,
	struct arena *a, struct proof_name *out);

struct proof_fit {
	struct proof_name ptr;
	const char *fits; /* "yes", "no", "unknown" */
	const char *by; /* of yes: "sender", "ptr", "spf"; else "" */
};

struct proof_question {
	struct ipaddr ip;
	struct slice mail; /* checked; or "" */
	/* Of the refused message behind the reference that led here, if that
	 * came from this address; or "". */
	struct slice sender_domain;
};

/*
 * The first that is so counts: the domains are the same; the name of the
 * address is of the same organisation (net/psl); SPF of the domain passes for
 * the address. All is owned by a.
 */
void proof_find_fit(const struct proof_dns *dns, const struct proof_question *q,
	struct arena *a, struct proof_fit *out);

enum proof_txt {
	PROOF_TXT_UNKNOWN = 0, /* DNS could not tell */
	PROOF_TXT_FOUND,
	PROOF_TXT_MISSING, /* no such record below the name */
	PROOF_TXT_NO_NAME /* no name that points back */
};

/* *name: where it was looked for, or "". */
enum proof_txt proof_find_txt(const struct proof_dns *dns,
	const struct ipaddr *ip, const char *token, struct arena *a,
	struct slice *name);

/* Is one of the TXT records of that very name as matches wants it? Never
 * PROOF_TXT_NO_NAME. */
typedef bool proof_match(struct slice text, const char *want);
enum proof_txt proof_find_record(const struct proof_dns *dns, struct slice name,
	proof_match *matches, const char *want, struct arena *a);

/* ---- does a name still belong to a network (store/standing)? ---- */

enum proof_held { PROOF_HELD_UNKNOWN = 0, PROOF_HELD_YES, PROOF_HELD_NO };

/* Yes: the name leads to an address of net, whose PTR is that name. An
 * exception without a name, "", hangs on nothing: yes. */
enum proof_held proof_is_held(const struct proof_dns *dns,
	const struct cidr *net, struct slice name, struct arena *a);
