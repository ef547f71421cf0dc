/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/verdict.h"

const char *action_name(enum action a)
{
	switch (a) {
	case ACTION_NONE:
		return "none";
	case ACTION_ACCEPT:
		return "accept";
	case ACTION_MARK:
		return "mark";
	case ACTION_QUARANTINE:
		return "quarantine";
	case ACTION_TEMPFAIL:
		return "tempfail";
	case ACTION_REJECT:
		return "reject";
	}
	return "none";
}

bool action_is_refusal(enum action a)
{
	return a == ACTION_TEMPFAIL || a == ACTION_REJECT;
}
