/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/outbound - mail of our own users; for judge/session.
 *
 * Sessions that are authenticated, trusted or local are not judged. Who sends
 * from an account that is paused (list/paused) has each recipient refused, as
 * the rule of the check "account" says; mail that is submitted on this machine
 * could only bounce, and is let through. Of an authenticated user the limit is
 * kept (rate.user_hour): one more recipient,
 * or a message, must wait when it is used up, as the rule of the check "rate"
 * says. And whom our users write to is remembered (correspondents): who would
 * be refused for good by a list or a sum, and was written to lately by one of
 * the recipients, is put off instead, and the administrator is told, by a line
 * "correspondent" of the log:
 *     session ip from_domain rcpt code ref check reason letter
 * with the code that it would have had, and by a letter, but once a day for one
 * network. Recipients of portal.local_domains are
 * none of our correspondents.
 * Threads: the session's own.
 */
#pragma once

#include "judge/session.h"
#include "policy/rules.h"
#include "store/correspond.h"

/* store/correspond, or a fake in tests; its functions have the same meaning. */
struct correspondents {
	enum result (*name)(void *at, struct slice user, struct slice other,
		struct correspond_name *out);
	void (*wrote)(void *at, const struct conf *conf,
		const struct correspond_name *names, size_t count);
	enum result (*find)(void *at, const struct conf *conf,
		const struct correspond_name *names, size_t count, bool *found);
	bool (*tell)(void *at, const struct ipaddr *client, const char *ref);
	void *at;
};

/* c is borrowed. */
struct correspondents outbound_correspondents(struct correspond *c);

/* The recipient at hand of a session that is not judged: is the account paused,
 * the user's limit, and its name is kept when it is taken. *judged: *v is the
 * verdict, which only a mode or a shadow may have let pass. */
enum answer outbound_rcpt(struct session *s, const struct mta *mta,
	struct verdict *v, bool *judged);
/* The end of such a message: counts it for the user, and remembers whom it
 * went to. */
enum answer outbound_end(struct session *s, const struct mta *mta);

/* A recipient of a session that is judged was taken: the end may ask. */
void outbound_keep(struct session *s);

/*
 * v would refuse for good: is the sender one that the recipient at hand (at the
 * end: one of those taken) wrote to lately? Then v is to wait, and true.
 */
bool outbound_defers(
	struct session *s, enum rules_stage stage, struct verdict *v);
/* Tells the administrator, once the reference is known; was: the code that v
 * had before. */
void outbound_tell(
	const struct session *s, const struct record *r, enum code was);
