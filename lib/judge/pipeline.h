/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/pipeline - which check runs at which stage.
 *
 * Two tables. Steps do all they have to do where they stand; one that is
 * "warm" only makes a later one quick, and its findings are thrown away.
 * Checks that wait (fact/check.h) begin at one stage, go on whenever there is
 * an event, and are awaited at another, where their findings go to policy.
 * Threads: the tables are constant; all runs in the caller's.
 */
#pragma once

#include "fact/check.h"

enum stage {
	STAGE_CONNECT,
	STAGE_HELO,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_EOH,
	STAGE_END
};

/* What a check may need beyond facts. */
enum service {
	SERVICE_NONE = 0,
	SERVICE_BLOCKLIST, /* struct blocked_service */
	SERVICE_DKIM, /* struct dkim_service */
	SERVICE_ARC, /* struct arc */
	SERVICE_DMARC, /* struct dmarc_service */
	SERVICE_IMITATION, /* struct imitation */
	SERVICE_GEO, /* struct geoip */
	SERVICE_LEDGER, /* struct history_service */
	SERVICE_PSL, /* struct psl */
	SERVICE_ZONES, /* struct zones_service */
	SERVICE_CONTENT, /* struct modelcopy */
	SERVICE_PAUSED, /* struct paused_service */
	SERVICE_COUNT
};

struct pipeline_step {
	enum stage stage;
	bool warm;
	enum service service;
	check_run *run;
};

struct pipeline_check {
	const char *name; /* of its finding */
	enum stage begin; /* STAGE_CONNECT: once for all messages */
	enum stage await;
	check_step *step;
	check_clear *clear; /* NULL: it keeps nothing */
	enum service service;
	check_body *body; /* NULL: it does not look at the body */
	/* Of dns.questions_max, in percent: until it is awaited, and then. */
	unsigned share;
	unsigned late;
};

struct pipeline {
	const struct pipeline_step *steps;
	size_t count;
	const struct pipeline_check *checks;
	size_t check_count;
	size_t auth_count; /* the first ones are authentication's */
	void *service[SERVICE_COUNT]; /* borrowed */
};

/* The table of this build, with its services still to be filled in. */
void pipeline_init(struct pipeline *p);

/* Checks besides authentication's: are there any, and do they want bodies? */
bool pipeline_has_heuristics(const struct pipeline *p);
bool pipeline_has_body(const struct pipeline *p);

/* Runs the steps of that stage; in->service is set for each. */
void pipeline_run(const struct pipeline *p, enum stage stage,
	const struct check_input *in, struct findings *out);

enum { PIPELINE_CHECKS_MAX = 32 };

/* How far the checks of one session are. Zeroed: not begun. */
struct progress {
	void *state[PIPELINE_CHECKS_MAX];
	bool is_done[PIPELINE_CHECKS_MAX];
	bool is_body_over[PIPELINE_CHECKS_MAX]; /* it wants no more of it */
	bool without_auth; /* set before the first event: those are left out,
			      their part of struct auth_facts stays unknown */
};

/* Lets each check that has begun by that stage go on, without waiting. */
void pipeline_advance(const struct pipeline *p, struct progress *at,
	enum stage stage, const struct check_input *in);

/* Shows a piece of the body to each check that wants it, after the advance to
 * STAGE_EOH. False: none of them wants more. */
bool pipeline_body(const struct pipeline *p, struct progress *at,
	const struct check_input *in, struct slice piece);

/*
 * The findings of the checks that are awaited at that stage. Waits for
 * in->dns until deadline_ms (monotonic); past it every question is answered
 * "timeout". A check that still has no answer then is broken: its finding has
 * the detail "internal".
 */
void pipeline_await(const struct pipeline *p, struct progress *at,
	enum stage stage, const struct check_input *in, struct findings *out,
	int64_t deadline_ms);

/* Frees what the checks of the message keep, or those of the connection too. */
void pipeline_end_message(const struct pipeline *p, struct progress *at);
void pipeline_end_connection(const struct pipeline *p, struct progress *at);
