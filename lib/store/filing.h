/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/filing - what a ticket and a sponsorship have in common when they are
 * filed and confirmed: the limits, and the token of their letter.
 * Threads: as store/redis.
 */
#pragma once

#include "mail/mailbox.h"
#include "net/ipaddr.h"
#include "store/case.h"
#include "store/redis.h"
#include "store/secret.h"

struct conf;

enum filing_answer {
	FILING_GOOD = 0,
	FILING_SILENT, /* the mailbox gets no more letters: nobody is told */
	FILING_LIMITED /* the visitor asks too often: wait_s */
};

struct filing_question {
	const char *client_limit; /* names of store/limit */
	const char *mailbox_limit;
	const struct ipaddr *client; /* NULL: not known */
	struct slice mailbox; /* its keyed hash */
	unsigned mailbox_most; /* a day */
	const char *domain_limit; /* NULL: none, for those of our own */
	struct slice domain;
};

/* A mailbox in all its spellings (mail/mailbox) has one name and one hash. */
struct filing_mailbox {
	char name[MAILBOX_TEXT_MAX];
	char hash[SECRET_HASH_MAX]; /* keyed */
};

/* RES_NOMEM, RES_TOOBIG. */
enum result filing_name(const struct secret *secret, struct slice mailbox,
	struct filing_mailbox *out) MUST_USE;

/* Takes one of delist.per_client, then, when there was room, one of the
 * mailbox, then one of delist.per_domain; so the visitor pays for those that
 * are silent, too. */
enum result filing_ask(struct redis *r, const struct conf *conf,
	const struct filing_question *q, int64_t now_ms,
	enum filing_answer *out, int64_t *wait_s) MUST_USE;

/* What a token that token_parse has read is for, when it is of that purpose.
 * Changes nothing. RES_MISSING. */
enum result filing_find(struct redis *r, const struct conf *conf,
	const char *token, const char *purpose, char id[CASE_REF_MAX]) MUST_USE;
