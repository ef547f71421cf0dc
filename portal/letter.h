/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/letter - letters from templates (NAME.txt), in the language of whom
 * they go to.
 *
 * RFC 5322, UTF-8 in quoted-printable, "Auto-Submitted: auto-replied" (RFC
 * 3834 s3.1.7), From portal.from, Message-ID of the job so that a letter that
 * is sent twice is one. The first line of a template is the subject. No text
 * of a stranger is in them but an address re-printed from its octets.
 * Threads: any.
 */
#pragma once

#include "base/buf.h"
#include "web/language.h"

struct conf;
struct context_view;
struct view;

enum { LETTER_TEXT_MAX = 65536, LETTER_MAX = 256 * 1024 };

struct letter_parts {
	const char *template;
	enum language language;
	const struct view *view;
	const char *to; /* mail address */
	const char *reply_to; /* or "" */
	const char *id; /* left part of the Message-ID: letters, digits, - . */
	int64_t now_ms;
};

/* RES_SYNTAX: an address that cannot stand in a header; RES_NOMEM, RES_TOOBIG,
 * RES_MISSING (no such template). */
enum result letter_write(const struct context_view *site,
	const struct letter_parts *parts, struct buf *out) MUST_USE;

/* portal.mail_host, or host. Borrowed from conf. */
const char *letter_host(const struct conf *conf);

/* portal.from, or postmaster@host, which is made in room (LETTER_FROM_MAX). */
enum { LETTER_FROM_MAX = 320 };
const char *letter_from(const struct conf *conf, struct buf *room);
