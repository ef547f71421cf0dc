/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/conf - one configuration file, typed, checked, immutable, counted.
 *
 * conf_load gives a snapshot with one reference. A session holds the one it
 * started with; reload makes another. Every number has a range (conf.c), every
 * name is in reprieve.conf(5). Strings are never NULL, "" means not set.
 * Threads: hold and release from any thread; the rest is read only.
 */
#pragma once

#include "base/buf.h"
#include "net/cidrset.h"
#include "net/endpoint.h"

enum conf_mode {
	CONF_ENFORCE = 0,
	CONF_MONITOR /* judge, log, refuse nobody */
};

/* What to do about one outcome of one check. */
enum conf_action {
	CONF_ACTION_IGNORE = 0,
	CONF_ACTION_ACCEPT, /* stop: trusted */
	CONF_ACTION_SCORE,
	CONF_ACTION_MARK,
	CONF_ACTION_QUARANTINE,
	CONF_ACTION_GREYLIST, /* a first contact is asked to come again */
	CONF_ACTION_TEMPFAIL,
	CONF_ACTION_REJECT
};

const char *conf_action_name(enum conf_action a);

/* When something of ours failed: on_redis_error, on_internal_error. */
enum conf_failure { CONF_FAILURE_ACCEPT = 0, CONF_FAILURE_TEMPFAIL };

struct conf_rule {
	enum conf_action action;
	double score; /* of CONF_ACTION_SCORE, -1000 to 1000 */
};

/*
 * What a check may come to, other than hit and miss (conf/words.def); the names
 * are those of the options, and a finding's detail is one of them.
 */
enum conf_result {
#define CONF_WORD(id, name, help) CONF_RESULT_##id,
#include "conf/words.def"
#undef CONF_WORD
	CONF_RESULT_COUNT
};

/* check "NAME" { hit = "reject" miss = "ignore" unknown = "ignore" }, and
 * check "iprev" { fail = "score 2" } for those with words of their own. */
struct conf_check {
	char *name;
	struct conf_rule hit;
	struct conf_rule miss;
	struct conf_rule unknown;
	struct conf_rule result[CONF_RESULT_COUNT];
	bool shadow;
};

/* What a sum of scores means; 0: nothing. */
struct conf_policy {
	double mark_at;
	double greylist_at;
	double quarantine_at;
	double reject_at;
	unsigned unknown_percent; /* of a check's answers; more: advisory */
	unsigned unknown_window; /* messages that this is a share of */
};

/* domain "example.org" { mode = "monitor" }: overrides for one recipient
 * domain. Names are folded as net/hostname does. */
struct conf_domain {
	char *name;
	bool has_mode;
	enum conf_mode mode;
	double mark_at; /* as it was said; below 0: it was not */
	double greylist_at;
	double quarantine_at;
	double reject_at;
	char **rules; /* "spf fail = score 2" */
	size_t rule_count;
	char **shadow; /* names of checks */
	size_t shadow_count;
	/* What that comes to: ask conf_check_for, conf_policy_for. */
	struct conf_policy policy;
	struct conf_check *checks; /* those it says something of, whole */
	size_t check_count;
	unsigned number; /* of its policy; 0: as the file, alike: the same */
};

struct conf_networks {
	struct cidrset *set;
	char **names; /* the same, as text */
	size_t count;
};

struct conf_milter {
	struct endpoint socket;
	char *user;
	char *group; /* "": the user's own */
	struct conf_networks trusted;
	unsigned timeout_s; /* silence after which a session ends */
	unsigned backlog;
	unsigned socket_mode; /* of a unix socket, octal in the file */
	size_t connection_memory; /* octets of the connection's arena */
	size_t message_memory;
	unsigned headers_max; /* forged copies of our field in a message */
	unsigned fields_max; /* header fields kept for the checks */
	enum conf_failure on_internal_error;
	char *secret_file; /* key of our keyed hashes */
	char *id; /* name of this node; "": the host name */
};

