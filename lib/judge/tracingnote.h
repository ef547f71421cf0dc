/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/tracingnote - what a trace needs of the header of a message, as its
 * fields come in.
 *
 * The fields of sessions that are not judged are not kept, so this looks at
 * each once: the digests that tie a trace to it (mail/tracebind), whether a
 * signature covers fields of our name, and the first one of these that is there
 * already. Threads: the message's own.
 */
#pragma once

#include "mail/tracebind.h"

struct arena;

struct tracingnote {
	struct tracebind bind;
	/* A DKIM-Signature or an ARC-Message-Signature names our field in h=,
	 * so that one more would break it (RFC 6376 s5.4.2); or the MTA may
	 * have cut it, and nobody can tell. */
	bool is_signed;
	bool has_own; /* a field of our name was there */
	struct slice own; /* the first one, in the arena; "" when too long */
};

/* Zeroed before the first field. */
void tracingnote_add(struct tracingnote *n, struct arena *a, struct slice name,
	struct slice value);
