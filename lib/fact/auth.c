/* SPDX-License-Identifier: BSD-2-Clause */
#include "fact/auth.h"

static const char *const result_names[] = {
	[AUTH_UNKNOWN] = "unknown",
	[AUTH_NONE] = "none",
	[AUTH_PASS] = "pass",
	[AUTH_FAIL] = "fail",
	[AUTH_SOFTFAIL] = "softfail",
	[AUTH_NEUTRAL] = "neutral",
	[AUTH_POLICY] = "policy",
	[AUTH_TEMPERROR] = "temperror",
	[AUTH_PERMERROR] = "permerror",
};

static const char *const policy_names[] = {
	[DMARC_POLICY_NONE] = "none",
	[DMARC_POLICY_QUARANTINE] = "quarantine",
	[DMARC_POLICY_REJECT] = "reject",
};

static const char *const from_names[] = {
	[FROM_UNKNOWN] = "unknown",
	[FROM_ONE] = "one",
	[FROM_NONE] = "no From field",
	[FROM_SEVERAL_FIELDS] = "several From fields",
	[FROM_SEVERAL_DOMAINS] = "authors of several domains",
	[FROM_UNREADABLE] = "a From field that is no address",
};

const char *auth_result_name(enum auth_result r)
{
	return result_names[r];
}

enum outcome auth_result_outcome(enum auth_result r)
{
	switch (r) {
	case AUTH_NONE:
	case AUTH_PASS:
	case AUTH_NEUTRAL:
		return OUTCOME_MISS;
	case AUTH_FAIL:
	case AUTH_SOFTFAIL:
	case AUTH_POLICY:
	case AUTH_PERMERROR:
		return OUTCOME_HIT;
	case AUTH_UNKNOWN:
	case AUTH_TEMPERROR:
		break;
	}
	return OUTCOME_UNKNOWN;
}

const char *dmarc_policy_name(enum dmarc_policy p)
{
	return policy_names[p];
}

const char *from_kind_name(enum from_kind k)
{
	return from_names[k];
}
