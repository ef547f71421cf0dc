/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/trace - the header field X-Reprieve-Trace: that a message passed here.
 *
 *     X-Reprieve-Trace: v=1; by=mx.example.net; k=3; d=in; t=1764205200;
 *             id=7k3m9qxb2htd4fz6; n=1; ip=192.0.2.1; dkim=example.org;
 *             b=dfm; h=BASE64
 *     X-Reprieve-Trace: v=1; by=...; k=3; d=out; t=...; id=...; n=2;
 *             u=0123456789abcdef; b=dfm; h=BASE64
 *
 * One line in truth. by: whose it is; k: name of the key; d: direction; t:
 * seconds since 1970; id: 80 random bits in Crockford base32; n: recipients;
 * ip: the client; dkim: the domain of a signature that passed and is aligned
 * with the author (RFC 7489 s3.1.1), left out when there is none; u: keyed hash
 * of the local account (store/account); c=y: the signature covers a
 * CFBL-Address under the rules of RFC 9477 s3.1; b: letters of the fields that
 * h covers besides (mail/tracebind), may be empty; h: two times 128 bits, each
 * of an HMAC-SHA256: over all that stands before "h=" from "v=1" on, without
 * blanks, and over the same and the digest of those fields. So what was made up
 * can be told from what was moved to another message. The field is a claim
 * until store/tracekeys has looked at h.
 * Threads: plain data.
 */
#pragma once

#include "base/buf.h"
#include "net/hostname.h"
#include "net/ipaddr.h"

enum {
	TRACE_ID_LEN = 16,
	TRACE_ID_MAX = TRACE_ID_LEN + 1,
	TRACE_ACCOUNT_MAX = 17, /* hex digits, as of store/secret, and NUL */
	TRACE_KEY_MAX = 24, /* letters and digits, and NUL */
	TRACE_BOUND_MAX = 8,
	TRACE_MAC_HALF = 16,
	TRACE_MAC_LEN = 2 * TRACE_MAC_HALF, /* of the tags; of the message */
	TRACE_RECIPIENTS_MAX = 1000000,
	TRACE_VALUE_MAX = 900 /* octets of a value that is looked at */
};

enum trace_direction { TRACE_UNKNOWN = 0, TRACE_IN, TRACE_OUT };

struct trace {
	enum trace_direction direction;
	char by[HOSTNAME_MAX]; /* folded */
	char key[TRACE_KEY_MAX];
	int64_t at_s;
	char id[TRACE_ID_MAX];
	unsigned recipients; /* 1 to TRACE_RECIPIENTS_MAX */
	struct ipaddr ip; /* of TRACE_IN */
	bool has_ip;
	char domain[HOSTNAME_MAX]; /* folded, "" */
	char account[TRACE_ACCOUNT_MAX]; /* of TRACE_OUT */
	bool has_cfbl;
	char bound[TRACE_BOUND_MAX]; /* letters, ascending */
	uint8_t mac[TRACE_MAC_LEN];
};

/* Name of the field, without colon. */
extern const char trace_name[];
bool trace_is_ours(struct slice name); /* compared without case */

/*
 * The value up to and with "; b=...", with the blank after the colon; then
 * trace_finish adds h. What stands in *t is as trace_parse would take it.
 * RES_TOOBIG, RES_NOMEM.
 */
enum result trace_format(const struct trace *t, struct buf *out) MUST_USE;
enum result trace_finish(
	const uint8_t mac[TRACE_MAC_LEN], struct buf *value) MUST_USE;

/*
 * Strict: every tag once, in that order, nothing else, each value in the one
 * spelling that trace_format has; folds and blanks between them are free. Of
 * the tags of a direction only ip and dkim may be left out. RES_SYNTAX,
 * RES_RANGE (a number), RES_TOOBIG, RES_NOMEM; *out is untouched then.
 */
enum result trace_parse(struct slice value, struct trace *out) MUST_USE;

/* What h is over, but for the digest of the fields: the value without blanks up
 * to "h=", or to its end. RES_TOOBIG, RES_NOMEM. */
enum result trace_covered(struct slice value, struct buf *out) MUST_USE;
