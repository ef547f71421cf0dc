/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conftable.h"

#include "conf/conf.h"

#include <string.h>

/* clang-format off */
#define IN(field) offsetof(struct conf, field)
#define CHECK(field) offsetof(struct conf_check, field)
#define DOMAIN(field) offsetof(struct conf_domain, field)

static const char *const log_targets[] = { "syslog", "stderr", NULL };
static const char *const log_levels[] = {
	"error", "warning", "notice", "info", "debug", NULL
};

static const char *const dmarc_modes[] = {
	"treewalk", "psl", "both", NULL
};

static const char *const languages[] = { "en", "es", "pt-BR", NULL };

const struct conf_section conf_sections[] = {
	{ "", false, CONF_IN_CONF, "what this site is called" },
	{ "milter", false, CONF_IN_CONF, "the door to the MTA" },
	{ "redis", false, CONF_IN_CONF, "where the lists and cases live" },
	{ "lists", false, CONF_IN_CONF, "the copy of the lists in memory" },
	{ "cases", false, CONF_IN_CONF, "the evidence behind a reference" },
	{ "policy", false, CONF_IN_CONF, "what a sum of scores means" },
	{ "check", true, CONF_IN_CHECK, "what one check's answer means" },
	{ "domain", true, CONF_IN_DOMAIN, "one recipient domain" },
	{ "portal", false, CONF_IN_CONF, "the web site for refused senders" },
	{ "delist", false, CONF_IN_CONF, "how a sender gets off the list" },
	{ "support", false, CONF_IN_CONF, "tickets, and recipients who vouch" },
	{ "metrics", false, CONF_IN_CONF, "numbers for Prometheus" },
	{ "log", false, CONF_IN_CONF, "where log lines go" },
	{ "dns", false, CONF_IN_CONF, "the resolver" },
	{ "auth", false, CONF_IN_CONF, "who a message is really from" },
	{ "dkim", false, CONF_IN_CONF, "signatures of a message" },
	{ "arc", false, CONF_IN_CONF, "seals of who forwarded it" },
	{ "geo", false, CONF_NOWHERE, "country and network of an address" },
	{ "content", false, CONF_NOWHERE, "the classifier that learns" },
};
const size_t conf_section_count =
	sizeof(conf_sections) / sizeof(conf_sections[0]);

