/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/lookalike - does a name look like one that is protected, and is none.
 *
 * Two names are confusable when their skeletons are the same (UTS 39 s4, by
 * the data of ICU). What is compared is the label an organisation registered
 * and what stands behind it: "example" and "co.uk" of www.example.co.uk. Where
 * that begins is guessed from the usual second levels; a guess that is wrong
 * makes fewer names alike. A protected name and all names below it are never
 * alike to anything.
 *
 * Threads: a set is constant from open to close and may be asked by any.
 */
#pragma once

#include "base/slice.h"

struct lookalike;

enum lookalike_kind {
	LOOKALIKE_NO = 0,
	LOOKALIKE_SELF, /* it is protected, or below one that is */
	LOOKALIKE_CONFUSABLE, /* looks the same: other scripts, "rn" for "m" */
	LOOKALIKE_DIGITS, /* digits in place of letters */
	LOOKALIKE_FRONT, /* the whole name stands in front of another one */
	LOOKALIKE_TYPO, /* one letter more, less, other, or two swapped */
	LOOKALIKE_HYPHEN, /* the same without hyphens */
	LOOKALIKE_ENDING /* the same label below another top level */
};

/* The label that was registered, as guessed above; a part of domain (folded),
 * "" when there is none. */
struct slice lookalike_label(struct slice domain);

/* "looks the same as" ..., to stand in front of a name. Static. */
const char *lookalike_kind_text(enum lookalike_kind k);

struct lookalike_match {
	enum lookalike_kind kind;
	struct slice name; /* of the set, which keeps it; "" of NO */
};

/*
 * names: domains, folded, A-labels; those that are none are left out.
 * RES_DOWN: ICU has no data; RES_NOMEM. *out is NULL then.
 */
enum result lookalike_open(const char *const *names, size_t count,
	struct lookalike **out) MUST_USE;
void lookalike_close(struct lookalike *l); /* NULL is fine */

/* Of a domain, folded, A-labels. */
struct lookalike_match lookalike_domain(
	const struct lookalike *l, struct slice domain);

/*
 * Of the words of a text a person reads, in UTF-8 (other octets are fine, and
 * alike to nothing). CONFUSABLE and DIGITS only: a plain name is no
 * look-alike. Of a text the first words are looked at, not more than 32.
 */
struct lookalike_match lookalike_text(
	const struct lookalike *l, struct slice text);
