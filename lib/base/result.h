/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/result - could the question be asked at all?
 *
 * What the answer is comes through a pointer; this says whether there is one.
 * RES_OK is 0. Threads: plain data.
 */
#pragma once

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum result {
	RES_OK = 0,
	RES_SYNTAX, /* the text is not of the grammar it should be of */
	RES_RANGE, /* well formed, but outside the allowed range */
	RES_TOOBIG, /* past the bound of the caller or of the config */
	RES_NOMEM, /* no memory */
	RES_TIMEOUT, /* asked, no answer before the deadline */
	RES_DOWN, /* could not ask: no connection, breaker open, no copy */
	RES_DENIED, /* refused: permissions, authentication */
	RES_MISSING, /* there is no such thing */
	RES_EXISTS, /* there is one already */
	RES_TYPE, /* the thing is of another type than it should be */
	RES_CORRUPT, /* checksum or structure is wrong */
	RES_READONLY, /* the server takes no writes */
	RES_FULL, /* a bounded queue or pool has no room */
	RES_INTERNAL /* a promise of our own code was broken */
};

/* The name of r in lower case without the prefix, e.g. "timeout". Static. */
const char *result_name(enum result r);
