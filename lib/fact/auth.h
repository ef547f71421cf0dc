/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/auth - what authentication has seen of one message.
 *
 * Plain data. Each check of lib/auth fills its own part and nobody else's;
 * Authentication-Results, the log and the case read it. Slices live in the
 * message's arena (or are static).
 * Result words: RFC 8601 s2.7. The zero result is "not evaluated".
 * Threads: the message's own.
 */
#pragma once

#include "base/slice.h"

enum auth_result {
	AUTH_UNKNOWN = 0, /* not evaluated (yet) */
	AUTH_NONE, /* nothing there to evaluate */
	AUTH_PASS,
	AUTH_FAIL,
	AUTH_TEMPERROR, /* could not tell, another try may */
	AUTH_PERMERROR /* cannot be evaluated as published */
};

/* "none", "pass" ...; AUTH_UNKNOWN is "unknown". Static. */
const char *auth_result_name(enum auth_result r);

struct iprev_fact {
	enum auth_result result; /* pass fail temperror permerror */
	struct slice name; /* the name that pointed back, or the first; "" */
	struct slice reason;
};

struct auth_facts {
	struct iprev_fact iprev;
};
