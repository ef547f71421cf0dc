/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/dmarcsum - reports about DMARC summed up by who sent the mail: equal
 * sources of one domain, told by one organisation, are one line. Threads: one.
 */
#pragma once

#include "store/dmarcin.h"

struct dmarcsum;

enum {
	DMARCSUM_SOURCES_MAX = 1 << 17, /* the rest is counted */
	DMARCSUM_DOMAINS_MAX = 4096
};

struct dmarcsum_source {
	struct slice domain, org;
	struct dmarcin_row row; /* its count is the sum, from is empty */
};

struct dmarcsum_domain {
	struct slice domain;
	uint64_t reports, messages;
	uint64_t passed; /* of them: DKIM or SPF, aligned */
};

/* NULL: no memory. */
struct dmarcsum *dmarcsum_new(void);
void dmarcsum_free(struct dmarcsum *s); /* NULL is fine */

void dmarcsum_add(struct dmarcsum *s, const struct dmarcin_report *report);

/* Sorted by domain, those with most messages first. Borrowed until the next
 * add. */
const struct dmarcsum_source *dmarcsum_sources(
	struct dmarcsum *s, size_t *count);
/* Sorted by name. */
const struct dmarcsum_domain *dmarcsum_domains(
	struct dmarcsum *s, size_t *count);
/* Messages of sources, and reports of domains, that there was no room for. */
uint64_t dmarcsum_left_out(const struct dmarcsum *s);
