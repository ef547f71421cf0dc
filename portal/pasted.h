/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/pasted - what somebody pasted: a refusal, a bounce, a link, or only a
 * reference. What in it leads to a page of ours?
 *
 * References are looked for in any word, at the end of a link, with dashes, in
 * lower case, and broken over lines as mail programs break them (quoted with
 * ">", or with the "=" of quoted-printable). Codes are found by their name,
 * by the words of our replies, or by the enhanced status code (RFC 3463).
 * Threads: plain data.
 */
#pragma once

#include "policy/code.h"
#include "store/case.h"

enum { PASTED_TEXT_MAX = 4096, PASTED_REFS_MAX = 8, PASTED_XCODE_MAX = 12 };

struct pasted {
	/* Those that may be one, best first; whether there is such a case,
	 * only Redis can tell. */
	char ref[PASTED_REFS_MAX][CASE_REF_MAX];
	size_t ref_count;
	size_t ref_whole; /* so many of them stood there in one piece */
	/* Codes that it may be, one when we are sure. */
	enum code code[CODE_COUNT];
	size_t code_count;
	char xcode[PASTED_XCODE_MAX]; /* the first enhanced status code, or ""
				       */
};

/* What is longer than PASTED_TEXT_MAX is cut. */
void pasted_read(struct pasted *out, struct slice text);
