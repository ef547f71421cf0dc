/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth/arcseal - one set more on a message that is forwarded (RFC 8617 s5.1).
 *
 * The results are those of our own Authentication-Results, the chain's status
 * is our own validation (fact/auth): none makes set 1, pass the next one, fail
 * one that says cv=fail and covers itself alone (s5.1.2). Nothing is sealed
 * where that could not be told (temperror, header not complete, a field that
 * may be cut), on top of a seal that says cv=fail already, or past set 50.
 *
 * The message signature is relaxed/relaxed, and covers the message as it came:
 * From (one more than there are, so that none can be added) and those fields
 * that a reader sees or a list sets, DKIM-Signature among them; never
 * Authentication-Results, Received, Return-Path, X-Reprieve or ARC's own, so
 * that what we delete and insert there changes nothing.
 * Threads: seal from any.
 */
#pragma once

#include "base/buf.h"
#include "fact/auth.h"

struct arena;
struct arcseal;
struct arcseal_body;
struct conf_arc;
struct message;

/*
 * Reads the key. RES_OK with *out NULL: no seal_domain, nothing is to be
 * sealed. Otherwise why says what is wrong in one line; RES_SYNTAX: domain and
 * selector make no name, and as privkey_read.
 */
enum result arcseal_open(const struct conf_arc *conf, struct buf *why,
	struct arcseal **out) MUST_USE;
void arcseal_close(struct arcseal *s); /* NULL is fine */

/* The body's digest: from the end of the header on. NULL: no memory. */
struct arcseal_body *arcseal_body_new(void) MUST_USE;
void arcseal_body_add(struct arcseal_body *b, struct slice piece);
void arcseal_body_free(struct arcseal_body *b); /* NULL is fine */

struct arcseal_input {
	const struct message *message;
	const struct arc_fact *arc;
	/* The value of our Authentication-Results, from its blank on, folded
	 * with LF HT (auth/authres). */
	struct slice results;
	int64_t wall_s;
};

/*
 * Values with their leading blank, folded with LF HT. To be inserted on top:
 * results first, then message, seal last. Names: auth/arcset.
 */
struct arcseal_set {
	const char *skipped; /* why there is none, static; NULL: there is one */
	unsigned instance;
	struct slice results;
	struct slice message;
	struct slice seal;
};

/* Ends the body. *out is owned by a. RES_NOMEM, RES_TOOBIG. */
enum result arcseal_make(const struct arcseal *s,
	const struct arcseal_input *in, struct arcseal_body *body,
	struct arena *a, struct arcseal_set *out) MUST_USE;
