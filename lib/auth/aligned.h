/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/aligned - whose signatures speak for the author of a message, and for
 * the address that it wants complaints to go to (RFC 9477).
 *
 * A signature speaks for its domain when it passes, covers the whole body and
 * its owner is not testing. Alignment is relaxed: the same organisational
 * domain (RFC 7489 s3.1), by the Public Suffix List; without one, the same name
 * or one below the other. Threads: plain functions.
 */
#pragma once

#include "fact/auth.h"
#include "fact/message.h"

struct psl;

/* Both folded. psl may be NULL. */
bool aligned_domains(const struct psl *psl, struct slice a, struct slice b);

/* The domain of the first signature that speaks for the author, by the rule of
 * adkim= when there is a record; "": none. Lives as auth. */
struct slice aligned_signer(
	const struct auth_facts *auth, const struct psl *psl);

/*
 * May complaints go to the CFBL-Address (RFC 9477 s3.1)? There is one of it,
 * and at most one CFBL-Feedback-ID; a signature that is aligned with its domain
 * covers both, and so does one of the author when that is another domain. False
 * also when not all of the header is known.
 */
bool aligned_cfbl(const struct message *m, const struct auth_facts *auth,
	const struct psl *psl);

/* Does a list of names with colons between them (h=) have that name, whatever
 * its case and the blanks? */
bool aligned_names(struct slice list, const char *name);

/* Is it DKIM-Signature or ARC-Message-Signature? */
bool aligned_is_signature(struct slice name);
/* Has the h= of such a value that name? Read less strictly than a verifier
 * reads, so that none of them knows better. */
bool aligned_covers(struct slice signature, const char *name);
