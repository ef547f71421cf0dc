/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/spfwalk - the way through SPF records, and what it may cost.
 *
 * Source: RFC 7208 s4 to s6. Finds the records, goes through them directive by
 * directive, include and redirect too, decides all, ip4, ip6 and ptr, counts
 * over the whole evaluation, and stops where it needs to know whether an a, mx
 * or exists matches: who walks it asks that (auth/spf) and answers.
 *
 * Never waits: without an answer of the asker it says so, having started all
 * questions of the records seen so far that may be needed; then it is begun
 * again from its start. What it needs lives in the arena. exp is never used.
 *
 * Bounds (s4.6.4): terms that ask DNS, SPFWALK_TERMS_MAX over all records (one
 * more for the first use of %{p}); names without an answer, SPFWALK_VOIDS_MAX;
 * names of one MX, SPFWALK_NAMES_MAX, past each of them permerror; names of a
 * PTR: the first SPFWALK_NAMES_MAX. Depth follows from the terms.
 */
#pragma once

#include "auth/spfmacro.h"
#include "auth/spfrecord.h"
#include "dns/asker.h"

enum { SPFWALK_TERMS_MAX = 10, SPFWALK_VOIDS_MAX = 2, SPFWALK_NAMES_MAX = 10 };

/* Who asks: the identity's parts, and the client. */
struct spfwalk_client {
	const struct ipaddr *ip;
	struct slice helo;
	struct slice local;
	struct slice domain; /* a domain */
};

struct spfwalk;

/* NULL: no memory. All arguments live as long as the walk. */
struct spfwalk *spfwalk_new(const struct spfwalk_client *client,
	struct asker *dns, struct arena *a) MUST_USE;

enum spfwalk_need {
	SPFWALK_DONE = 0, /* the result is there */
	SPFWALK_WAITING, /* an answer is missing: begin again when it came */
	SPFWALK_MATCH /* does the directive match? */
};

/* Goes on. With SPFWALK_MATCH, *term and *target (a name, any octet) say what
 * is asked; then spfwalk_answer has to be called. */
enum spfwalk_need spfwalk_next(struct spfwalk *w, struct spf_term *term,
	struct slice *target) MUST_USE;

/* matches is not looked at if spfwalk_ask did not give all answers. */
void spfwalk_answer(struct spfwalk *w, bool matches);
/* It could not be told: temperror, for that reason (static). */
void spfwalk_give_up(struct spfwalk *w, const char *reason);

/*
 * For the directive at hand. NULL: it cannot be decided now, and what it comes
 * to does not matter any more. Otherwise an answer, never DNS_UNKNOWN. Names
 * of an MX and of addresses of its names are bounded and counted here.
 */
const struct dns_answer *spfwalk_ask(
	struct spfwalk *w, struct slice name, enum dns_type type);

/* After SPFWALK_DONE; slices as *w. */
void spfwalk_read(const struct spfwalk *w, struct spf_fact *out);
