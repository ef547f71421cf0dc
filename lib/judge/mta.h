/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/mta - what we ask of the MTA, as functions that a test can fake.
 *
 * milter/mta makes the real one over a session of libmilter. Its pointer is
 * good during the event that it was made in, no longer. Each function returns
 * false when the MTA (or the state it is in) does not take it.
 * Threads: the callback's own.
 */
#pragma once

#include "base/slice.h"

struct reply;

struct mta {
	/* Sets the text of the refusal that this callback returns. */
	bool (*reply)(void *at, const struct reply *r);
	/* End of message only. Value with its blank after the colon. */
	bool (*insert_header)(void *at, const char *name, const char *value);
	/* index counts the fields of that name, from 1. */
	bool (*delete_header)(void *at, const char *name, int index);
	bool (*quarantine)(void *at, const char *reason);
	/* A macro by its name, e.g. "{client_ptr}"; empty when not there.
	 * Borrowed during the callback. */
	struct slice (*macro)(void *at, const char *name);
	void *at;
	bool drops_blank; /* the MTA puts the blank after the colon itself */
};
