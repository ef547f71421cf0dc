/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/arc - does the message come with a chain of seals that holds (RFC 8617
 * s5.2), and do we trust those who sealed it?
 *
 * none: no ARC field. pass: the sets are a chain (auth/arcset), the newest
 * message signature verifies, and so does each seal. fail: anything of that is
 * not so, a key that does not exist, is too short (dkim.min_key_bits), too long
 * (dkim.max_key_bits) or not for e-mail, more sets than arc.sets_max.
 * temperror: a key could not be asked for, the header is not all here, or one
 * of the fields that it hangs on may have been cut by the MTA. RFC 8617 s5.2.1
 * calls failing DNS a fail; we do not, for we seal nothing as broken that may
 * be sound (auth/arcseal).
 *
 * oldest_pass: older message signatures are tried from the newest down, until
 * one does not verify or cannot be tried within ARC_BODIES_MAX different
 * bodies and ARC_OLDER_MAX octets of fields.
 *
 * Trust of a chain that passes: auth/arctrust; none where the newest message
 * signature has l=. The sealers are told unless a temperror is of a kind that
 * the sender can bring about.
 *
 * The check begins at the end of the header: keys are asked for at once, bodies
 * are hashed as they come. Fills auth->arc and the finding "arc"; what the fact
 * points to lives until arc_clear.
 */
#pragma once

#include "auth/arctrust.h"
#include "fact/check.h"

enum {
	ARC_BODIES_MAX = 4, /* different c= and l= of a chain */
	ARC_OLDER_MAX = 4194304, /* octets hashed for older signatures */
	ARC_KEYS_MAX = 512 /* a fair number of keys to keep */
};

/*
 * What the checks of all messages share: parsed keys, the keys_max last used,
 * and the trust source (copied; NULL: there is none). Threads: any.
 */
struct arc;
enum result arc_open(size_t keys_max, const struct trust_source *trust,
	struct arc **out) MUST_USE; /* RES_NOMEM */
void arc_close(struct arc *arc); /* NULL is fine */
size_t arc_key_count(struct arc *arc);

/* in->service is a struct arc. */
enum check_progress arc_step(
	const struct check_input *in, struct findings *out);
bool arc_body(const struct check_input *in, struct slice piece);
void arc_clear(void *state);