struct conf_redis {
	struct endpoint *servers; /* tried in this order for reads */
	size_t server_count;
	struct endpoint *sentinels;
	size_t sentinel_count;
	char *master; /* service name at the sentinels */
	char *user;
	char *password; /* from password or password_file */
	char *password_file;
	char *sentinel_user;
	char *sentinel_password;
	char *sentinel_password_file;
	unsigned database;
	char *prefix; /* "rp:" */
	unsigned timeout_ms; /* one command of the hot path */
	unsigned sync_timeout_ms; /* one command of mirror and writer */
	unsigned breaker_failures; /* misses in a row that open the breaker */
	unsigned breaker_probe_ms; /* one probe this often while open */
	unsigned pool; /* connections for details of hits */
	unsigned queue; /* writes that may wait */
	unsigned ping_ms; /* liveness of the push connection */
};

struct conf_lists {
	char *snapshot; /* "" switches it off */
	unsigned snapshot_s; /* written at most this often */
	unsigned max_age_s; /* a copy older than this is not trusted */
	unsigned loss_grace_s;
	enum conf_failure on_redis_error; /* no copy to answer from */
	char **exempt; /* local parts always reachable, lower case */
	size_t exempt_count;
	size_t entries_max;
	unsigned details_max; /* entries of the details cache */
	unsigned details_rate; /* asked for in a second */
	unsigned reason_max; /* octets of a reason kept, the rest is cut */
	size_t value_max; /* longer values make the entry ignored */
	unsigned scopes_max; /* recipient domains with lists of their own */
	unsigned trust_max; /* trusted domains */
};

struct conf_cases {
	unsigned keep_s; /* life of rp:case:<ref> */
	unsigned reuse_s; /* same network and cause keep the reference */
	unsigned reuse_max; /* causes remembered for that */
};

struct conf_dns {
	char **forward; /* "127.0.0.1@53"; none: resolv.conf */
	size_t forward_count;
	char *unbound_conf; /* file for the rest, "" */
	bool dnssec;
	char *trust_anchor; /* file with the root's keys */
	unsigned timeout_ms; /* of one question */
	unsigned end_ms; /* waited at the end of a message */
	unsigned questions_max; /* sent for one message */
	unsigned lists_ms; /* of one question to a DNS list */
	unsigned lists_max; /* of those, sent for one message */
	unsigned pending_max; /* on their way in the whole process */
	size_t cache_octets;
	unsigned cache_positive_s; /* greatest TTL believed */
	unsigned cache_negative_s;
	size_t answer_max; /* octets of one answer */
};

struct conf_auth {
	bool enabled; /* no: nothing is evaluated, nothing is written */
	char *authserv_id; /* "": host */
	bool received_spf; /* add Received-SPF, too */
	char **known_lists; /* domains of mailing lists, folded */
	size_t known_list_count;
	char *dmarc_mode; /* "treewalk" "psl" "both" */
};

struct conf_dkim {
	unsigned signatures_max; /* evaluated, at most AUTH_DKIM_MAX */
	unsigned min_key_bits; /* of RSA */
	unsigned max_key_bits;
	unsigned clock_skew_s;
};

struct conf_arc {
	char *seal_domain; /* "": no sealing */
	char *selector;
	char *key; /* file with the private key, PEM */
	char **trusted; /* domains of sealers, folded */
	size_t trusted_count;
	unsigned sets_max;
};

struct conf_portal {
	struct endpoint listen;
	bool allow_direct; /* listen on an address that is not loopback */
	char *user;
	struct conf_networks proxies; /* whose X-Forwarded-For is believed */
	unsigned connections_max;
	struct endpoint metrics; /* ENDPOINT_NONE: off */
	char *smtp; /* HOST:PORT of the MTA */
	char *from; /* "": postmaster@host */
	char *mail_host; /* of reply addresses; "": host */
	char *name; /* "": host */
	char *site; /* folder with texts of the operator; "" */
	char *language; /* "en" "es" "pt-BR" */
	char **local_domains; /* folded */
	size_t local_domain_count;
	unsigned form_min_s;
	unsigned form_max_s;
	unsigned posts_max; /* of a client in an hour */
	unsigned checks_max; /* of a client in an hour */
};

