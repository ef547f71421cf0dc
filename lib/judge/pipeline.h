/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/pipeline - which check runs at which stage.
 *
 * Two tables. Steps run at one stage, at once: a step that is "warm" starts
 * what takes time, so that a later step need not wait for it; its findings are
 * thrown away. The others' findings go to policy.
 * Waiting checks (fact/check) begin at one stage, go on at each event after
 * it, and are awaited at another: struct pipeline_run holds their states for
 * one session. A check that begins at CONNECT keeps its state over the
 * messages of the connection and reports for each of them anew.
 * Threads: the tables are constant; all runs in the caller's.
 */
#pragma once

#include "fact/check.h"

struct clock;

enum stage {
	STAGE_CONNECT,
	STAGE_HELO,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_EOH,
	STAGE_END
};

/* What a check may need beyond facts. */
enum service { SERVICE_NONE, SERVICE_BLOCKLIST, SERVICE_COUNT };

struct pipeline_step {
	enum stage stage;
	bool warm;
	enum service service;
	check_run *run;
};

struct pipeline_check {
	const char *name; /* of the finding when it does not end */
	enum stage begin;
	enum stage await;
	enum service service;
	check_step *step;
	check_body *body; /* NULL: does not look at it */
	check_clear *clear; /* NULL: keeps nothing */
};

enum { PIPELINE_CHECKS_MAX = 16 };

struct pipeline {
	const struct pipeline_step *steps;
	size_t count;
	const struct pipeline_check *checks; /* in the order of their reports */
	size_t check_count; /* at most PIPELINE_CHECKS_MAX */
	void *service[SERVICE_COUNT]; /* borrowed; NONE stays NULL */
};

/* The tables of this build, with their services still to be filled in. */
void pipeline_init(struct pipeline *p);

/* Runs the steps of that stage; in->service is set for each. */
void pipeline_run(const struct pipeline *p, enum stage stage,
	const struct check_input *in, struct findings *out);

/* ---- checks that wait ---- */

/* Of one session; plain storage, for pipeline's eyes but waited_ms. */
struct pipeline_run {
	const struct pipeline *pipeline; /* borrowed */
	void *state[PIPELINE_CHECKS_MAX];
	uint32_t idle; /* bit i: has nothing to do until it has to report */
	uint32_t reported; /* bit i: for this message */
	enum stage stage; /* of the last advance */
	bool has_advanced;
	uint64_t seen; /* of the asker, at the last advance */
	int64_t waited_ms; /* by the awaits of this message */
};

void pipeline_begin(struct pipeline_run *run, const struct pipeline *p);

/*
 * Lets all checks that have begun by that stage go on. Cheap when nothing is
 * new: not at a stage of which it was told before, and no answer has come. A
 * check that says CHECK_DONE is left alone until its report is wanted.
 */
void pipeline_advance(struct pipeline_run *run, enum stage stage,
	const struct check_input *in);

/* Hands a piece of the body to the checks that look at it. */
void pipeline_body(struct pipeline_run *run, const struct check_input *in,
	struct slice piece);

struct pipeline_wait {
	const struct clock *clock; /* the one that the asker has */
	int64_t deadline_ms; /* monotonic; questions have "timeout" then */
	int64_t beat_ms; /* beat is called when this long was waited */
	void (*beat)(void *at); /* NULL: none */
	void *at;
};

/*
 * Waits for the reports of all checks that are awaited at that stage or
 * before. They are stepped in the order of the table until each has reported
 * once. One that goes on waiting when there is nothing left to wait for, which
 * is a fault of ours, gets a finding "could not tell", detail "internal".
 */
void pipeline_await(struct pipeline_run *run, enum stage stage,
	const struct check_input *in, struct findings *out,
	const struct pipeline_wait *wait);

/* The message is over, whichever way: its states are freed. */
void pipeline_end_message(struct pipeline_run *run);
/* The connection is: all states are. Both may be called again. */
void pipeline_end_connection(struct pipeline_run *run);
