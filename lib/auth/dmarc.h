/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dmarc - may this message use the name that it shows as its author (RFC
 * 9989; RFC 7489 with the Public Suffix List as another mode)?
 *
 * One check with up to three findings:
 *   from         who is the author: a miss for one author domain, a hit for
 *                none, several, or what is no address (detail: its kind);
 *   dmarc        the result, a failure with what the domain asks for: fail,
 *                fail_quarantine, fail_reject; or temperror_strict, when only
 *                whether it fails could not be told, not its policy, and
 *                forwarding would not explain it;
 *   dmarc-modes  with dmarc_mode "both" only: do tree walk and Public Suffix
 *                List differ in the result or the policy? The walk counts.
 * Fills auth->from_kind, auth->dmarc and, with "both", auth->dmarc_other.
 *
 * Without one author domain there is no DMARC ("none"; RFC 9989 s5.3.1) and
 * the finding "from" has to say it all. A failure that forwarding explains
 * (auth/dmarcoverride) is "fail" alone; where that could not be asked the
 * finding is "temperror", though the result is fail.
 * Begins at the end of the header. Waits for SPF, DKIM and, for a failure,
 * ARC. in->service is a struct dmarc_service.
 */
#pragma once

#include "fact/check.h"

struct psl;
struct trust_source;

struct dmarc_service {
	struct psl *psl; /* NULL: mode "treewalk" whatever conf says */
	const struct trust_source *trust; /* NULL: nobody but conf's lists */
};

check_step dmarc_step;
check_clear dmarc_clear;
