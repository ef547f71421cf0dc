/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/authout - what authentication found, as part of an answer.
 *
 * The fields of store/caseauth in their order, as the block "authentication":
 * of a case that is read, or of a message that was tried. Threads: one.
 */
#pragma once

#include "ctl/output.h"
#include "store/caseauth.h"

/* Empty fields are left out; without any there is no block. */
void authout_say(struct output *o, const struct slice field[CASEAUTH_COUNT]);

/* Text with a line for each item, as the list "key"; empty lines and an empty
 * list are left out. */
void authout_lines(struct output *o, const char *key, struct slice text);