const struct conf_row conf_rows[] = {
	{ "", "host", CONF_KIND_HOST, 1, 253, NULL, IN(host), 0,
		CONF_IN_CONF, true, NULL,
		"our name in log lines and headers" },
	{ "", "portal_url", CONF_KIND_URL, 1, 128, NULL, IN(portal_url), 0,
		CONF_IN_CONF, true, NULL,
		"what the address in a refusal begins with" },
	{ "", "mode", CONF_KIND_MODE, 0, 0, "enforce", IN(mode), 0,
		CONF_IN_CONF, false, NULL,
		"enforce, or monitor: judge, log, refuse nobody" },
	{ "", "dmarc_mode", CONF_KIND_CHOICE, 0, 0, "treewalk",
		IN(auth.dmarc_mode), 0, CONF_IN_CONF, false, dmarc_modes,
		"how DMARC finds the organisation behind a domain" },

	{ "milter", "socket", CONF_KIND_ENDPOINT, 0, 0, NULL,
		IN(milter.socket), 0, CONF_IN_CONF, true, NULL,
		"where the MTA finds us" },
	{ "milter", "user", CONF_KIND_USER, 0, 32, "reprieve",
		IN(milter.user), 0, CONF_IN_CONF, false, NULL,
		"who we become when started as root" },
	{ "milter", "group", CONF_KIND_USER, 0, 32, "", IN(milter.group), 0,
		CONF_IN_CONF, false, NULL,
		"group of the unix socket; empty: the user's own" },
	{ "milter", "trusted", CONF_KIND_NETWORKS, 0, 0,
		"127.0.0.0/8 ::1", IN(milter.trusted), 0,
		CONF_IN_CONF, false, NULL,
		"clients that are never judged" },
	{ "milter", "timeout_s", CONF_KIND_NUMBER, 10, 7200, "300",
		IN(milter.timeout_s), 0, CONF_IN_CONF, false, NULL,
		"silence after which a session ends" },
	{ "milter", "backlog", CONF_KIND_NUMBER, 1, 65535, "1024",
		IN(milter.backlog), 0, CONF_IN_CONF, false, NULL,
		"connections that may wait to be taken" },
	{ "milter", "socket_mode", CONF_KIND_OCTAL, 0600, 0777, "0660",
		IN(milter.socket_mode), 0, CONF_IN_CONF, false, NULL,
		"mode of a unix socket" },
	{ "milter", "connection_memory", CONF_KIND_SIZE, 16384, 16777216,
		"65536", IN(milter.connection_memory), 0,
		CONF_IN_CONF, false, NULL,
		"octets one connection may use" },
	{ "milter", "message_memory", CONF_KIND_SIZE, 65536, 268435456,
		"1048576", IN(milter.message_memory), 0,
		CONF_IN_CONF, false, NULL,
		"octets one message may use" },
	{ "milter", "headers_max", CONF_KIND_NUMBER, 50, 100000, "1000",
		IN(milter.headers_max), 0, CONF_IN_CONF, false, NULL,
		"forged copies of our header field that are removed" },
	{ "milter", "fields_max", CONF_KIND_NUMBER, 100, 100000, "1000",
		IN(milter.fields_max), 0, CONF_IN_CONF, false, NULL,
		"header fields of a message that checks get to see" },
	{ "milter", "on_internal_error", CONF_KIND_FAILURE, 0, 0, "tempfail",
		IN(milter.on_internal_error), 0, CONF_IN_CONF, false, NULL,
		"accept or tempfail when we ourselves fail" },
	{ "milter", "secret_file", CONF_KIND_PATH, 0, 1024,
		"/var/lib/reprieve/secret", IN(milter.secret_file), 0,
		CONF_IN_CONF, false, NULL,
		"key of the hashes that stand for addresses" },
	{ "milter", "id", CONF_KIND_TEXT, 0, 64, "", IN(milter.id), 0,
		CONF_IN_CONF, false, NULL,
		"name of this node; empty: the name of the machine" },

	{ "redis", "servers", CONF_KIND_ENDPOINTS, 0, 16, "",
		IN(redis.servers), IN(redis.server_count),
		CONF_IN_CONF, false, NULL,
		"Redis servers, tried in this order" },
	{ "redis", "sentinel", CONF_KIND_ENDPOINTS, 0, 16, "",
		IN(redis.sentinels), IN(redis.sentinel_count),
		CONF_IN_CONF, false, NULL,
		"sentinels that know where the primary is" },
	{ "redis", "master", CONF_KIND_TEXT, 0, 128, "", IN(redis.master), 0,
		CONF_IN_CONF, false, NULL,
		"name of the service at the sentinels" },
	{ "redis", "user", CONF_KIND_TEXT, 0, 128, "", IN(redis.user), 0,
		CONF_IN_CONF, false, NULL,
		"ACL user; empty: the default user" },
	{ "redis", "password", CONF_KIND_SECRET, 0, 512, "",
		IN(redis.password), 0, CONF_IN_CONF, false, NULL,
		"its password" },
	{ "redis", "password_file", CONF_KIND_PATH, 0, 1024, "",
		IN(redis.password_file), 0, CONF_IN_CONF, false, NULL,
		"file with the password in its first line" },
	{ "redis", "sentinel_user", CONF_KIND_TEXT, 0, 128, "",
		IN(redis.sentinel_user), 0, CONF_IN_CONF, false, NULL,
		"ACL user at the sentinels" },
	{ "redis", "sentinel_password", CONF_KIND_SECRET, 0, 512, "",
		IN(redis.sentinel_password), 0, CONF_IN_CONF, false, NULL,
		"its password" },
	{ "redis", "sentinel_password_file", CONF_KIND_PATH, 0, 1024, "",
		IN(redis.sentinel_password_file), 0,
		CONF_IN_CONF, false, NULL,
		"file with that password in its first line" },
	{ "redis", "database", CONF_KIND_NUMBER, 0, 1023, "0",
		IN(redis.database), 0, CONF_IN_CONF, false, NULL,
		"number of the database" },
	{ "redis", "prefix", CONF_KIND_PREFIX, 1, 32, "rp:",
		IN(redis.prefix), 0, CONF_IN_CONF, false, NULL,
		"what all our keys begin with" },
	{ "redis", "timeout_ms", CONF_KIND_NUMBER, 5, 5000, "100",
		IN(redis.timeout_ms), 0, CONF_IN_CONF, false, NULL,
		"longest wait for one answer while a client waits" },
	{ "redis", "sync_timeout_ms", CONF_KIND_NUMBER, 100, 60000, "5000",
		IN(redis.sync_timeout_ms), 0, CONF_IN_CONF, false, NULL,
		"longest wait for one answer in the background" },
	{ "redis", "breaker_failures", CONF_KIND_NUMBER, 1, 100, "3",
		IN(redis.breaker_failures), 0, CONF_IN_CONF, false, NULL,
		"misses in a row after which nobody waits any more" },
	{ "redis", "breaker_probe_ms", CONF_KIND_NUMBER, 100, 60000, "1000",
		IN(redis.breaker_probe_ms), 0, CONF_IN_CONF, false, NULL,
		"one try this often while nobody waits" },
	{ "redis", "pool", CONF_KIND_NUMBER, 1, 256, "4", IN(redis.pool), 0,
		CONF_IN_CONF, false, NULL,
		"connections that fetch details of a hit" },
	{ "redis", "queue", CONF_KIND_NUMBER, 100, 1000000, "10000",
		IN(redis.queue), 0, CONF_IN_CONF, false, NULL,
		"writes that may wait for Redis" },
	{ "redis", "ping_ms", CONF_KIND_NUMBER, 100, 60000, "2000",
		IN(redis.ping_ms), 0, CONF_IN_CONF, false, NULL,
		"how often the pushing connection is tried" },

	{ "lists", "snapshot", CONF_KIND_PATH, 0, 1024,
		"/var/lib/reprieve/lists.snap", IN(lists.snapshot), 0,
		CONF_IN_CONF, false, NULL,
		"copy on disk for a start without Redis; empty: none" },
	{ "lists", "snapshot_s", CONF_KIND_NUMBER, 1, 86400, "300",
		IN(lists.snapshot_s), 0, CONF_IN_CONF, false, NULL,
		"the copy is written at most this often" },
	{ "lists", "max_age_s", CONF_KIND_NUMBER, 60, 31536000, "86400",
		IN(lists.max_age_s), 0, CONF_IN_CONF, false, NULL,
		"a copy older than this is not trusted" },
	{ "lists", "loss_grace_s", CONF_KIND_NUMBER, 0, 604800, "900",
		IN(lists.loss_grace_s), 0, CONF_IN_CONF, false, NULL,
		"how long the old lists serve when Redis lost its own" },
	{ "lists", "on_redis_error", CONF_KIND_FAILURE, 0, 0, "accept",
		IN(lists.on_redis_error), 0, CONF_IN_CONF, false, NULL,
		"accept or tempfail when there is no list to ask" },
	{ "lists", "exempt", CONF_KIND_NAMES, 0, 1000,
		"postmaster abuse delist ticket bounce", IN(lists.exempt),
		IN(lists.exempt_count), CONF_IN_CONF, false, NULL,
		"local parts that a listed sender still reaches" },
	{ "lists", "entries_max", CONF_KIND_SIZE, 1000, 1000000000,
		"50000000", IN(lists.entries_max), 0,
		CONF_IN_CONF, false, NULL,
		"entries kept in memory" },
	{ "lists", "details_max", CONF_KIND_NUMBER, 1, 10000000, "10000",
		IN(lists.details_max), 0, CONF_IN_CONF, false, NULL,
		"hits whose details are kept in memory" },
	{ "lists", "details_rate", CONF_KIND_NUMBER, 0, 1000000, "200",
		IN(lists.details_rate), 0, CONF_IN_CONF, false, NULL,
		"hits a second whose details are asked for" },
	{ "lists", "reason_max", CONF_KIND_NUMBER, 16, 65536, "512",
		IN(lists.reason_max), 0, CONF_IN_CONF, false, NULL,
		"octets of a reason that are kept" },
	{ "lists", "value_max", CONF_KIND_SIZE, 1024, 16777216, "65536",
		IN(lists.value_max), 0, CONF_IN_CONF, false, NULL,
		"an entry with a longer value is ignored" },
	{ "lists", "scopes_max", CONF_KIND_NUMBER, 1, 131071, "65536",
		IN(lists.scopes_max), 0, CONF_IN_CONF, false, NULL,
		"recipient domains with lists of their own" },
	{ "lists", "trust_max", CONF_KIND_NUMBER, 1, 100000, "10000",
		IN(lists.trust_max), 0, CONF_IN_CONF, false, NULL,
		"domains that are trusted by keys of Redis" },

	{ "cases", "keep_s", CONF_KIND_NUMBER, 3600, 34560000, "2592000",
		IN(cases.keep_s), 0, CONF_IN_CONF, false, NULL,
		"life of a case" },
	{ "cases", "reuse_s", CONF_KIND_NUMBER, 0, 86400, "3600",
		IN(cases.reuse_s), 0, CONF_IN_CONF, false, NULL,
		"the same cause keeps its reference this long" },
	{ "cases", "reuse_max", CONF_KIND_NUMBER, 1, 10000000, "100000",
		IN(cases.reuse_max), 0, CONF_IN_CONF, false, NULL,
		"causes remembered for that" },

	{ "policy", "mark_at", CONF_KIND_DECIMAL, 0, 1000, "5",
		IN(policy.mark_at), 0, CONF_IN_CONF, false, NULL,
		"sum of scores that marks a message" },
	{ "policy", "greylist_at", CONF_KIND_DECIMAL, 0, 1000, "4",
		IN(policy.greylist_at), 0, CONF_IN_CONF, false, NULL,
		"sum that will greylist, once that exists" },
	{ "policy", "quarantine_at", CONF_KIND_DECIMAL, 0, 1000, "10",
		IN(policy.quarantine_at), 0, CONF_IN_CONF, false, NULL,
		"sum that holds a message back" },
	{ "policy", "reject_at", CONF_KIND_DECIMAL, 0, 1000, "15",
		IN(policy.reject_at), 0, CONF_IN_CONF, false, NULL,
		"sum that refuses" },

	{ "check", "hit", CONF_KIND_RULE, 0, 0, NULL, CHECK(hit), 0,
		CONF_IN_CHECK, false, NULL, "the check says yes" },
	{ "check", "miss", CONF_KIND_RULE, 0, 0, NULL, CHECK(miss), 0,
		CONF_IN_CHECK, false, NULL, "the check says no" },
	{ "check", "unknown", CONF_KIND_RULE, 0, 0, NULL, CHECK(unknown), 0,
		CONF_IN_CHECK, false, NULL, "the check could not tell" },
	{ "check", "shadow", CONF_KIND_SWITCH, 0, 0, NULL, CHECK(shadow), 0,
		CONF_IN_CHECK, false, NULL, "judge and log, do not enforce" },
	{ "check", "pass", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_PASS]), 0,
		CONF_IN_CHECK, false, NULL, "it holds" },
	{ "check", "fail", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_FAIL]), 0,
		CONF_IN_CHECK, false, NULL, "it does not hold" },
	{ "check", "softfail", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_SOFTFAIL]), 0,
		CONF_IN_CHECK, false, NULL, "probably not authorised (SPF)" },
	{ "check", "neutral", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_NEUTRAL]), 0,
		CONF_IN_CHECK, false, NULL, "nothing is said, or it means nothing" },
	{ "check", "none", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_NONE]), 0,
		CONF_IN_CHECK, false, NULL, "there is nothing to evaluate" },
	{ "check", "policy", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_POLICY]), 0,
		CONF_IN_CHECK, false, NULL, "it holds, but we do not take it" },
	{ "check", "temperror", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_TEMPERROR]), 0,
		CONF_IN_CHECK, false, NULL, "DNS could not tell" },
	{ "check", "permerror", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_PERMERROR]), 0,
		CONF_IN_CHECK, false, NULL, "what is published is wrong" },
	{ "check", "fail_quarantine", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_FAIL_QUARANTINE]), 0,
		CONF_IN_CHECK, false, NULL, "DMARC fails, its policy is quarantine" },
	{ "check", "fail_reject", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_FAIL_REJECT]), 0,
		CONF_IN_CHECK, false, NULL, "DMARC fails, its policy is reject" },
	{ "check", "temperror_strict", CONF_KIND_RULE, 0, 0, NULL,
		CHECK(result[CONF_RESULT_TEMPERROR_STRICT]), 0,
		CONF_IN_CHECK, false, NULL,
		"DNS could not tell, and a DMARC policy hangs on it" },

	{ "domain", "mode", CONF_KIND_MODE, 0, 0, NULL, DOMAIN(mode), 0,
		CONF_IN_DOMAIN, false, NULL,
		"mode for recipients of this domain" },

	{ "dns", "forward", CONF_KIND_SERVERS, 0, 16, "",
		IN(dns.forward), IN(dns.forward_count),
		CONF_IN_CONF, false, NULL,
		"servers to ask; empty: those of resolv.conf" },
	{ "dns", "unbound_conf", CONF_KIND_PATH, 0, 1024, "",
		IN(dns.unbound_conf), 0, CONF_IN_CONF, false, NULL,
		"file in unbound.conf syntax for all else" },
	{ "dns", "dnssec", CONF_KIND_SWITCH, 0, 0, "no",
		IN(dns.dnssec), 0, CONF_IN_CONF, false, NULL,
		"validate answers ourselves" },
	{ "dns", "trust_anchor", CONF_KIND_PATH, 0, 1024, "/usr/share/dns/root.key",
		IN(dns.trust_anchor), 0, CONF_IN_CONF, false, NULL,
		"keys that validation begins with" },
	{ "dns", "timeout_ms", CONF_KIND_NUMBER, 100, 60000, "5000",
		IN(dns.timeout_ms), 0, CONF_IN_CONF, false, NULL,
		"wait for one answer" },
	{ "dns", "end_ms", CONF_KIND_NUMBER, 100, 60000, "8000",
		IN(dns.end_ms), 0, CONF_IN_CONF, false, NULL,
		"wait for all answers at the end of a message" },
	{ "dns", "questions_max", CONF_KIND_NUMBER, 10, 1000, "40",
		IN(dns.questions_max), 0, CONF_IN_CONF, false, NULL,
		"questions sent for one message" },
	{ "dns", "pending_max", CONF_KIND_NUMBER, 10, 100000, "10000",
		IN(dns.pending_max), 0, CONF_IN_CONF, false, NULL,
		"questions on their way" },
	{ "dns", "cache_size", CONF_KIND_SIZE, 0, 1073741824, "8388608",
		IN(dns.cache_octets), 0, CONF_IN_CONF, false, NULL,
		"octets of answers kept" },
	{ "dns", "cache_positive_s", CONF_KIND_NUMBER, 0, 86400, "3600",
		IN(dns.cache_positive_s), 0, CONF_IN_CONF, false, NULL,
		"an answer is kept no longer" },
	{ "dns", "cache_negative_s", CONF_KIND_NUMBER, 0, 3600, "60",
		IN(dns.cache_negative_s), 0, CONF_IN_CONF, false, NULL,
		"that there is none is kept no longer" },
	{ "dns", "answer_max", CONF_KIND_SIZE, 512, 65535, "65535",
		IN(dns.answer_max), 0, CONF_IN_CONF, false, NULL,
		"octets of one answer" },

	{ "auth", "enabled", CONF_KIND_SWITCH, 0, 0, "yes",
		IN(auth.enabled), 0, CONF_IN_CONF, false, NULL,
		"check who a message is really from" },
	{ "auth", "authserv_id", CONF_KIND_HOST, 0, 253, "",
		IN(auth.authserv_id), 0, CONF_IN_CONF, false, NULL,
		"our name in Authentication-Results; empty: host" },

	{ "auth", "received_spf", CONF_KIND_SWITCH, 0, 0, "yes",
		IN(auth.received_spf), 0, CONF_IN_CONF, false, NULL,
		"add Received-SPF, too" },
	{ "auth", "known_lists", CONF_KIND_DOMAINS, 0, 1000, "",
		IN(auth.known_lists), IN(auth.known_list_count),
		CONF_IN_CONF, false, NULL,
		"mailing lists whose DMARC failures do not count" },

	{ "dkim", "signatures_max", CONF_KIND_NUMBER, 1, 16, "8",
		IN(dkim.signatures_max), 0, CONF_IN_CONF, false, NULL,
		"signatures of a message that are evaluated" },
	{ "dkim", "min_key_bits", CONF_KIND_NUMBER, 1024, 4096, "1024",
		IN(dkim.min_key_bits), 0, CONF_IN_CONF, false, NULL,
		"a shorter RSA key never passes" },
	{ "dkim", "max_key_bits", CONF_KIND_NUMBER, 2048, 16384, "4096",
		IN(dkim.max_key_bits), 0, CONF_IN_CONF, false, NULL,
		"a longer RSA key is not evaluated" },
	{ "dkim", "clock_skew_s", CONF_KIND_NUMBER, 0, 86400, "300",
		IN(dkim.clock_skew_s), 0, CONF_IN_CONF, false, NULL,
		"how far clocks of others may be off" },

	{ "arc", "seal_domain", CONF_KIND_HOST, 0, 253, "",
		IN(arc.seal_domain), 0, CONF_IN_CONF, false, NULL,
		"domain we seal for; empty: no sealing" },
	{ "arc", "selector", CONF_KIND_SELECTOR, 0, 63, "",
		IN(arc.selector), 0, CONF_IN_CONF, false, NULL,
		"name of the key below _domainkey.DOMAIN" },
	{ "arc", "key", CONF_KIND_PATH, 0, 1024, "",
		IN(arc.key), 0, CONF_IN_CONF, false, NULL,
		"file with the private key, PEM" },
	{ "arc", "trusted", CONF_KIND_DOMAINS, 0, 1000, "",
		IN(arc.trusted), IN(arc.trusted_count),
		CONF_IN_CONF, false, NULL,
		"domains of sealers that are believed" },
	{ "arc", "sets_max", CONF_KIND_NUMBER, 1, 50, "50",
		IN(arc.sets_max), 0, CONF_IN_CONF, false, NULL,
		"a longer chain fails" },

	{ "portal", "listen", CONF_KIND_ENDPOINT, 0, 0, "inet:8025@127.0.0.1",
		IN(portal.listen), 0, CONF_IN_CONF, false, NULL,
		"where the web server in front of it finds the portal" },
	{ "portal", "allow_direct", CONF_KIND_SWITCH, 0, 0, "no",
		IN(portal.allow_direct), 0, CONF_IN_CONF, false, NULL,
		"may portal.listen be an address that others reach" },
	{ "portal", "user", CONF_KIND_USER, 0, 32, "reprieve",
		IN(portal.user), 0, CONF_IN_CONF, false, NULL,
		"who the portal becomes when started as root" },
	{ "portal", "proxies", CONF_KIND_NETWORKS, 0, 0, "127.0.0.0/8 ::1",
		IN(portal.proxies), 0, CONF_IN_CONF, false, NULL,
		"web servers whose X-Forwarded-For is believed" },
	{ "portal", "connections_max", CONF_KIND_NUMBER, 8, 4096, "256",
		IN(portal.connections_max), 0, CONF_IN_CONF, false, NULL,
		"visitors at a time" },
	{ "portal", "metrics", CONF_KIND_ENDPOINT, 0, 0, "",
		IN(portal.metrics), 0, CONF_IN_CONF, false, NULL,
		"where Prometheus finds the portal; empty: off" },
	{ "portal", "smtp", CONF_KIND_TEXT, 1, 255, "127.0.0.1:25",
		IN(portal.smtp), 0, CONF_IN_CONF, false, NULL,
		"HOST:PORT of the MTA that takes our mail" },
	{ "portal", "from", CONF_KIND_TEXT, 0, 254, "",
		IN(portal.from), 0, CONF_IN_CONF, false, NULL,
		"sender of our mail; empty: postmaster@host" },
	{ "portal", "mail_host", CONF_KIND_HOST, 0, 253, "",
		IN(portal.mail_host), 0, CONF_IN_CONF, false, NULL,
		"domain of our reply addresses; empty: host" },
	{ "portal", "name", CONF_KIND_TITLE, 0, 80, "",
		IN(portal.name), 0, CONF_IN_CONF, false, NULL,
		"what the site is called on its pages; empty: host" },
	{ "portal", "site", CONF_KIND_PATH, 0, 1024, "",
		IN(portal.site), 0, CONF_IN_CONF, false, NULL,
		"folder with texts, pages and a logo of your own" },
	{ "portal", "language", CONF_KIND_CHOICE, 0, 0, "en",
		IN(portal.language), 0, CONF_IN_CONF, false, languages,
		"language of visitors who ask for none of ours" },
	{ "portal", "local_domains", CONF_KIND_DOMAINS, 0, 1000, "",
		IN(portal.local_domains), IN(portal.local_domain_count), CONF_IN_CONF, false, NULL,
		"domains whose users may vouch for a sender" },
	{ "portal", "form_min_s", CONF_KIND_NUMBER, 0, 60, "3",
		IN(portal.form_min_s), 0, CONF_IN_CONF, false, NULL,
		"a form filled in faster is a machine's" },
	{ "portal", "form_max_s", CONF_KIND_NUMBER, 60, 86400, "7200",
		IN(portal.form_max_s), 0, CONF_IN_CONF, false, NULL,
		"a form older than this is filled in again" },
	{ "portal", "posts_max", CONF_KIND_NUMBER, 1, 100000, "60",
		IN(portal.posts_max), 0, CONF_IN_CONF, false, NULL,
		"forms a client may send in an hour" },
	{ "portal", "checks_max", CONF_KIND_NUMBER, 1, 100000, "20",
		IN(portal.checks_max), 0, CONF_IN_CONF, false, NULL,
		"evaluations a client may ask for in an hour" },

	{ "delist", "enabled", CONF_KIND_SWITCH, 0, 0, "yes",
		IN(delist.enabled), 0, CONF_IN_CONF, false, NULL,
		"may senders ask for removal by themselves" },
	{ "delist", "listing_s", CONF_KIND_NUMBER, 60, 31536000, "86400",
		IN(delist.listing_s), 0, CONF_IN_CONF, false, NULL,
		"life of an automatic listing of level 1; doubles with each level" },
	{ "delist", "listing_max_s", CONF_KIND_NUMBER, 60, 31536000, "2592000",
		IN(delist.listing_max_s), 0, CONF_IN_CONF, false, NULL,
		"the longest life of an automatic listing" },
	{ "delist", "wait2_s", CONF_KIND_NUMBER, 0, 31536000, "43200",
		IN(delist.wait2_s), 0, CONF_IN_CONF, false, NULL,
		"time on the list before self-service, level 2" },
	{ "delist", "wait3_s", CONF_KIND_NUMBER, 0, 31536000, "172800",
		IN(delist.wait3_s), 0, CONF_IN_CONF, false, NULL,
		"time on the list before self-service, level 3" },
	{ "delist", "review_level", CONF_KIND_NUMBER, 2, 100, "4",
		IN(delist.review_level), 0, CONF_IN_CONF, false, NULL,
		"from this level on a person looks" },
	{ "delist", "level_drop_s", CONF_KIND_NUMBER, 3600, 31536000, "2592000",
		IN(delist.level_drop_s), 0, CONF_IN_CONF, false, NULL,
		"clean time that takes one level off" },
	{ "delist", "recent_s", CONF_KIND_NUMBER, 0, 604800, "7200",
		IN(delist.recent_s), 0, CONF_IN_CONF, false, NULL,
		"evidence younger than this: still sending" },
	{ "delist", "removals_max", CONF_KIND_NUMBER, 1, 1000, "3",
		IN(delist.removals_max), 0, CONF_IN_CONF, false, NULL,
		"self-service removals of a network within removals_s" },
	{ "delist", "removals_s", CONF_KIND_NUMBER, 3600, 31536000, "7776000",
		IN(delist.removals_s), 0, CONF_IN_CONF, false, NULL,
		"see removals_max" },
	{ "delist", "parole_s", CONF_KIND_NUMBER, 60, 31536000, "604800",
		IN(delist.parole_s), 0, CONF_IN_CONF, false, NULL,
		"how long a removal is on parole" },
	{ "delist", "parole_marks", CONF_KIND_NUMBER, 1, 1000, "5",
		IN(delist.parole_marks), 0, CONF_IN_CONF, false, NULL,
		"bad marks on parole that list again" },
	{ "delist", "exception_s", CONF_KIND_NUMBER, 3600, 315360000, "31536000",
		IN(delist.exception_s), 0, CONF_IN_CONF, false, NULL,
		"the longest life of an exception" },
	{ "delist", "recheck_s", CONF_KIND_NUMBER, 60, 2592000, "86400",
		IN(delist.recheck_s), 0, CONF_IN_CONF, false, NULL,
		"how often the name behind an exception is looked at" },
	{ "delist", "review_s", CONF_KIND_NUMBER, 3600, 2592000, "172800",
		IN(delist.review_s), 0, CONF_IN_CONF, false, NULL,
		"time in which a person promises to answer" },
	{ "delist", "token_s", CONF_KIND_NUMBER, 300, 604800, "86400",
		IN(delist.token_s), 0, CONF_IN_CONF, false, NULL,
		"life of a confirmation link" },
	{ "delist", "quiet_s", CONF_KIND_NUMBER, 3600, 315360000, "2592000",
		IN(delist.quiet_s), 0, CONF_IN_CONF, false, NULL,
		"no mail to who cancelled or whose mail bounced" },
	{ "delist", "per_client", CONF_KIND_NUMBER, 1, 100000, "5",
		IN(delist.per_client), 0, CONF_IN_CONF, false, NULL,
		"requests from a client network in an hour" },
	{ "delist", "per_mailbox", CONF_KIND_NUMBER, 1, 100000, "3",
		IN(delist.per_mailbox), 0, CONF_IN_CONF, false, NULL,
		"requests with one mail address in a day" },
	{ "delist", "per_domain", CONF_KIND_NUMBER, 1, 100000, "30",
		IN(delist.per_domain), 0, CONF_IN_CONF, false, NULL,
		"requests with addresses of one domain in a day" },
	{ "delist", "per_network", CONF_KIND_NUMBER, 1, 100000, "4",
		IN(delist.per_network), 0, CONF_IN_CONF, false, NULL,
		"requests for one listed network in a day" },
	{ "delist", "busy_at", CONF_KIND_NUMBER, 1, 1000000, "600",
		IN(delist.busy_at), 0, CONF_IN_CONF, false, NULL,
		"requests in an hour from which on a proof of work is asked for" },
	{ "delist", "queue_at", CONF_KIND_NUMBER, 1, 1000000, "2000",
		IN(delist.queue_at), 0, CONF_IN_CONF, false, NULL,
		"requests in an hour from which on mail waits" },
	{ "delist", "work_bits", CONF_KIND_NUMBER, 8, 30, "20",
		IN(delist.work_bits), 0, CONF_IN_CONF, false, NULL,
		"effort of that proof, in bits" },

	{ "support", "enabled", CONF_KIND_SWITCH, 0, 0, "yes",
		IN(support.enabled), 0, CONF_IN_CONF, false, NULL,
		"may senders open tickets" },
	{ "support", "admin", CONF_KIND_TEXT, 0, 254, "",
		IN(support.admin), 0, CONF_IN_CONF, false, NULL,
		"who is told of new tickets; empty: postmaster@host" },
	{ "support", "close_s", CONF_KIND_NUMBER, 3600, 31536000, "1209600",
		IN(support.close_s), 0, CONF_IN_CONF, false, NULL,
		"a resolved ticket is closed after this" },
	{ "support", "reopen_s", CONF_KIND_NUMBER, 3600, 31536000, "2592000",
		IN(support.reopen_s), 0, CONF_IN_CONF, false, NULL,
		"an answer within this opens a closed ticket again" },
	{ "support", "keep_s", CONF_KIND_NUMBER, 86400, 315360000, "7776000",
		IN(support.keep_s), 0, CONF_IN_CONF, false, NULL,
		"life of a closed ticket" },
	{ "support", "per_mailbox", CONF_KIND_NUMBER, 1, 100000, "5",
		IN(support.per_mailbox), 0, CONF_IN_CONF, false, NULL,
		"tickets of one mail address in a day" },
	{ "support", "text_max", CONF_KIND_SIZE, 256, 65536, "6000",
		IN(support.text_max), 0, CONF_IN_CONF, false, NULL,
		"octets of a message of a ticket" },
	{ "support", "messages_max", CONF_KIND_NUMBER, 2, 10000, "100",
		IN(support.messages_max), 0, CONF_IN_CONF, false, NULL,
		"messages of a ticket" },
	{ "support", "sponsor_s", CONF_KIND_NUMBER, 3600, 2592000, "259200",
		IN(support.sponsor_s), 0, CONF_IN_CONF, false, NULL,
		"how long a recipient vouches for a sender" },

	{ "metrics", "listen", CONF_KIND_ENDPOINT, 0, 0, "",
		IN(metrics.listen), 0, CONF_IN_CONF, false, NULL,
		"where Prometheus finds the milter; empty: off" },
	{ "metrics", "allow_direct", CONF_KIND_SWITCH, 0, 0, "no",
		IN(metrics.allow_direct), 0, CONF_IN_CONF, false, NULL,
		"may metrics.listen be an address that others reach" },

	{ "log", "target", CONF_KIND_CHOICE, 0, 0, "syslog", IN(log.target),
		0, CONF_IN_CONF, false, log_targets, "syslog or stderr" },
	{ "log", "level", CONF_KIND_CHOICE, 0, 0, "info", IN(log.level), 0,
		CONF_IN_CONF, false, log_levels,
		"finer lines are not written" },

	{ "geo", "country", CONF_KIND_PATH, 0, 1024, NULL, 0, 0,
		CONF_NOWHERE, false, NULL, "" },
	{ "geo", "asn", CONF_KIND_PATH, 0, 1024, NULL, 0, 0,
		CONF_NOWHERE, false, NULL, "" },
	{ "content", "enabled", CONF_KIND_SWITCH, 0, 0, NULL, 0, 0,
		CONF_NOWHERE, false, NULL, "" },
};
const size_t conf_row_count = sizeof(conf_rows) / sizeof(conf_rows[0]);
/* clang-format on */

