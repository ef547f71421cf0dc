/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/iprev - does the client's address have a name that points back to it
 * (RFC 8601 s2.7.3, s3)?
 *
 * pass: one of its first IPREV_NAMES_MAX names does. fail: it has names, none
 * does. permerror: it has no name. temperror: could not be told. Begins at
 * CONNECT; fills auth->iprev and the finding "iprev".
 */
#pragma once

#include "fact/check.h"

enum { IPREV_NAMES_MAX = 10 };

/* One evaluation; *out is done when CHECK_DONE is returned. Name and reason are
 * owned by a, or static. */
enum check_progress iprev_evaluate(const struct ipaddr *ip, struct asker *dns,
	struct arena *a, struct iprev_fact *out);

enum check_progress iprev_step(
	const struct check_input *in, struct findings *out);
