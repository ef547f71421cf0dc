/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/arf - the fields of a feedback report (RFC 5965 s3, RFC 6591, RFC 6692,
 * RFC 9991), read and written.
 *
 * All that is read is a claim of who wrote the report. What must be there once
 * and is not, or twice, makes it malformed (s3.1), which is told, and what can
 * be read is used all the same (RFC 6650 s5.5). Threads: plain data.
 */
#pragma once

#include "base/buf.h"
#include "net/ipaddr.h"

enum arf_type {
	ARF_UNKNOWN = 0,
	ARF_ABUSE,
	ARF_FRAUD,
	ARF_VIRUS,
	ARF_OTHER,
	ARF_NOT_SPAM, /* RFC 6430 */
	ARF_AUTH_FAILURE, /* RFC 6591 */
	ARF_OPT_OUT
};

/* "abuse" ...; "unknown". Static. */
const char *arf_type_name(enum arf_type t);

enum { ARF_OCTETS_MAX = 65536, ARF_FIELDS_MAX = 200, ARF_LIST_MAX = 16 };

struct arf {
	enum arf_type type;
	unsigned version; /* 0: none */
	struct slice user_agent;
	struct slice arrival_date; /* or Received-Date; as it came */
	struct slice mail_from; /* Original-Mail-From, as it came */
	struct slice rcpt_to[ARF_LIST_MAX];
	size_t rcpt_count;
	struct slice envelope_id;
	struct slice reporting_mta;
	struct ipaddr source_ip;
	bool has_source_ip;
	uint16_t source_port; /* RFC 6692; 0: none */
	unsigned incidents; /* at least 1 */
	struct slice reported_domain[ARF_LIST_MAX];
	size_t domain_count;
	struct slice reported_uri[ARF_LIST_MAX];
	size_t uri_count;
	struct slice authentication_results[ARF_LIST_MAX];
	size_t results_count;
	struct slice auth_failure; /* RFC 6591 s3.2.1 */
	struct slice delivery_result;
	struct slice dkim_domain, dkim_identity, dkim_selector;
	struct slice identity_alignment; /* RFC 9991 */
	bool is_malformed;
	const char *why; /* of is_malformed; static, NULL: it is not */
};

/* Slices are parts of text. RES_SYNTAX: not one field of a report in it;
 * RES_TOOBIG. *out is untouched then. */
enum result arf_parse(struct slice text, struct arf *out) MUST_USE;

/* Writes the fields (those that are set), lines end in CRLF, no blank line.
 * Octets that cannot stand in a field are left out. RES_TOOBIG, RES_NOMEM. */
enum result arf_format(const struct arf *a, struct buf *out) MUST_USE;
