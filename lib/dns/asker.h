/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns/asker - the questions of one SMTP session, and waiting for them.
 *
 * Asking never blocks: it gives the answer when it is known (the session asked
 * before, or the cache knows), else starts the question and says "not yet".
 * Who needs several asks for all of them first. The same question (name
 * without case, type) is sent once. Bounds: questions of a message, each
 * question's own time; past asker_expire all that is unanswered, and all that
 * is asked from then on, has the answer DNS_UNKNOWN, DNS_WHY_TIMEOUT.
 *
 * Answers live as long as the asker, or until asker_release of a mark made
 * before they were asked for.
 * Threads: one owner at a time; answers come from the resolver's thread.
 */
#pragma once

#include "dns/answer.h"

struct asker;
struct clock;

/*
 * Where questions go: a resolver, or a table in a test (t/support/fake_dns).
 * The name is in lower case, without a trailing dot, and can exist. start
 * answers at once by returning an answer (given) and sets *ticket to NULL; or
 * it returns NULL, sets *ticket, and done is called at most once, from any
 * thread, maybe before start returns, with an answer that is borrowed during
 * the call. finish is called once for each ticket, answered or not: when it
 * returns done is not running, will not be called, and the ticket is gone.
 */
typedef void dns_done(void *at, struct dns_answer *answer);

struct dns_source {
	struct dns_answer *(*start)(void *ctx, struct slice name,
		enum dns_type type, dns_done *done, void *at, void **ticket);
	void (*finish)(void *ctx, void *ticket);
	void *ctx;
};

enum { ASKER_OWNERS = 32 };

struct asker_limits {
	unsigned questions_max; /* that are not known at once, from a mark on */
	unsigned timeout_ms; /* of one question */
};

/* source is borrowed. NULL: no memory. */
struct asker *asker_new(const struct dns_source *source,
	const struct asker_limits *limits, const struct clock *clock);
/* Cancels what is on its way. NULL is fine. */
void asker_free(struct asker *a);

/*
 * The answer, or NULL: not yet. name: labels with dots, any octet, a trailing
 * dot is dropped, copied. With a NULL that stays, see asker_wait. Without
 * memory the answer is DNS_UNKNOWN, DNS_WHY_NOMEM.
 */
const struct dns_answer *asker_ask(
	struct asker *a, struct slice name, enum dns_type type) MUST_USE;

/*
 * The same apart from the bounds of a message: what is asked so has limits of
 * its own, all together. For what may be many, and takes nothing from others.
 */
const struct dns_answer *asker_ask_apart(struct asker *a, struct slice name,
	enum dns_type type, const struct asker_limits *limits) MUST_USE;

/* The answer to what was asked before; NULL: it was not, or not yet. */
const struct dns_answer *asker_known(
	struct asker *a, struct slice name, enum dns_type type) MUST_USE;

/*
 * Whose questions follow (0 to ASKER_OWNERS - 1), and how much of a message's
 * bounds all of his may use up, in percent. Who can be made to ask for much by
 * a sender must leave room for others. At first: 0, all.
 */
void asker_own(struct asker *a, unsigned owner, unsigned percent);

/*
 * Waits until a question of this asker that was not answered when the caller
 * last looked has its answer: take asker_seen before looking. True: something
 * new is there; false: deadline_ms (monotonic) has come, or nothing is on its
 * way. A question whose own time is over counts as answered.
 */
uint64_t asker_seen(struct asker *a);
bool asker_wait(struct asker *a, uint64_t seen, int64_t deadline_ms);

/* From now on all that has no answer has the answer "timeout". */
void asker_expire(struct asker *a);

/* A message begins; when it is over, release frees what was asked in between
 * and ends asker_expire. One mark at a time. */
void asker_mark(struct asker *a);
void asker_release(struct asker *a);

/* What this message has cost. */
struct asker_count {
	unsigned asked; /* different questions */
	unsigned sent; /* that the cache did not know */
	unsigned failed; /* DNS_UNKNOWN */
};
void asker_read_count(struct asker *a, struct asker_count *out);
