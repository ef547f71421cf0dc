/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dmarcdest - may a report about a domain go there (RFC 9990 s4)?
 *
 * An address of the same organisation may have it. Any other has to agree by a
 * TXT record "v=DMARC1" at DOMAIN._report._dmarc.HOST, which may name another
 * address at that same host. Nothing is sent where DNS could not tell.
 * Waits for DNS, up to dns.end_ms a question. Threads: one at a time a desk.
 */
#pragma once

#include "auth/dmarcuri.h"
#include "net/hostname.h"

struct arena;
struct clock;
struct conf;
struct dmarcdest;
struct dns_source;
struct psl;

/* All borrowed. psl: organisations by the Public Suffix List; NULL: by the tree
 * walk. NULL: no memory. */
struct dmarcdest *dmarcdest_new(const struct dns_source *dns,
	const struct conf *conf, const struct clock *clock,
	const struct psl *psl);
void dmarcdest_free(struct dmarcdest *d); /* NULL is fine */

/* The record of that domain as DNS has it now, a part of the desk until the
 * next call. RES_MISSING: there is none, or several; RES_DOWN: DNS could not
 * tell; RES_NOMEM. */
enum result dmarcdest_record(
	struct dmarcdest *d, struct slice domain, struct slice *out) MUST_USE;

enum dmarcdest_word {
	DMARCDEST_UNKNOWN = 0, /* DNS could not tell */
	DMARCDEST_OWN, /* of the same organisation */
	DMARCDEST_AGREED,
	DMARCDEST_REFUSED /* another host, which has not agreed */
};

const char *dmarcdest_word(enum dmarcdest_word w);

enum dmarcdest_kind { DMARCDEST_RUA = 0, DMARCDEST_RUF };

/*
 * domain: where the record was found, folded. to[]: where the report goes
 * instead of uri, *count of them; itself when it is not said otherwise, none
 * unless it is OWN or AGREED.
 */
enum dmarcdest_word dmarcdest_ask(struct dmarcdest *d, struct slice domain,
	enum dmarcdest_kind kind, const struct dmarcuri *uri,
	struct dmarcuri to[DMARCURI_MAX], size_t *count);
