/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/correspond - whom our users have written to lately.
 *
 *   Pcorr:NAME  STRING "1", EXPIRE correspondents.keep_s
 * NAME is the keyed hash of two addresses, the user's and the other one, both
 * in lower case and without a "+detail": nobody who reads Redis can tell who
 * writes to whom, or try addresses. Written in the background, once for each
 * recipient; asked in one round trip, and only so often a second
 * (correspondents.rate), behind a breaker.
 * Threads: open and close from main; the rest from any.
 */
#pragma once

#include "net/ipaddr.h"

struct clock;
struct conf;
struct correspond;
struct secret;
struct writer;

enum {
	CORRESPOND_OCTETS = 16, /* of the hash */
	CORRESPOND_NAME_MAX = 2 * CORRESPOND_OCTETS + 1,
	CORRESPOND_NAMES_MAX = 100 /* of one question, or one message */
};

struct correspond_name {
	char text[CORRESPOND_NAME_MAX];
};

/* Letters of one milter, at most: of one network in a day, of all in an hour.
 */
enum { CORRESPOND_TOLD_S = 86400, CORRESPOND_TOLD_HOUR = 10 };

/* conf is held, the others are borrowed. RES_NOMEM. */
enum result correspond_open(struct correspond **out, struct conf *conf,
	const struct secret *secret, struct writer *writer,
	const struct clock *clock) MUST_USE;
void correspond_close(struct correspond *c); /* NULL is fine */

/* What stands for user and other, addresses with a domain and without brackets.
 * RES_SYNTAX: one of them is none, or the null sender; RES_TOOBIG, RES_NOMEM.
 */
enum result correspond_name(const struct correspond *c, struct slice user,
	struct slice other, struct correspond_name *out) MUST_USE;

/* The user wrote to those; conf is that of the session. Never waits; what the
 * queue has no room for is the writer's to count. */
void correspond_wrote(struct correspond *c, const struct conf *conf,
	const struct correspond_name *names, size_t count);

/*
 * A refusal of that client was put off: has the portal write a letter to the
 * administrator (store/mailq, job "correspondent") about the case, unless there
 * were enough. ref: not empty. Never waits. True: a letter is on its way.
 */
bool correspond_tell(
	struct correspond *c, const struct ipaddr *client, const char *ref);

/*
 * Has one of them been written to? RES_OK: *found is the answer. RES_FULL: not
 * asked, there were too many questions this second. RES_TIMEOUT, RES_DOWN (the
 * breaker is open, too) ...: could not tell. *found is false then.
 */
enum result correspond_find(struct correspond *c, const struct conf *conf,
	const struct correspond_name *names, size_t count,
	bool *found) MUST_USE;