const char conf_redis_server_default[] = "inet:6379@127.0.0.1";

const struct conf_section *conf_section_find(struct slice name)
{
	for (size_t i = 0; i < conf_section_count; i++)
		if (slice_is_equal(slice_of(conf_sections[i].name), name))
			return &conf_sections[i];
	return NULL;
}

const struct conf_row *conf_row_find(struct slice section, struct slice name)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (slice_is_equal(slice_of(conf_rows[i].section), section) &&
			slice_is_equal(slice_of(conf_rows[i].name), name))
			return &conf_rows[i];
	return NULL;
}

bool conf_row_is_list(const struct conf_row *row)
{
	return row->kind == CONF_KIND_ENDPOINTS ||
		row->kind == CONF_KIND_NETWORKS ||
		row->kind == CONF_KIND_NAMES ||
		row->kind == CONF_KIND_DOMAINS ||
		row->kind == CONF_KIND_SERVERS;
}

bool conf_row_is_text(const struct conf_row *row)
{
	return row->kind >= CONF_KIND_TEXT && row->kind <= CONF_KIND_CHOICE;
}

enum { NAME_MAX_LEN = 32, TYPING_ERRORS = 2 };

/* How many letters must be added, dropped or changed to make a into b. */
static size_t distance(struct slice a, struct slice b)
{
	size_t row[NAME_MAX_LEN + 1];

	if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best =
				diagonal + (a.at[i - 1] == b.at[j - 1] ? 0 : 1);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.len];
}

static void take_nearer(struct slice name, const char *candidate,
	const char **best, size_t *least)
{
	size_t d = distance(name, slice_of(candidate));

	if (d < *least && d < name.len) {
		*least = d;
		*best = candidate;
	}
}

const char *conf_row_nearest(struct slice section, struct slice name)
{
	const char *best = NULL;
	size_t least = TYPING_ERRORS + 1;

	for (size_t i = 0; i < conf_row_count; i++)
		if (slice_is_equal(slice_of(conf_rows[i].section), section))
			take_nearer(name, conf_rows[i].name, &best, &least);
	if (slice_is_empty(section))
		for (size_t i = 1; i < conf_section_count; i++)
			take_nearer(name, conf_sections[i].name, &best, &least);
	return best;
}

const char *conf_row_elsewhere(struct slice section, struct slice name)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (!slice_is_equal(slice_of(conf_rows[i].section), section) &&
			slice_is_equal(slice_of(conf_rows[i].name), name))
			return conf_rows[i].section;
	return NULL;
}
