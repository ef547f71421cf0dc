/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/token - one-time tokens of confirmation links, kept as hashes only.
 *
 * A token is 128 bits in Crockford base32, lower case, so that it fits into an
 * URL, the local part of an address and a TXT record. It is made of the secret,
 * its purpose and the thing it is for: whoever sends a letter again makes the
 * same one, and nothing that could be stolen lies in Redis but its SHA-256:
 *   Ptoken:SHA256HEX  HASH: purpose, id; EXPIRE
 * Using it up is part of the script that does what it allows. Threads: any.
 */
#pragma once

#include "base/slice.h"

struct buf;
struct secret;

enum { TOKEN_LEN = 26, TOKEN_TEXT_MAX = TOKEN_LEN + 1, TOKEN_HASH_MAX = 65 };

enum token_purpose {
	TOKEN_NONE = 0,
	TOKEN_MAIL, /* of a delist request: who reads that mailbox */
	TOKEN_ADDRESS, /* of a delist request: who has that IP address */
	TOKEN_CANCEL, /* "I did not ask for this" */
	TOKEN_TICKET, /* the mailbox of a ticket */
	TOKEN_SPONSOR, /* the mailbox of a recipient who vouches */
	TOKEN_FBL, /* the mailbox of who registers for feedback */
	TOKEN_FBL_RECORD, /* the same, in the TXT record that shows control */
	TOKEN_FBL_PAGE, /* a registered sender's own page */
	TOKEN_FBL_END /* "no more reports" */
};

/* "mail", "address", "cancel", "ticket", "sponsor", "fbl", "fbl-record",
 * "fbl-page", "fbl-end"; "" for none. Static. */
const char *token_purpose_name(enum token_purpose p);
/* TOKEN_NONE: no such word. */
enum token_purpose token_purpose_parse(struct slice word);

/* id: of the request, ticket or sponsorship. RES_NOMEM. */
enum result token_make(const struct secret *s, enum token_purpose purpose,
	struct slice id, char out[TOKEN_TEXT_MAX]) MUST_USE;

/* Folds case, and I L O as Crockford does. RES_SYNTAX: not a token, and out is
 * untouched. */
enum result token_parse(struct slice text, char out[TOKEN_TEXT_MAX]) MUST_USE;

/* Adds the name of its key, P"token:SHA256HEX", to out. RES_NOMEM, RES_TOOBIG.
 */
enum result token_key(const char token[TOKEN_TEXT_MAX], struct slice prefix,
	struct buf *out) MUST_USE;
