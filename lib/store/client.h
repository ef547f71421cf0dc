/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/client - which entries of the lists are about this client?
 *
 * By its address, its network and country, and the names it bears. What it
 * says of itself (HELO, MAIL FROM) is a claim: an entry that blocks such a name
 * counts, one that allows it does not, or everybody could claim it. A name that
 * its address leads to and back (PTR, confirmed) is proved and counts for both.
 * An entry of a domain covers the names below it; of names with more than
 * CLIENT_LABELS_MAX labels only the whole name and those of so many are asked
 * for. A local account is asked for by itself: what is known of the client that
 * it came through says nothing of it.
 * Threads: as store/prefixes.
 */
#pragma once

#include "store/prefixes.h"

enum { CLIENT_CLAIMS = 2, CLIENT_LABELS_MAX = 8 };

/* Zeroed but for ip: nothing else is known. Slices are borrowed and folded. */
struct list_client {
	struct ipaddr ip;
	uint32_t asn; /* 0: not known */
	char country[3]; /* "": not known */
	struct slice proven;
	struct slice claimed[CLIENT_CLAIMS];
	/* Not empty: the hash of an account (store/account), and all above
	 * counts for nothing. */
	struct slice account;
};

/*
 * As prefixes_match, of the scope first; the narrowest first: networks, then
 * domains, then ASN, then country.
 */
size_t client_match(const struct prefixes *p, const struct list_client *c,
	struct slice scope, struct prefix_hit out[PREFIX_HITS_MAX]);
