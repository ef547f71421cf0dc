/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/xarf - a report in JSON: XARF, version 4 and, as it is still sent,
 * version 3 (https://xarf.org).
 *
 * All of it is a claim of who wrote it. What must be there and is not is told
 * (is_malformed), and the rest is used all the same. Threads: plain data.
 */
#pragma once

#include "net/ipaddr.h"
#include "store/report.h"

enum {
	XARF_TEXT_MAX = 2 * 1024 * 1024,
	XARF_VALUES_MAX = 10000, /* of the whole text, about */
	XARF_WORD_MAX = 255, /* octets of a word that is used */
	XARF_EVIDENCE_MAX = 20 /* messages; the rest is left out */
};

struct xarf_message {
	struct slice octets;
	bool is_header; /* its header alone */
};

struct xarf {
	unsigned version; /* 3 or 4 */
	enum report_kind kind; /* messaging is junk; phishing, fraud */
	/* "" when it does not say so: */
	struct slice category, type; /* "messaging" "spam" */
	struct slice report_id, timestamp;
	struct slice org, contact, domain; /* of who reports */
	struct slice smtp_from;
	struct ipaddr ip; /* the source, when that is an address */
	bool has_ip;
	uint16_t port; /* of the source; 0: none */
	struct xarf_message message[XARF_EVIDENCE_MAX]; /* the evidence */
	size_t count;
	bool is_malformed;
	const char *why; /* the name of what is wrong; static, NULL: nothing */
};

/*
 * All is owned by a. RES_SYNTAX: this is no JSON, or no XARF of those versions;
 * RES_TOOBIG: more than XARF_TEXT_MAX, or too many values; RES_NOMEM. *out is
 * untouched then.
 */
enum result xarf_parse(
	struct slice text, struct arena *a, struct xarf *out) MUST_USE;
