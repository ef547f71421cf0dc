/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/returnpath - where a letter that cannot be delivered comes back to.
 *
 * "bounce+ID.MAC@HOST": ID of the delist request, MAC the first 10 characters
 * (Crockford base32, lower case: 50 bits) of a keyed hash of purpose "bounce",
 * so that nobody can tell us that a mailbox takes no mail who was not sent our
 * letter. Threads: any.
 */
#pragma once

#include "store/case.h"

struct secret;

enum { RETURNPATH_MAX = 320, RETURNPATH_MAC_LEN = 10 };

/* host: portal.mail_host. RES_NOMEM; RES_TOOBIG: no room for host. */
enum result returnpath_format(const struct secret *s, struct slice id,
	const char *host, char out[RETURNPATH_MAX]) MUST_USE;

/*
 * The ID in the local part of such an address, in any case. RES_MISSING:
 * another kind of address; RES_DENIED: the MAC is wrong; RES_NOMEM.
 */
enum result returnpath_parse(const struct secret *s, struct slice local,
	char id[CASE_REF_MAX]) MUST_USE;
