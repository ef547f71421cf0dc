/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dmarcoverride - is a DMARC failure one that forwarding explains (RFC
 * 7960, RFC 8617 s7.2, RFC 9989 s7.4)?
 *
 * Yes when a chain of trusted ARC sealers says that DMARC passed for this
 * Author Domain at its first hop, or when the message proves to come from a
 * mailing list that the operator knows (lists in the configuration, or
 * rp:trust:list:DOMAIN). A chain whose keys could not be asked for, all of it
 * by sealers of the configuration, leaves it open. Threads: the message's own.
 */
#pragma once

#include "fact/auth.h"

struct conf;
struct trust_source;

enum dmarcoverride {
	DMARCOVERRIDE_UNKNOWN = 0, /* could not be asked */
	DMARCOVERRIDE_NO,
	DMARCOVERRIDE_YES
};

/* trust: NULL is none. *why: a phrase, static, of YES only, else "". */
enum dmarcoverride dmarcoverride_find(const struct conf *conf,
	const struct trust_source *trust, const struct auth_facts *auth,
	struct slice author, struct slice *why);
