/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list/paused - check "account": is the account of ours that sends paused?
 *
 * An entry rp:block:user:HASH pauses it until the entry ends or is taken away;
 * one of the same name that allows it beats that. Of the account (store/
 * account): the name that the MTA authenticated, or, of a client in
 * milter.trusted, the address in MAIL FROM. A local submission has no account
 * here: nothing but the end of its message could refuse it, by a bounce.
 * service of check_input is a struct paused_service.
 *
 * HIT with the detail "paused", subject = the key, evidence = the reason,
 * until_s = when it ends; shadow set when only a shadow entry says so. Nothing
 * is added when it is not paused, and when nobody could tell: an account is
 * paused only by what is known. Threads: any.
 */
#pragma once

#include "fact/check.h"

struct blocklist;
struct secret;

struct paused_service {
	struct blocklist *list;
	const struct secret *secret; /* NULL: no account has a hash */
};

check_run paused_run;

/* The account of that session and transaction; empty: none. Borrowed. */
struct slice paused_account(
	const struct conn *conn, const struct envelope *envelope);
