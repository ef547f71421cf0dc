/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/envelope - what is known of one transaction, up to its end.
 *
 * Plain data; slices live in the message's arena.
 */
#pragma once

#include "mail/address.h"

struct envelope {
	struct slice queue_id; /* macro i; empty until the MTA tells it */
	struct address sender;
	struct slice auth_type; /* {auth_type}: not empty = authenticated */
	struct slice auth_name; /* {auth_authen} */
	struct address rcpt; /* the recipient at hand */
	char rcpt_domain[256]; /* its domain folded; "" when it has none */
	unsigned rcpt_accepted;
	unsigned rcpt_refused;
};
