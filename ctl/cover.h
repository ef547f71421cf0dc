/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/cover - what a command is about, the canonical names under which an
 * address could be listed, and which of them exist: 33 questions for IPv4, 129
 * for IPv6, in one go.
 *
 * Other spellings of the same networks are not found this way; whoever uses it
 * says so. Threads: one.
 */
#pragma once

#include "ctl/ctl.h"
#include "store/keys.h"

struct cover_question {
	struct cidr net; /* ranges as wide as this, and wider; or the place
			    of what is no network (store/subject), alone */
	char domain[HOSTNAME_MAX]; /* of such a place, or "" */
	enum list_kind kind;
	const char *scope; /* recipient domain, "" for global */
};

enum { COVER_MAX = 129 };

struct cover_answer {
	size_t count;
	struct cidr net[COVER_MAX]; /* that exist, narrowest first */
};

/* "192.0.2.0/24", "asn:64500", "country:NL", "domain:example.org",
 * "user:00112233445566ff" into net and domain. False: none of these, and that
 * was said. */
bool cover_parse(
	const struct ctl *ctl, const char *text, struct cover_question *out);

enum ctl_exit cover_ask(struct ctl *ctl, const struct cover_question *q,
	struct cover_answer *out);

/* The canonical key of one network. False: it is longer than a key may be. */
bool cover_key(const struct ctl *ctl, const struct cover_question *q,
	const struct cidr *net, char out[LIST_NAME_MAX]);
