/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/dnswatch - looks on what is asked of DNS, and what comes back.
 *
 * Stands between a session and the resolver; changes nothing. Each question
 * that the session sends is kept, in order.
 * Threads: open, at and close when no session is left; the rest from any.
 */
#pragma once

#include "dns/asker.h"
#include "net/hostname.h"

struct dnswatch;

enum { DNSWATCH_TEXT_MAX = 512 };

struct dnswatch_question {
	char name[HOSTNAME_MAX]; /* cut; any octet but NUL */
	size_t name_len;
	enum dns_type type;
	bool is_answered; /* otherwise not in time for the session */
	enum dns_status status;
	enum dns_why why;
	bool is_secure;
	size_t count; /* of records */
	char text[DNSWATCH_TEXT_MAX]; /* TXT: the first one that came, cut */
	size_t text_len;
};

/* inner is borrowed; NULL: DNS can tell nothing. NULL: no memory. */
struct dnswatch *dnswatch_open(const struct dns_source *inner);
void dnswatch_close(struct dnswatch *w); /* NULL is fine */

/* For the session. Borrowed; NULL when inner is. */
const struct dns_source *dnswatch_source(struct dnswatch *w);

size_t dnswatch_count(const struct dnswatch *w);
const struct dnswatch_question *dnswatch_at(const struct dnswatch *w, size_t i);
