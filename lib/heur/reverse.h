/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/reverse - is the client's name one that a provider made up?
 *
 * generic: the name is made from the address. dynamic: it says, too, that the
 * address is handed out anew now and then, or it says so and holds the
 * address' last octet. Names that say static, or mail, are never dynamic. Both
 * count half where DKIM or DMARC pass: a small server may have no other name.
 * ipv6_bare: an IPv6 client without a confirmed name, and neither SPF nor DKIM
 * passes; only where all three are known. The name is the one that auth/iprev
 * has seen, or the MTA's; a client without any has no finding here.
 * Asks nothing itself. Threads: as its session.
 */
#pragma once

#include "fact/check.h"

/* What a folded name says of that address. *word: which says dynamic, static;
 * "". */
enum reverse_kind { REVERSE_PLAIN = 0, REVERSE_GENERIC, REVERSE_DYNAMIC };

enum reverse_kind reverse_read(
	struct slice name, const struct ipaddr *ip, const char **word);

check_step reverse_step;
