/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/arcset - the ARC fields of a header as sets, and whether they make a
 * chain (RFC 8617 s4, s5.2 steps 1 to 3). Nothing is verified here.
 *
 * A chain has sets 1 to N, at most the caller's cap and AUTH_ARC_MAX; each has
 * one field of each kind; a seal has cv=none in set 1, cv=pass above; seals
 * have neither h= nor bh=. Tags are those of RFC 6376 s3.5, compared with case
 * (s3.2). rsa-sha1 is no algorithm (RFC 8301). A message signature that cannot
 * be read breaks the chain in the newest set only: older ones tell how far back
 * the message is unchanged, no more.
 *
 * What it makes lives in the caller's arena and in the message.
 * Threads: plain data.
 */
#pragma once

#include "auth/canon.h"
#include "fact/auth.h"

struct arena;
struct field;
struct message;

/* The three fields of a set. */
extern const char arcset_results_name[]; /* "ARC-Authentication-Results" */
extern const char arcset_message_name[]; /* "ARC-Message-Signature" */
extern const char arcset_seal_name[]; /* "ARC-Seal" */

enum { ARCSET_SIGNATURE_MAX = 2048 }; /* octets of b=, decoded */

struct arcset_signature {
	const struct field *field;
	const char
		*fault; /* why it cannot be verified; NULL: it can be tried */
	bool is_ed25519;
	struct slice domain; /* d=, a domain */
	struct slice selector; /* s= */
	struct slice key_name; /* where the key is */
	struct slice b; /* octets */
	struct slice b_tag; /* the same as it stands in field->value */
};

struct arcset {
	const struct field *results; /* ARC-Authentication-Results */
	struct slice results_text; /* behind "i=N;" */
	struct arcset_signature seal;
	struct arcset_signature ams; /* the message's; what follows is its */
	enum canon header_canon;
	enum canon body_canon;
	uint64_t limit; /* l=; UINT64_MAX: none */
	struct slice names; /* h=, as it stands */
	struct slice body_hash; /* bh=, SHA256_LEN octets */
	uint64_t expires_s; /* x=, 0: none */
};

enum arcset_state {
	ARCSET_UNKNOWN = 0,
	ARCSET_NONE,
	ARCSET_CHAIN,
	ARCSET_BROKEN
};

struct arcset_chain {
	enum arcset_state state;
	const char *fault; /* of ARCSET_BROKEN, static */
	unsigned fault_at; /* the instance it is about, 0: all of them */
	unsigned highest; /* greatest i= of any field, 0: none */
	bool is_ended; /* the highest seal says cv=fail: nobody seals on top */
	bool is_cut; /* one of the fields may be cut */
	unsigned count; /* of ARCSET_CHAIN */
	struct arcset *sets; /* by i - 1 */
};

/* Is it one of the three names? */
bool arcset_is_field(struct slice name);

/* sets_max: the caller's cap. RES_NOMEM; *out is of no use then. */
enum result arcset_read(const struct message *m, unsigned sets_max,
	struct arena *a, struct arcset_chain *out) MUST_USE;
