/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/author - the one Author Domain of a message (RFC 9989 s5.3.1, s11.5).
 *
 * There is one when there is one From field and all that mail/from reads in it
 * is of one domain, U-labels made A-labels. Everything else has a kind of its
 * own and no domain. A field that the MTA may have cut is read as it is: so it
 * is delivered. Threads: plain data.
 */
#pragma once

#include "fact/auth.h"
#include "fact/message.h"

struct arena;

/* *domain: of FROM_ONE, folded, owned by a; else "". */
enum from_kind author_find(
	const struct message *m, struct arena *a, struct slice *domain);
