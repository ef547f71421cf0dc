/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/check - the shape of a check.
 *
 * A check reads facts and adds one finding or more. It never blocks longer
 * than its own deadline from the config and never decides about the mail.
 */
#pragma once

#include "fact/conn.h"
#include "fact/envelope.h"
#include "fact/finding.h"
#include "fact/message.h"

struct conf;

struct check_input {
	const struct conf *conf;
	const struct conn *conn;
	const struct envelope *envelope; /* NULL before MAIL */
	const struct message *message; /* NULL before the header */
	struct arena *arena; /* lives as long as the findings */
	void *service; /* what the check's table row names */
};

typedef void check_run(const struct check_input *in, struct findings *out);
