/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/caseauth - the fields of a case that authentication fills.
 *
 * What was asked, answered and compared, so that a stranger can repair it: one
 * table of names and labels for whoever writes, explains or shows a case, in
 * the order in which a person reads it. Names are those of the HASH
 * (reprieve-redis(7)). Threads: constant.
 */
#pragma once

#include <stdbool.h>

enum caseauth {
	CASEAUTH_SPF,
	CASEAUTH_SPF_IDENTITY, /* mailfrom, or helo for a null sender */
	CASEAUTH_SPF_DOMAIN,
	CASEAUTH_SPF_RECORD,
	CASEAUTH_SPF_MATCHED,
	CASEAUTH_SPF_LOOKUPS,
	CASEAUTH_SPF_VOIDS,
	CASEAUTH_SPF_REASON,
	CASEAUTH_SPF_HELO,
	CASEAUTH_SPF_HELO_DOMAIN,
	CASEAUTH_SPF_HELO_RECORD,
	CASEAUTH_SPF_HELO_MATCHED,
	CASEAUTH_SPF_HELO_LOOKUPS,
	CASEAUTH_SPF_HELO_VOIDS,
	CASEAUTH_SPF_HELO_REASON,
	CASEAUTH_DKIM, /* a line each signature */
	CASEAUTH_DKIM_IGNORED,
	CASEAUTH_ARC,
	CASEAUTH_ARC_SETS,
	CASEAUTH_ARC_OLDEST_PASS,
	CASEAUTH_ARC_SEALERS, /* a line each set, the newest first */
	CASEAUTH_ARC_TRUSTED,
	CASEAUTH_ARC_REASON,
	CASEAUTH_FROM,
	CASEAUTH_DMARC,
	CASEAUTH_DMARC_AUTHOR,
	CASEAUTH_DMARC_POLICY_DOMAIN,
	CASEAUTH_DMARC_ORG_DOMAIN,
	CASEAUTH_DMARC_RECORD,
	CASEAUTH_DMARC_POLICY,
	CASEAUTH_DMARC_DISCOVERY,
	CASEAUTH_DMARC_SPF,
	CASEAUTH_DMARC_DKIM,
	CASEAUTH_DMARC_ALIGNED,
	CASEAUTH_DMARC_OVERRIDE,
	CASEAUTH_DMARC_REASON,
	CASEAUTH_DMARC_OTHER,
	CASEAUTH_IPREV,
	CASEAUTH_IPREV_NAME,
	CASEAUTH_IPREV_REASON,
	CASEAUTH_COUNT
};

struct caseauth_field {
	const char *name; /* in the HASH */
	const char *label; /* for a human, in English */
	bool is_lines; /* more than one line */
	bool is_internal; /* of our own set-up: not for the refused sender */
};

extern const struct caseauth_field caseauth_fields[CASEAUTH_COUNT];

enum { CASEAUTH_TEXT_MAX = 1024, CASEAUTH_LINES_MAX = 4096 };