/* How a sender gets off the list. Levels count from 1. */
struct conf_delist {
	bool enabled;
	unsigned listing_s; /* level 1; doubles with each level */
	unsigned listing_max_s;
	unsigned wait2_s; /* on the list before self-service */
	unsigned wait3_s;
	unsigned review_level;
	unsigned level_drop_s; /* clean time that takes a level off */
	unsigned recent_s; /* younger evidence: still sending */
	unsigned removals_max; /* by oneself within removals_s */
	unsigned removals_s;
	unsigned parole_s;
	unsigned parole_marks;
	unsigned exception_s;
	unsigned recheck_s; /* of the name behind an exception */
	unsigned review_s; /* promised for an answer */
	unsigned token_s;
	unsigned quiet_s; /* no mail after a cancel or a bounce */
	unsigned per_client; /* hour */
	unsigned per_mailbox; /* day */
	unsigned per_domain; /* day */
	unsigned per_network; /* day */
	unsigned busy_at; /* requests an hour, of all */
	unsigned queue_at;
	unsigned work_bits;
};

struct conf_support {
	bool enabled;
	char *admin; /* "": postmaster@host */
	unsigned close_s;
	unsigned reopen_s;
	unsigned keep_s;
	unsigned per_mailbox; /* day */
	size_t text_max; /* octets of a message */
	unsigned messages_max;
	unsigned sponsor_s;
};

struct conf_geo_score;

struct conf_geo {
	char *country; /* file with countries, mmdb; empty: none */
	char *asn; /* file with networks (ASN), mmdb; empty: none */
	unsigned check_s; /* how often the files are looked at */
	size_t size_max; /* octets of a file; a larger one is not used */
	char **scores; /* what a country or network adds to the sum */
	size_t score_count;
	struct conf_geo_score *table; /* the same, by conf/confgeo */
	size_t table_count;
};

struct conf_rate {
	unsigned address_hour; /* messages of an address, or IPv6 /64, in an
				  hour; 0: any */
	unsigned network_hour; /* messages of an IPv4 /24, or IPv6 /48, in an
				  hour */
	unsigned domain_hour; /* messages of a domain in MAIL FROM in an hour */
	unsigned recipient_hour; /* messages to one recipient in an hour */
	unsigned user_hour; /* recipients of an authenticated user in an hour */
	unsigned burst; /* an hour's worth divided by this may come at once */
	unsigned ramp_first; /* messages of a new sender on its first day; 0:
				any */
	double ramp_factor; /* each next day this many times more */
	unsigned ramp_days; /* days after which there is no ramp */
	unsigned keys_max; /* full limits kept in memory */
};

struct conf_greylist {
	bool enabled; /* may a first contact be asked to come again */
	unsigned min_s; /* a retry is too early before this */
	unsigned window_s; /* a retry is too late after this */
	unsigned keep_s; /* who came back is known this long */
	unsigned ipv4_bits; /* IPv4 addresses that are one sender */
	unsigned ipv6_bits; /* the same for IPv6 */
};

struct conf_reputation {
	bool enabled; /* is it kept */
	unsigned half_life_s; /* what was seen counts half after this */
	unsigned min_messages; /* with less nothing is known */
	double score_max; /* the factor of a reputation all bad or all good */
};

struct conf_mime {
	size_t body_max; /* octets of the body that are looked at */
	unsigned parts_max; /* parts of a message */
	unsigned depth_max; /* parts within parts */
	size_t text_max; /* octets of text taken from all parts */
	unsigned links_max; /* links of a message */
	unsigned entries_max; /* entries of an archive that are listed */
};

struct conf_headers {
	char **protected; /* domains that nobody may imitate */
	size_t protected_count;
	unsigned received_max; /* Received fields; more is a loop */
	unsigned future_s; /* a Date this far ahead is of the future */
	unsigned old_s; /* a Date this long ago is old */
};

struct conf_attach {
	char **programs; /* endings of the names of programs */
	size_t program_count;
	char **macros; /* endings of the names of documents with macros */
	size_t macro_count;
};

struct conf_content {
	bool enabled; /* is it asked */
	unsigned min_learnt; /* messages of either kind before it says anything
			      */
	size_t octets_max; /* octets of a message that are read */
	double spam_max; /* the factor of what surely is spam */
	double ham_max; /* the factor of what surely is not */
	unsigned refresh_s; /* how often the model is looked at */
	unsigned examples_max; /* of both kinds, that are kept */
};

