/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dkim - do the signatures of the message hold (RFC 6376, RFC 8301,
 * RFC 8463)?
 *
 * dkimsig reads the fields, dkimkey the keys, dkimbody hashes the body,
 * base/pubkey verifies. The header is made canonical and hashed by libopendkim,
 * which only dkim.c knows; it sees the fields that a signature names and no
 * DKIM-Signature but those that dkimsig found sound, and is done with a message
 * before its body begins.
 *
 * Begins at the end of the header, where all keys are asked for at once; the
 * body is hashed as it comes; fills auth->dkim* and the finding "dkim" once
 * the body has ended and all keys are there. What each signature comes to:
 *
 * pass: it holds, whatever the t= of its key says (is_testing).
 * fail: the body, or the header, is not what was signed.
 * policy: it holds, but covers only a part of the body (l=; is_partial), or
 * its key has fewer bits than dkim.min_key_bits.
 * temperror: DNS could not tell the key, or there was no memory.
 * permerror: see dkimsig; or there is no key, several, a revoked or a wrong
 * one, one that is not for mail, SHA-256 or this i=, or one of less than 1,024
 * bits (RFC 8301 s3.2) or more than dkim.max_key_bits.
 * neutral: libopendkim cannot read the field, or not hash the header as the RFC
 * says, see dkimsig; the header is not all here, or it does not verify and a
 * field that it covers may have been cut; its key is one too many to ask for.
 * It is the sender who makes a message so, and a temperror of the author's
 * domain is what a forger wants: no DMARC policy is applied then.
 *
 * The finding: pass if one passes, none if there is no signature, else what
 * tells most, temperror first; a fail by a key on trial counts as neutral.
 * Signatures past dkim.signatures_max are counted (dkim_ignored) and not looked
 * at. When the header is not complete and no signature was found in what is
 * here, there is one without a domain, of result neutral.
 *
 * Names: libopendkim has dkim_close, dkim_body and struct dkim already.
 */
#pragma once

#include "fact/check.h"

enum { SIGNER_KEYS_MAX = 512 }; /* a fair number of keys to keep */

struct dkim_service;

/* Once a process, from main; keeps the keys_max public keys used last, parsed.
 * RES_NOMEM. */
enum result dkim_service_open(
	size_t keys_max, struct dkim_service **out) MUST_USE;
/* When no message is left. NULL is fine. */
void dkim_service_close(struct dkim_service *s);

/* in->service: the one above. NULL: what would be verified is temperror. */
enum check_progress dkim_check_step(
	const struct check_input *in, struct findings *out);
bool dkim_check_body(const struct check_input *in, struct slice piece);
void dkim_check_clear(void *state);
