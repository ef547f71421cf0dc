/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/verdict - the outcome of judging, as plain data.
 *
 * Born only in policy/rules. The zero action is "not decided yet". Actions are
 * in order of severity.
 */
#pragma once

#include "fact/finding.h"
#include "policy/code.h"

enum action {
	ACTION_NONE = 0,
	ACTION_ACCEPT,
	ACTION_MARK, /* accept, and say so in X-Reprieve */
	ACTION_QUARANTINE,
	ACTION_TEMPFAIL,
	ACTION_REJECT
};

const char *action_name(enum action a);

/* True for those that the client is told of: tempfail and reject. */
bool action_is_refusal(enum action a);

/* A check in shadow, and what the action were if it counted. */
struct verdict_shadow {
	const char *check; /* static */
	enum action action;
};

enum { VERDICT_SHADOW_MAX = 12 };

struct verdict {
	enum action action; /* what the MTA is told */
	enum action would_be; /* without mode monitor and without shadow */
	enum code code; /* of would_be, CODE_NONE when it has none */
	const struct finding *cause; /* the finding that decided, or NULL */
	double score; /* of RCPT and of the end together */
	double enforced_score; /* the same without what is in shadow */
	struct slice domain; /* {domain} of the code, "" for none */
	bool is_monitored; /* nothing of it is felt by the client */
	bool is_of_rule; /* the rule of one check, not of our lists, decided */
	unsigned policy; /* its number among those of conf */
	bool wants_greylist; /* with what is in shadow, */
	bool enforced_greylist; /* and without */
	unsigned shadow_count; /* of checks that would change the action */
	struct verdict_shadow shadow[VERDICT_SHADOW_MAX];
	bool is_exempt; /* recipient that is always reachable */
	bool is_trusted; /* a rule said accept */
	bool unchecked; /* our lists could not be read */
	const char *mode; /* "enforce", "monitor", "shadow" */
};
