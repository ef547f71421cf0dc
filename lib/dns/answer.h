/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns/answer - what came back for one question.
 *
 * Immutable and counted: cache and sessions share it. Three answers and
 * "could not tell"; why says what went wrong, for a human and for metrics.
 * Rdata is wire format with names uncompressed (RFC 1035 s3.3).
 * Threads: hold and release from any; the rest is read only.
 */
#pragma once

#include "base/slice.h"

struct arena;

/* RFC 1035 s3.2.2, RFC 3596; any other value of 16 bits is fine, too. */
enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28
};

enum dns_status {
	DNS_UNKNOWN = 0, /* could not tell: see why */
	DNS_FOUND, /* count >= 1 */
	DNS_NODATA, /* the name exists, nothing of that type */
	DNS_NXDOMAIN /* no such name (RFC 8020: nor any below it) */
};

enum dns_why {
	DNS_WHY_NONE = 0,
	DNS_WHY_TIMEOUT, /* past the question's or the command's deadline */
	DNS_WHY_SERVFAIL,
	DNS_WHY_REFUSED, /* any other rcode */
	DNS_WHY_BOGUS, /* DNSSEC says forged */
	DNS_WHY_NAME, /* status NXDOMAIN: no such name can exist (RFC 1035
			 s2.3.4: label of 0 or over 63 octets, over 253) */
	DNS_WHY_BUDGET, /* dns.questions_max of this message is used up */
	DNS_WHY_QUEUE, /* dns.pending_max questions are on their way */
	DNS_WHY_TOOBIG, /* more than dns.answer_max octets or records */
	DNS_WHY_DOWN, /* no resolver */
	DNS_WHY_NOMEM
};

const char *dns_status_name(enum dns_status s);
/* A phrase, e.g. "no answer in time", "server failure"; "" for none. */
const char *dns_why_text(enum dns_why w);
/* "TXT", "A" ...; "?" for others. Static. */
const char *dns_type_name(enum dns_type t);

struct dns_answer {
	enum dns_status status;
	enum dns_why why;
	bool is_secure; /* validated by DNSSEC */
	uint32_t ttl_s; /* as it came; 0 for what is not an answer */
	size_t count;
	const struct slice *rdata; /* count of them */
	struct slice why_bogus; /* the library's words, or "" */
};

struct dns_answer *dns_answer_hold(struct dns_answer *a);
void dns_answer_release(struct dns_answer *a); /* NULL is fine */

/*
 * A new one with one reference. rdata is copied. NULL: no memory. Of the
 * model count, rdata and why_bogus are read as they stand.
 */
struct dns_answer *dns_answer_new(const struct dns_answer *model) MUST_USE;

/* ---- rdata to something handy; RES_SYNTAX: not of that form ---- */

/* All character-strings of a TXT joined without blanks (RFC 7208 s3.3, RFC
 * 6376 s3.6.2.2); may hold any octet. RES_NOMEM. */
enum result dns_txt_join(
	struct slice rdata, struct arena *a, struct slice *out) MUST_USE;

/* A wire name as text without its last dot, e.g. "mx.example.org"; octets that
 * are no printable ASCII, dots within a label, and backslashes as \DDD. The
 * root is ".". */
enum result dns_name_text(
	struct slice wire, struct arena *a, struct slice *out) MUST_USE;

/* MX: preference, and the rest as a wire name. */
enum result dns_mx_split(
	struct slice rdata, uint16_t *preference, struct slice *name) MUST_USE;

struct ipaddr;
/* The name under which an address' PTR lives (RFC 1035 s3.5, RFC 3596 s2.5):
 * "1.2.0.192.in-addr.arpa". out of 80 octets; returned. */
const char *dns_reverse_name(const struct ipaddr *ip, char out[80]);

/* Is that address among the records of an answer for A (IPv4) or AAAA? */
bool dns_answer_has_address(
	const struct dns_answer *a, const struct ipaddr *ip);