struct conf_listing {
	bool enabled; /* may the milter list an address by itself */
	double score_at; /* sum of a message that is evidence */
	unsigned messages; /* pieces of evidence that list */
	unsigned window_s; /* within this */
	char **traps; /* addresses that nobody was given */
	size_t trap_count;
};

struct conf_correspondents {
	bool enabled; /* may who was written to be put off instead of refused */
	unsigned keep_s; /* how long it is known whom a user wrote to */
	unsigned rate; /* refusals a second for which Redis is asked */
};

struct conf_facts {
	char *folder; /* where they are kept; empty: nowhere */
	unsigned keep_days; /* days after which a file goes */
	size_t file_max; /* octets of one day's file */
};

struct conf_trace {
	bool enabled; /* is it added */
	bool outbound; /* is it added to mail of our own users, too */
	unsigned key_s; /* life of a key; the one before it is still believed */
	unsigned accounts_s; /* how long the name of an account that sent is
				known */
};

struct conf_reports {
	bool enabled; /* are they taken */
	char *intake; /* program that the portal hands uploads to; empty: where
			 it was installed */
	unsigned keep_s; /* how long a report is kept */
	unsigned originals_max; /* originals of one report that are looked at */
	size_t original_max; /* octets of an original that are kept */
	size_t octets_day; /* octets of text that are kept of one day */
	unsigned tickets_day; /* tickets of a day for reports that name nothing
				 of ours */
	size_t upload_max; /* octets of the files of one form */
	unsigned per_client; /* forms of a client in an hour */
	bool ack; /* is a reporter told that his report has come */
	unsigned acks_mailbox; /* acknowledgements to a mailbox in a day */
	unsigned acks_domain; /* acknowledgements to a domain in a day */
	double weight; /* messages that one report stands for in a reputation */
	bool evidence; /* is a report of junk evidence for listing */
	bool pause; /* is an account of ours paused by reports */
	unsigned pause_at; /* reporters that pause an account */
	unsigned window_s; /* within this */
	unsigned pause_s; /* how long an account is paused; 0: until it is
			     resumed */
	bool learn; /* are reported messages offered to the classifier */
};

struct conf_fbl {
	bool enabled; /* may senders register */
	bool cfbl; /* are reports sent to CFBL-Address, too */
	bool text; /* do reports hold the text of the message, too */
	unsigned per_day; /* reports to one sender in a day */
	unsigned recheck_s; /* how often a proof is looked at again */
	unsigned link_s; /* life of the link to a sender's own page */
	unsigned per_mailbox; /* registrations, or links, of a mailbox in a day
			       */
};

struct conf_traffic {
	bool enabled; /* are they kept */
	unsigned keep_days; /* days that are kept */
};

struct conf_dmarc {
	bool rows; /* are results kept for aggregate reports */
	unsigned keep_s; /* how long results wait to be sent */
	unsigned rows_max; /* rows of one domain and day */
	unsigned domains_max; /* domains of one day */
	size_t rows_octets; /* octets of the rows of one day */
	char *org_name; /* who we are in reports; empty: host */
	char *email; /* our address in reports; empty: that of portal.from */
	char *contact; /* where questions about reports are answered */
	size_t size_max; /* octets of one report by mail */
	bool failure_reports; /* is each failure reported to ruf, too */
	unsigned failures_hour; /* failure reports to one domain in an hour */
	unsigned summary_days; /* days for which reports of others are kept */
	size_t summary_octets; /* of reports of others in one day */
	size_t report_max; /* octets of a report of others, unpacked */
};

/* Answers from first to last (host order) add weight. */
struct conf_zone_code {
	uint32_t first;
	uint32_t last;
	double weight;
};

/* Whose names a zone of domains is asked for; bits. */
enum conf_zone_subject {
	CONF_ZONE_HELO = 1,
	CONF_ZONE_SENDER = 2,
	CONF_ZONE_AUTHOR = 4,
	CONF_ZONE_LINK = 8
};

