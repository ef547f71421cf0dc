/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/portal/desk - a site with an MTA, a visitor who fills in the form of
 * removal, and a worker that does one job when it is told to. Threads: one.
 */
#pragma once

#include "store/case.h"
#include "store/token.h"
#include "support/smtp_server.h"
#include "unit/portal/site.h"

struct desk {
	struct site site;
	struct smtp_server *mta;
	char rid[CASE_REF_MAX]; /* of the last request */
	struct smtp_letter letter; /* the last */
};

/* more: further sections of the conf but portal. */
void desk_open(struct desk *d, const char *more);
void desk_close(struct desk *d);

/* Reads the form at target, waits until it may be sent, and sends it with
 * fields ("mail=...&ip=...") and its stamp. */
void desk_send(struct desk *d, const char *form, const char *action,
	const char *fields);
/* A whole request for ip; its page is shown, and rid is set. */
void desk_ask(struct desk *d, const char *mail, const char *ip);

/* Goes where the last answer leads. */
void desk_follow(struct desk *d);

/* Takes one job and does it; its result by name, "none" when there is none. */
const char *desk_work(struct desk *d);
/* The next letter, as it was sent; fails the test when there is none. */
void desk_letter(struct desk *d);
/* Its text, decoded, into out. */
const char *desk_letter_text(const struct desk *d, char *out, size_t size);

/* "/c/TOKEN" of the last request. */
const char *desk_link(
	const struct desk *d, enum token_purpose purpose, char out[64]);

/* One field of the request in Redis. */
const char *desk_field(const struct desk *d, const char *field, char out[256]);
