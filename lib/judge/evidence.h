/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/evidence - what authentication found, as the fields of a case.
 *
 * The case, explain and test-message tell it in these words. Domains, records
 * and look-ups stand as they are; of an identity of a person (i=) only the
 * domain is told.
 *
 * A line of dkim:
 *     fail d=example.org s=sel a=rsa-sha256 i=@example.org bits=2048
 *     dnssec=yes testing=yes partial=yes expires=TIME reason="..."
 * and of arc_sealers, the newest set first: "i=2 d=lists.example.org s=sel".
 * Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "fact/auth.h"
#include "store/caseauth.h"

struct evidence {
	struct slice field[CASEAUTH_COUNT]; /* "" where nothing was found */
	struct buf text; /* of those that are made here */
};

/* Fields live as long as the facts and the evidence do. auth may be NULL. */
void evidence_init(struct evidence *e, const struct auth_facts *auth);
void evidence_clear(struct evidence *e);
