/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/keys - every key of ours in Redis, and how the names of lists read.
 *
 * reprieve-redis(7) is this file in prose. P stands for the prefix, "rp:".
 *
 *   Pblock:SUBJECT         Pallow:SUBJECT         global lists
 *   Pblock@DOMAIN:SUBJECT  Pallow@DOMAIN:SUBJECT  of one recipient domain
 *     SUBJECT  an address or a CIDR in any spelling that net/cidr reads;
 *              asn:N, country:CC, domain:NAME, user:HASH (store/subject)
 *   Ptrust:arc:DOMAIN      any type; its presence counts, the value is for
 *   Ptrust:list:DOMAIN     people: seals of that domain, and of those below
 *                          it, are believed; mailing lists of it are known
 *   Pcase:REF              HASH, evidence of a refusal
 *   Pnode:ID               HASH, heartbeat of a milter, 60 s
 *   Plists:generation      STRING, marks a living database
 *   Pfeed:NAME             HASH, what import did last for that source
 *   Paudit                 STREAM, every change of a list
 *   Pcorr:HASH             whom users write to, see store/correspond
 *   Ptrace:keys            keys of traces, see store/tracekeys
 *   Paccount:HASH          accounts that send, see store/account
 *   Prate: Prep: Pgrey:    what is remembered of senders, see store/ledger
 *   Ptraffic:DAY:        numbers of a sender, see store/traffic
 *   Pevidence:NET          ZSET, bad messages, see store/offences
 *   Pfbl:                  who registered for feedback, see store/fbl
 *   Pdmarc:                of reports about DMARC: store/aggregate, failure
 *   Pdmarcin:              reports about DMARC of others, see store/dmarcin
 *   Pupload:ID             what a visitor reports, see store/upload
 *   Pcontent:              what the classifier was taught, see store/lessons
 *   Preport: Pcomplaint:   abuse reports, see store/report
 *
 * The canonical name of an entry has its network as cidr_format writes it
 * (host bits zero, lower case, no "/32" or "/128") and its domain folded; any
 * other spelling is an alias of it, as is every key of a SUBJECT_DOMAIN.
 * Threads: plain data.
 */
#pragma once

#include "base/buf.h"
#include "net/cidr.h"
#include "net/hostname.h"

enum list_kind { LIST_BLOCK = 0, LIST_ALLOW };

enum { LIST_KINDS = 2 };

/* "block" or "allow", as in the key. Static. */
const char *list_kind_name(enum list_kind k);

enum list_subject {
	SUBJECT_UNKNOWN = 0,
	SUBJECT_NET,
	SUBJECT_DOMAIN,
	SUBJECT_ASN,
	SUBJECT_COUNTRY,
	SUBJECT_USER /* a local account, by its hash: store/account */
};

enum { SUBJECTS = 6 };

struct list_name {
	enum list_kind kind;
	enum list_subject subject;
	char scope[HOSTNAME_MAX]; /* recipient domain folded, "" for global */
	struct cidr net; /* of all others: its place, see store/subject */
	bool is_canonical; /* list_name_format gives the same octets */
	bool is_slashed; /* the canonical name with "/32" or "/128" behind it */
};

enum { LIST_NAME_MAX = 512 }; /* a longer key is not a name of ours */

/*
 * Reads the name of a key. RES_MISSING: not of a list at all (another key);
 * RES_SYNTAX, RES_RANGE, RES_TOOBIG: of a list, but nonsense. *out is
 * untouched on error.
 */
enum result list_name_parse(
	struct list_name *out, struct slice prefix, struct slice key) MUST_USE;

/*
 * The canonical key, with a NUL; returns its length. 0 and "": the prefix is
 * too long to leave room for it. A SUBJECT_DOMAIN has none: what comes out
 * tells it from all others, and is never in Redis.
 */
size_t list_name_format(const struct list_name *n, struct slice prefix,
	char out[LIST_NAME_MAX]);

/* What the names of trusted domains begin with, behind the prefix. */
#define TRUST_KEY "trust:"

enum trust_kind { TRUST_ARC = 0, TRUST_LIST };

/* "arc", "list". False: neither, *out is untouched. */
bool trust_kind_parse(struct slice word, enum trust_kind *out);

struct trust_name {
	enum trust_kind kind;
	char domain[HOSTNAME_MAX]; /* folded */
};

/*
 * Reads the name of a key. RES_MISSING: another key. RES_SYNTAX: of another
 * kind, no domain, or one of a single label, which would be a whole top level.
 * RES_TOOBIG. *out is untouched on error.
 */
enum result trust_name_parse(
	struct trust_name *out, struct slice prefix, struct slice key) MUST_USE;

/* P + fixed part + rest, e.g. keys_format(&b, prefix, "case:", ref). */
void keys_format(struct buf *out, struct slice prefix, const char *fixed,
	struct slice rest);

/* Wider than /8 (IPv4) or /16 (IPv6): counts only with "force yes". */
bool list_net_needs_force(const struct cidr *net);
