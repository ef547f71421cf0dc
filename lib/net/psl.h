/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/psl - where a registered domain begins, by the Public Suffix List, and
 * domain names that are not ASCII.
 *
 * The list is the newer one of libpsl's own and of the system's (package
 * publicsuffix). Threads: psl_open and psl_close from one; the rest from any.
 */
#pragma once

#include "base/slice.h"
#include "net/hostname.h"

struct psl;

/* RES_DOWN: the library has no list. RES_NOMEM. *out is NULL then. */
enum result psl_open(struct psl **out) MUST_USE;
void psl_close(struct psl *p); /* NULL is fine */

/*
 * The organisational domain of a folded name (RFC 7489 s3.2): one label below
 * its public suffix; a public suffix is its own. A part of domain.
 */
struct slice psl_organisation(const struct psl *p, struct slice domain);

/*
 * A name as a person writes it, U-labels in UTF-8, to its one spelling:
 * A-labels (IDNA2008, UTS 46 non-transitional) as net/hostname has them.
 * RES_SYNTAX: no name; RES_TOOBIG; RES_NOMEM.
 */
enum result psl_to_ascii(
	struct slice text, char out[HOSTNAME_MAX], size_t *len) MUST_USE;

enum { PSL_UNICODE_MAX = 4 * HOSTNAME_MAX };

/*
 * A folded name with its A-labels as U-labels, in UTF-8 with a NUL. RES_SYNTAX:
 * an A-label that is none; RES_TOOBIG; RES_NOMEM.
 */
enum result psl_to_unicode(
	struct slice name, char out[PSL_UNICODE_MAX], size_t *len) MUST_USE;
