/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/receivedspf - Received-SPF (RFC 7208 s9.1), from the same facts as
 * Authentication-Results, so that both agree.
 *
 * One field for one message: about MAIL FROM, about HELO for a null sender.
 * Fields of others stay where they are; ours goes on top of them, above our
 * Received. What a sender wrote stands in quotes, or is a name. Threads: any.
 */
#pragma once

#include "auth/authres.h"

extern const char receivedspf_name[]; /* "Received-SPF" */

enum { RECEIVEDSPF_MAX = 4096 }; /* room that the value never passes */

/*
 * The value with its leading blank, folded with LF HT. authserv_id is the
 * receiver. Empty when SPF was not evaluated: then there is no field to add.
 * RES_TOOBIG, RES_NOMEM.
 */
enum result receivedspf_format(
	const struct authres_input *in, struct buf *out) MUST_USE;
