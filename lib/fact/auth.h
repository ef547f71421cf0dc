/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/auth - what authentication has seen of one message.
 *
 * Plain data. Each check of lib/auth fills its own part and nobody else's,
 * once; DMARC, Authentication-Results, the log, the case and policy read it.
 * Slices and arrays live in the arena that the check was given (or are static)
 * and may hold any octet unless the line says "domain": that is a name that
 * net/hostname took (folded, A-labels).
 * Result words: RFC 8601 s2.7. The zero result is "not evaluated".
 * Threads: the message's own.
 */
#pragma once

#include "base/slice.h"
#include "fact/finding.h"

enum auth_result {
	AUTH_UNKNOWN = 0, /* not evaluated (yet) */
	AUTH_NONE, /* nothing there to evaluate */
	AUTH_PASS,
	AUTH_FAIL,
	AUTH_SOFTFAIL, /* spf only */
	AUTH_NEUTRAL, /* spf; dkim: evaluated, and means nothing */
	AUTH_POLICY, /* verifies, but we do not take it (RFC 8601 s2.4) */
	AUTH_TEMPERROR, /* could not tell, another try may */
	AUTH_PERMERROR /* cannot be evaluated as published */
};

/* "none", "pass" ...; AUTH_UNKNOWN is "unknown". Static. */
const char *auth_result_name(enum auth_result r);
/* As a finding says it: none, pass and neutral are a miss, temperror and what
 * was not evaluated could not be told. */
enum outcome auth_result_outcome(enum auth_result r);

struct iprev_fact {
	enum auth_result result; /* pass fail temperror permerror */
	struct slice name; /* the name that pointed back, or the first; "" */
	struct slice reason;
};

/* One SPF evaluation (RFC 7208). */
struct spf_fact {
	enum auth_result result;
	struct slice domain; /* asked about; as it came when it is no name */
	struct slice record; /* of that domain, "" when none was read */
	struct slice matched; /* directive that decided, e.g. "-all" */
	struct slice reason; /* for a human, our words; "" when plain */
	unsigned lookups; /* terms that ask DNS, s4.6.4 */
	unsigned voids;
};

/* One DKIM-Signature field (RFC 6376), in the order of the header. */
struct dkim_fact {
	enum auth_result result;
	struct slice domain; /* d=, a domain; "" when it has none */
	struct slice selector; /* s=, a name; "" when it has none */
	struct slice identity; /* i=, as it came, "" when absent */
	struct slice algorithm; /* a=, one of those we know, or "" */
	struct slice signed_fields; /* h=, as it came, "" when absent */
	struct slice b; /* first octets of b=, base64 only (RFC 6008) */
	struct slice reason; /* for a human, our words */
	unsigned key_bits; /* 0: not known; Ed25519 256 */
	bool is_testing; /* t=y in the key */
	bool is_partial; /* l= leaves octets of the body unsigned */
	bool is_key_secure; /* key proved by DNSSEC */
	int64_t expires_s; /* x=, 0: none */
};

enum { AUTH_DKIM_MAX = 16, AUTH_ARC_MAX = 50 };

/* One set of an ARC chain (RFC 8617 s4.1). */
struct arc_set {
	struct slice sealer; /* d= of the seal, a domain */
	struct slice selector;
};

/* The ARC chain (RFC 8617). */
struct arc_fact {
	enum auth_result result; /* none pass fail; temperror: no key yet */
	unsigned instances; /* the highest i= */
	unsigned oldest_pass; /* RFC 8617 s5.2; 0: all of them pass */
	/* By i - 1. With temperror: only if keys are all that is missing. */
	const struct arc_set *sets;
	unsigned set_count;
	/* Authentication-Results of the first hop: value of AAR i=1. */
	struct slice first_results;
	struct slice reason;
	bool is_trusted; /* passes, and each sealer that matters is trusted */
	struct slice trusted_by; /* "config" or the key in Redis */
};

/* How strict; those of a record, RFC 9989 s4.7. */
enum dmarc_policy {
	DMARC_POLICY_NONE = 0,
	DMARC_POLICY_QUARANTINE,
	DMARC_POLICY_REJECT
};

const char *dmarc_policy_name(enum dmarc_policy p);

/* One DMARC evaluation (RFC 9989, or RFC 7489 by way of the PSL). */
struct dmarc_fact {
	enum auth_result result; /* none pass fail temperror permerror */
	struct slice from_domain; /* Author Domain; "" when there is not one */
	struct slice policy_domain; /* where the record was found */
	struct slice org_domain; /* organisational domain of the author */
	struct slice record;
	enum dmarc_policy policy; /* that applies here, before t= */
	const char *policy_tag; /* "p" "sp" "np": which one it was, or "" */
	bool is_testing; /* t=y: one level less (RFC 9989 s4.7) */
	bool is_author_missing; /* the Author Domain does not exist */
	bool spf_aligned; /* passes and is aligned */
	bool dkim_aligned;
	bool strict_spf; /* aspf=s */
	bool strict_dkim; /* adkim=s */
	struct slice aligned_domain; /* the identifier that made it pass */
	const char *discovery; /* "treewalk" or "psl" */
	struct slice reason;
	/* Why a failure is not held against the message: "", "trusted ARC
	 * sealer", "known mailing list". */
	struct slice override;
};

/* Header From (RFC 5322 s3.6.2), decided before DMARC. */
enum from_kind {
	FROM_UNKNOWN = 0, /* header not complete */
	FROM_ONE, /* one field, one author domain */
	FROM_NONE, /* no field */
	FROM_SEVERAL_FIELDS,
	FROM_SEVERAL_DOMAINS, /* one field, authors of several domains */
	FROM_UNREADABLE /* not an address, or its domain is no name */
};

const char *from_kind_name(enum from_kind k);

struct auth_facts {
	struct iprev_fact iprev;
	struct spf_fact helo;
	struct spf_fact mailfrom; /* of postmaster@HELO for a null sender */
	bool is_null_sender; /* mailfrom speaks of HELO then */
	bool dkim_is_known; /* dkim[] is complete */
	unsigned dkim_count; /* 0: no signature */
	unsigned dkim_ignored; /* signatures past the cap */
	const struct dkim_fact *dkim;
	struct arc_fact arc;
	enum from_kind from_kind;
	struct dmarc_fact dmarc;
	struct dmarc_fact dmarc_other; /* dmarc_mode both: by the PSL */
};
