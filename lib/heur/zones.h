/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/zones - do DNS lists (RFC 5782) name the client, or the domains of the
 * message?
 *
 * All zones of the configuration are asked in parallel: those of addresses
 * from CONNECT on, of greeting and sender from MAIL on, of From at the end of
 * the header, of links at the end of the message. Two checks in one: "dnsbl"
 * for zones that block, "dnswl" for those that allow. A finding for each zone
 * and kind of name, its factor is what the answer weighs; a domain that is
 * named twice counts once in a zone. What could not be told in time is one
 * "temperror" for all zones. Private addresses are never asked about.
 * A domain is allowed only where SPF or DKIM prove it.
 * Questions have bounds of their own (dns.lists_max, dns.lists_ms) and take
 * nothing from the other checks. Threads: as its session.
 */
#pragma once

#include "fact/check.h"

struct psl;
struct zonewatch;

/* in->service; NULL: neither. Borrowed. */
struct zones_service {
	struct zonewatch *watch; /* NULL: every zone is asked */
	const struct psl *psl; /* NULL: there is no list */
};

/* Asks about the address; reports nothing. */
check_step zones_begin_step;
/* From MAIL on: asks for the rest, and reports all of it. */
check_step zones_step;
check_clear zones_clear;
