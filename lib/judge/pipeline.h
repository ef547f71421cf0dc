/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/pipeline - which check runs at which stage.
 *
 * A table of steps in order. A step that is "warm" starts what takes time, so
 * that a later step need not wait for it; its findings are thrown away. The
 * others are awaited: their findings go to policy.
 * Threads: the table is constant; steps run in the caller's.
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
enum service { SERVICE_BLOCKLIST, SERVICE_COUNT };

struct pipeline_step {
	enum stage stage;
	bool warm;
	enum service service;
	check_run *run;
};

struct pipeline {
	const struct pipeline_step *steps;
	size_t count;
	void *service[SERVICE_COUNT]; /* borrowed */
};

/* The table of this build, with its services still to be filled in. */
void pipeline_init(struct pipeline *p);

/* Runs the steps of that stage; in->service is set for each. */
void pipeline_run(const struct pipeline *p, enum stage stage,
	const struct check_input *in, struct findings *out);
