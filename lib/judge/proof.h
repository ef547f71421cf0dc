/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/proof - a message from a listed address to "delist+TOKEN" shows that
 * whoever asked for its removal has that address.
 *
 * No browser and no letter is needed for it: the address of the client is the
 * proof. Shown at the end of the message, so that a caller that only tries
 * recipients shows nothing. Nor does a message with the null sender: anybody
 * can make a server send a bounce to an address of his choice. Threads: any.
 */
#pragma once

#include "net/ipaddr.h"
#include "store/token.h"

/* Who carries it out; a fake in tests. */
struct proof {
	/* False: could not be asked, the message is to come again. */
	bool (*show)(void *at, const struct ipaddr *client,
		const char token[TOKEN_TEXT_MAX]);
	void *at;
};

/* The token in the local part of a recipient, which is read without case.
 * False: there is none, *token is untouched. */
bool proof_read(struct slice local, char token[TOKEN_TEXT_MAX]);
