/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/sponsor - a local recipient vouches for one refused sender.
 *
 * Who knows the reference and reads a local mailbox may let that client write
 * to that mailbox, and to no other, for support.sponsor_s. The exception is an
 * allow entry with a scope of its own, so that milters learn of it as of any
 * other edit, and no address of a person is in Redis:
 *   Pallow@HASH.mailbox.invalid:IP   HASH reason origin=sponsor ref since
 * HASH: secret_hash of the mailbox. ".invalid" is no recipient domain (RFC
 * 6761 s6.4). Until the mail to the mailbox is confirmed:
 *   Psponsor:SID      HASH ref ip mail language state until; delist.token_s,
 *                     once it is confirmed support.sponsor_s
 *   Psponsor:of:REF   SID of the last one that was confirmed for that case
 * Threads: as store/redis.
 */
#pragma once

#include "net/hostname.h"
#include "net/ipaddr.h"
#include "store/case.h"
#include "store/redis.h"

struct arena;
struct conf;
struct secret;

/* The scope of a mailbox, e.g. "0123456789abcdef.mailbox.invalid". RES_NOMEM.
 */
enum result sponsor_scope(const struct secret *s, struct slice mailbox,
	char out[HOSTNAME_MAX]) MUST_USE;

struct sponsor_form {
	struct slice ref; /* of a case that exists */
	struct ipaddr ip; /* of that case */
	struct slice mailbox; /* checked, of a local domain */
	struct slice language;
	struct ipaddr client;
	bool has_client;
};

/* As of a ticket. */
enum sponsor_filing { SPONSOR_FILED = 0, SPONSOR_SILENT, SPONSOR_LIMITED };

struct sponsor_filed {
	enum sponsor_filing filing;
	char sid[CASE_REF_MAX];
	int64_t wait_s;
};

enum result sponsor_file(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct sponsor_form *form, struct sponsor_filed *out) MUST_USE;

struct sponsorship {
	char sid[CASE_REF_MAX];
	char ref[CASE_REF_MAX];
	struct ipaddr ip;
	struct slice mailbox, language;
	bool is_confirmed;
	int64_t until_ms; /* of the exception */
};

/* RES_MISSING, RES_SYNTAX; RES_CORRUPT: it holds no address. Owned by a. */
enum result sponsor_read(struct redis *r, const struct conf *conf,
	struct slice sid, struct arena *a, struct sponsorship *out) MUST_USE;
/* Which one a token is for, used up or not; changes nothing. RES_MISSING. */
enum result sponsor_find(struct redis *r, const struct conf *conf,
	struct slice token, char sid[CASE_REF_MAX]) MUST_USE;
/* Uses the token up, writes the exception and the audit, marks a ticket of that
 * case as sponsored (its promised time is halved). RES_MISSING: no such token;
 * RES_EXISTS: it was used before, sid is set. */
enum result sponsor_confirm(struct redis *r, const struct conf *conf,
	const struct secret *secret, struct slice token, int64_t now_ms,
	char sid[CASE_REF_MAX]) MUST_USE;
