/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/dmarcrecord - one DMARC Policy Record (RFC 9989 s4.7, s4.8).
 *
 * Of the tags v p sp np psd t adkim aspf rua ruf fo are read, all others are
 * ignored, those of RFC 7489 (pct, rf, ri) among them. Names and words are
 * read without case, "DMARC1" with it. What is not of the grammar behind "v="
 * is as if it were not there; where a tag is there twice, the first counts.
 * Threads: plain data.
 */
#pragma once

#include "fact/auth.h"

enum dmarcrecord_psd {
	DMARCRECORD_PSD_U = 0,
	DMARCRECORD_PSD_Y,
	DMARCRECORD_PSD_N
};

struct dmarcrecord {
	struct slice text; /* all of it */
	/*
	 * False: no p=, or a p=, sp= or np= that is none, and nobody to report
	 * that to: DMARC does not apply then (s4.10.1). With somebody in rua=
	 * it counts as "p=none" alone.
	 */
	bool is_usable;
	enum dmarc_policy p;
	bool has_sp;
	enum dmarc_policy sp;
	bool has_np;
	enum dmarc_policy np;
	enum dmarcrecord_psd psd;
	bool is_testing; /* t=y */
	bool strict_dkim;
	bool strict_spf;
	struct slice rua; /* as it came, "" when there is none */
	struct slice ruf;
	struct slice fo;
};

/* RES_MISSING: not a DMARC record, whatever else it is; *out is then of no
 * use. Slices are parts of text. */
enum result dmarcrecord_parse(
	struct slice text, struct dmarcrecord *out) MUST_USE;
