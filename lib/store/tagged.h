/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/tagged - addresses of ours that name a thing: NAME+ID.MAC@HOST.
 *
 * "ticket+..." takes the answers to a ticket, "bounce+..." the letters that
 * come back, by the ID of a delist request. ID: as the reference of a case, in
 * lower case here; MAC: 50 bits of a keyed hash of NAME and ID in Crockford
 * base32. Only who was written to knows such an address.
 * Threads: any.
 */
#pragma once

#include "store/case.h"

struct secret;

enum { TAGGED_MAX = 320, TAGGED_MAC_LEN = 10 };

#define TAGGED_TICKET "ticket"
#define TAGGED_BOUNCE "bounce"

/* RES_NOMEM; RES_TOOBIG: the host is too long. */
enum result tagged_format(const struct secret *s, const char *name,
	struct slice id, const char *host, char out[TAGGED_MAX]) MUST_USE;

/*
 * The ID in the local part, whatever its case. RES_MISSING: an address of
 * another kind; RES_DENIED: the MAC is wrong; RES_NOMEM.
 */
enum result tagged_parse(const struct secret *s, const char *name,
	struct slice local, char id[CASE_REF_MAX]) MUST_USE;
