/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dkimreport - what the signatures of a message come to: auth->dkim* and
 * the finding "dkim", as auth/dkim tells.
 *
 * Threads: the message's own.
 */
#pragma once

#include "fact/check.h"

/* facts: count of them, they live as long as the message. ignored: signatures
 * that were not looked at. The line for a human lies in in->arena. */
void dkimreport_write(const struct check_input *in, struct findings *out,
	const struct dkim_fact *facts, size_t count, size_t ignored);
