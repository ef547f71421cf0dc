/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/restart.h"

#include "conf/conf.h"

#include <string.h>

enum kind { TEXT, UNSIGNED, SWITCH, TEXTS, SIZE, ENDPOINT, SERVERS, SENTINELS };

#define OPTION(name, kind, member)                            \
	{                                                     \
		(name), (kind), offsetof(struct conf, member) \
	}

static const struct option {
	const char *name;
	enum kind kind;
	size_t at;
} options[] = {
	OPTION("milter.socket", ENDPOINT, milter.socket),
	OPTION("milter.socket_mode", UNSIGNED, milter.socket_mode),
	OPTION("milter.backlog", UNSIGNED, milter.backlog),
	OPTION("milter.timeout_s", UNSIGNED, milter.timeout_s),
	OPTION("milter.user", TEXT, milter.user),
	OPTION("milter.group", TEXT, milter.group),
	OPTION("milter.secret_file", TEXT, milter.secret_file),
	OPTION("milter.id", TEXT, milter.id),
	OPTION("redis.servers", SERVERS, redis),
	OPTION("redis.sentinel", SENTINELS, redis),
	OPTION("redis.master", TEXT, redis.master),
	OPTION("redis.user", TEXT, redis.user),
	OPTION("redis.password", TEXT, redis.password),
	OPTION("redis.sentinel_user", TEXT, redis.sentinel_user),
	OPTION("redis.sentinel_password", TEXT, redis.sentinel_password),
	OPTION("redis.database", UNSIGNED, redis.database),
	OPTION("redis.prefix", TEXT, redis.prefix),
	OPTION("redis.timeout_ms", UNSIGNED, redis.timeout_ms),
	OPTION("redis.sync_timeout_ms", UNSIGNED, redis.sync_timeout_ms),
	OPTION("redis.breaker_failures", UNSIGNED, redis.breaker_failures),
	OPTION("redis.breaker_probe_ms", UNSIGNED, redis.breaker_probe_ms),
	OPTION("redis.pool", UNSIGNED, redis.pool),
	OPTION("redis.queue", UNSIGNED, redis.queue),
	OPTION("redis.ping_ms", UNSIGNED, redis.ping_ms),
	OPTION("lists.snapshot", TEXT, lists.snapshot),
	OPTION("lists.snapshot_s", UNSIGNED, lists.snapshot_s),
	OPTION("lists.max_age_s", UNSIGNED, lists.max_age_s),
	OPTION("lists.loss_grace_s", UNSIGNED, lists.loss_grace_s),
	OPTION("lists.entries_max", SIZE, lists.entries_max),
	OPTION("lists.details_max", UNSIGNED, lists.details_max),
	OPTION("lists.details_rate", UNSIGNED, lists.details_rate),
	OPTION("lists.reason_max", UNSIGNED, lists.reason_max),
	OPTION("lists.value_max", SIZE, lists.value_max),
	OPTION("lists.scopes_max", UNSIGNED, lists.scopes_max),
	OPTION("lists.trust_max", UNSIGNED, lists.trust_max),
	OPTION("cases.keep_s", UNSIGNED, cases.keep_s),
	OPTION("cases.reuse_s", UNSIGNED, cases.reuse_s),
	OPTION("cases.reuse_max", UNSIGNED, cases.reuse_max),
	OPTION("dns.forward", TEXTS, dns.forward),
	OPTION("dns.unbound_conf", TEXT, dns.unbound_conf),
	OPTION("dns.dnssec", SWITCH, dns.dnssec),
	OPTION("dns.trust_anchor", TEXT, dns.trust_anchor),
	OPTION("dns.timeout_ms", UNSIGNED, dns.timeout_ms),
	OPTION("dns.pending_max", UNSIGNED, dns.pending_max),
	OPTION("dns.cache_size", SIZE, dns.cache_octets),
	OPTION("dns.cache_positive_s", UNSIGNED, dns.cache_positive_s),
	OPTION("dns.cache_negative_s", UNSIGNED, dns.cache_negative_s),
	OPTION("dns.answer_max", SIZE, dns.answer_max),
	OPTION("arc.seal_domain", TEXT, arc.seal_domain),
	OPTION("arc.selector", TEXT, arc.selector),
	OPTION("arc.key", TEXT, arc.key),
	OPTION("geo.country", TEXT, geo.country),
	OPTION("geo.asn", TEXT, geo.asn),
	OPTION("geo.check_s", UNSIGNED, geo.check_s),
	OPTION("geo.size_max", SIZE, geo.size_max),
	OPTION("rate.keys_max", UNSIGNED, rate.keys_max),
	OPTION("content.enabled", SWITCH, content.enabled),
	OPTION("content.refresh_s", UNSIGNED, content.refresh_s),
	OPTION("trace.enabled", SWITCH, trace.enabled),
	OPTION("trace.key_s", UNSIGNED, trace.key_s),
	OPTION("facts.folder", TEXT, facts.folder),
	OPTION("facts.keep_days", UNSIGNED, facts.keep_days),
	OPTION("facts.file_max", SIZE, facts.file_max),
	OPTION("metrics.listen", ENDPOINT, metrics.listen),
	OPTION("log.target", TEXT, log.target),
	OPTION("log.level", TEXT, log.level),
};

static bool is_same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	char a_text[ENDPOINT_TEXT_MAX];
	char b_text[ENDPOINT_TEXT_MAX];

	return strcmp(endpoint_format(a, a_text), endpoint_format(b, b_text)) ==
		0;
}

static bool is_same_list(const struct endpoint *a, size_t a_count,
	const struct endpoint *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!is_same_endpoint(&a[i], &b[i]))
			return false;
	return true;
}

static bool is_same_texts(
	char *const *a, size_t a_count, char *const *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static bool is_same(
	const struct option *o, const struct conf *a, const struct conf *b)
{
	const void *a_at = (const char *)a + o->at;
	const void *b_at = (const char *)b + o->at;

	switch (o->kind) {
	case TEXT:
		return strcmp(*(char *const *)a_at, *(char *const *)b_at) == 0;
	case UNSIGNED:
		return *(const unsigned *)a_at == *(const unsigned *)b_at;
	case SWITCH:
		return *(const bool *)a_at == *(const bool *)b_at;
	case TEXTS:
		return is_same_texts(a->dns.forward, a->dns.forward_count,
			b->dns.forward, b->dns.forward_count);
	case SIZE:
		return *(const size_t *)a_at == *(const size_t *)b_at;
	case ENDPOINT:
		return is_same_endpoint(a_at, b_at);
	case SERVERS:
		return is_same_list(a->redis.servers, a->redis.server_count,
			b->redis.servers, b->redis.server_count);
	case SENTINELS:
		return is_same_list(a->redis.sentinels, a->redis.sentinel_count,
			b->redis.sentinels, b->redis.sentinel_count);
	}
	return true;
}

void restart_differences(
	const struct conf *running, const struct conf *loaded, struct buf *out)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (is_same(&options[i], running, loaded))
			continue;
		if (out->len > 0)
			buf_add_text(out, ", ");
		buf_add_text(out, options[i].name);
	}
}
