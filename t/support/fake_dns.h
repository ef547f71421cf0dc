/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/fake_dns - a dns_source out of a table, for unit tests.
 *
 * Each name has its records; a name without any is NXDOMAIN, one with records
 * of other types only NODATA (as is a name above another one). TXT values
 * longer than 255 octets are split; "|" in a TXT value separates its strings.
 * A and AAAA are addresses, MX is "10 name", PTR and CNAME a name. CNAMEs are
 * followed. Special types in the table: "SERVFAIL", "TIMEOUT" (never answers),
 * "BOGUS", for all types of that name.
 * By default each answer comes at once; with fake_dns_hold they stay behind
 * until fake_dns_let_go, so that waiting can be tested.
 */
#pragma once

#include "dns/asker.h"

struct fake_dns;

struct fake_record {
	const char *name;
	const char *type; /* "TXT" "A" "AAAA" "MX" "PTR" "CNAME" or special */
	const char *value;
};

/* Records end with a NULL name; borrowed. */
struct fake_dns *fake_dns_new(const struct fake_record *records);
void fake_dns_free(struct fake_dns *d);
void fake_dns_add(struct fake_dns *d, const char *name, const char *type,
	const char *value);
/* The same with octets of any value in a single TXT string list. */
void fake_dns_add_octets(
	struct fake_dns *d, const char *name, const char *type, struct slice v);
const struct dns_source *fake_dns_source(struct fake_dns *d);
void fake_dns_hold(struct fake_dns *d, bool hold);
/* Answers all that was held back; how many those were. */
size_t fake_dns_let_go(struct fake_dns *d);
/* Questions that reached the table, in all. */
size_t fake_dns_asked(const struct fake_dns *d);
