/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/rules - findings and configuration in, one verdict out.
 *
 * The only place that knows what a finding, or "could not tell", means for
 * the mail. Pure: same input, same verdict. Threads: any.
 */
#pragma once

#include "policy/verdict.h"

struct conf;
struct conn;
struct envelope;

enum rules_stage {
	RULES_RCPT,
	RULES_END
};

struct rules_input {
	const struct conf *conf;
	const struct envelope *envelope; /* rcpt and rcpt_domain at RULES_RCPT */
	const struct findings *findings;
	enum rules_stage stage;
};

void rules_decide(const struct rules_input *in, struct verdict *out);

/* When a check or our own code broke: on_internal_error. */
void rules_internal_error(const struct conf *conf, enum rules_stage stage,
	struct verdict *out);