/* dnsbl "ZONE" { ... }: one DNS list (RFC 5782), folded. */
struct conf_zone {
	char *name;
	char *asks; /* address or domain */
	char *is; /* block or allow */
	char **codes; /* what the answers add to the sum */
	size_t code_count;
	double score; /* what any other answer adds */
	char *families; /* both, ipv4 or ipv6 */
	char **subjects; /* which names are asked for */
	size_t subject_count;
	char *removal; /* where a sender gets off this list */
	bool selftest; /* is it tested each hour */
	bool shadow; /* judge and log, do not enforce */
	/* What the texts above mean (conf/confzone). */
	bool is_domain; /* asked for names, not addresses */
	bool is_allow;
	bool has_v4;
	bool has_v6;
	unsigned asked; /* enum conf_zone_subject */
	struct conf_zone_code *weights;
	size_t weight_count;
};

struct conf_metrics {
	struct endpoint listen; /* ENDPOINT_NONE: off */
	bool allow_direct; /* listen on an address that is not loopback */
};

struct conf_log {
	char *target; /* "syslog" or "stderr" */
	char *level; /* error warning notice info debug */
};

struct conf {
	char *path; /* the file it came from */
	char *host;
	char *portal_url; /* without a trailing slash */
	enum conf_mode mode;
	struct conf_milter milter;
	struct conf_redis redis;
	struct conf_lists lists;
	struct conf_cases cases;
	struct conf_policy policy;
	struct conf_dns dns;
	struct conf_auth auth;
	struct conf_dkim dkim;
	struct conf_arc arc;
	struct conf_portal portal;
	struct conf_delist delist;
	struct conf_support support;
	struct conf_metrics metrics;
	struct conf_geo geo;
	struct conf_rate rate;
	struct conf_greylist greylist;
	struct conf_reputation reputation;
	struct conf_mime mime;
	struct conf_headers headers;
	struct conf_attach attach;
	struct conf_content content;
	struct conf_listing listing;
	struct conf_correspondents correspondents;
	struct conf_facts facts;
	struct conf_trace trace;
	struct conf_reports reports;
	struct conf_fbl fbl;
	struct conf_traffic traffic;
	struct conf_dmarc dmarc;
	struct conf_log log;
	struct conf_check *checks;
	size_t check_count;
	struct conf_domain *domains; /* sorted by name */
	size_t domain_count;
	struct conf_zone *zones; /* in the order of the file */
	size_t zone_count;
};

/*
 * Reads and checks the file. On RES_OK *out is a snapshot with one reference.
 * Otherwise *out is NULL. errors gets every fault found, one line each,
 * "FILE:LINE: TEXT", and warnings of the same shape on RES_OK too (a section
 * that this version knows but does not act on yet).
 * RES_MISSING, RES_DENIED: the file itself; RES_SYNTAX: all else.
 */
enum result conf_load(
	const char *path, struct conf **out, struct buf *errors) MUST_USE;

/* The same from text; name stands for the file in messages. */
enum result conf_load_text(const char *name, struct slice text,
	struct conf **out, struct buf *errors) MUST_USE;

struct conf *conf_hold(struct conf *c);
void conf_release(struct conf *c); /* NULL is fine */

/* The rule set of a check; the built-in default when the file has none. */
const struct conf_check *conf_check_find(
	const struct conf *c, const char *name);
/* The name of the option, static. */
const char *conf_result_name(enum conf_result r);
/* The rule for the result of that name, or NULL when there is no such word. */
const struct conf_rule *conf_check_rule(
	const struct conf_check *c, const char *result);
/* The section of this recipient domain (folded; may be ""), or NULL. */
const struct conf_domain *conf_domain_find(
	const struct conf *c, struct slice domain);
/* The rule set of a check, and the thresholds, for recipients of that domain;
 * d NULL: those of the file. */
const struct conf_check *conf_check_for(
	const struct conf *c, const struct conf_domain *d, const char *name);
const struct conf_policy *conf_policy_for(
	const struct conf *c, const struct conf_domain *d);
bool conf_is_exempt(const struct conf *c, struct slice local_part);

/* Every option with its value, as a file that loads to the same snapshot. */
void conf_print(const struct conf *c, struct buf *out);
