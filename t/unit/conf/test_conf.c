/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"
#include "conf/conftable.h"

#include "support/case.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#define START                          \
	"host = \"MX.example.net.\"\n" \
	"portal_url = \"https://p.example.net//\"\n"
#define SOCKET "milter { socket = \"inet:8894@127.0.0.1\" }\n"

enum { ERRORS_MAX = 65536 };

static struct conf *load(const char *text)
{
	struct conf *c = NULL;
	struct buf errors;
	enum result res;

	buf_init(&errors, ERRORS_MAX);
	res = conf_load_text("f", slice_of(text), &c, &errors);
	if (res != RES_OK)
		print_error("%s", buf_text(&errors));
	assert_int_equal(res, RES_OK);
	buf_clear(&errors);
	return c;
}

static void test_names(void **state)
{
	struct conf *c = load(START SOCKET);

	(void)state;
	assert_string_equal(c->host, "mx.example.net");
	assert_string_equal(c->portal_url, "https://p.example.net");
	assert_string_equal(c->path, "f");
	conf_release(c);
}

static void test_defaults_milter(void **state)
{
	struct conf *c = load(START SOCKET);
	struct ipaddr ip;

	(void)state;
	assert_int_equal(c->mode, CONF_ENFORCE);
	assert_int_equal(c->milter.socket.kind, ENDPOINT_INET);
	assert_int_equal(c->milter.socket.port, 8894);
	assert_string_equal(c->milter.user, "reprieve");
	assert_string_equal(c->milter.group, "");
	assert_string_equal(c->milter.id, "");
	assert_int_equal(cidrset_count(c->milter.trusted.set), 2);
	assert_int_equal(ipaddr_parse(&ip, slice_of("127.3.2.1")), RES_OK);
	assert_true(cidrset_match(c->milter.trusted.set, &ip));
	assert_int_equal(c->milter.timeout_s, 300);
	assert_int_equal(c->milter.backlog, 1024);
	assert_int_equal(c->milter.socket_mode, 0660);
	assert_int_equal(c->milter.connection_memory, 64 * 1024);
	assert_int_equal(c->milter.message_memory, 1024 * 1024);
	assert_int_equal(c->milter.headers_max, 1000);
	assert_int_equal(c->milter.on_internal_error, CONF_FAILURE_TEMPFAIL);
	assert_string_equal(c->milter.secret_file, "/var/lib/reprieve/secret");
	conf_release(c);
}

static void test_defaults_redis(void **state)
{
	struct conf *c = load(START SOCKET);

	(void)state;
	assert_int_equal(c->redis.server_count, 1);
	assert_int_equal(c->redis.servers[0].kind, ENDPOINT_INET);
	assert_int_equal(c->redis.servers[0].port, 6379);
	assert_string_equal(c->redis.servers[0].host, "127.0.0.1");
	assert_int_equal(c->redis.sentinel_count, 0);
	assert_string_equal(c->redis.master, "");
	assert_string_equal(c->redis.user, "");
	assert_string_equal(c->redis.password, "");
	assert_string_equal(c->redis.sentinel_user, "");
	assert_string_equal(c->redis.sentinel_password, "");
	assert_string_equal(c->redis.prefix, "rp:");
	assert_int_equal(c->redis.database, 0);
	assert_int_equal(c->redis.timeout_ms, 100);
	assert_int_equal(c->redis.sync_timeout_ms, 5000);
	assert_int_equal(c->redis.breaker_failures, 3);
	assert_int_equal(c->redis.breaker_probe_ms, 1000);
	assert_int_equal(c->redis.pool, 4);
	assert_int_equal(c->redis.queue, 10000);
	assert_int_equal(c->redis.ping_ms, 2000);
	conf_release(c);
}

static void test_defaults_lists(void **state)
{
	struct conf *c = load(START SOCKET);

	(void)state;
	assert_string_equal(c->lists.snapshot, "/var/lib/reprieve/lists.snap");
	assert_int_equal(c->lists.snapshot_s, 300);
	assert_int_equal(c->lists.max_age_s, 86400);
	assert_int_equal(c->lists.loss_grace_s, 900);
	assert_int_equal(c->lists.on_redis_error, CONF_FAILURE_ACCEPT);
	assert_int_equal(c->lists.exempt_count, 10);
	assert_int_equal(c->lists.entries_max, 50000000);
	assert_int_equal(c->lists.details_max, 10000);
	assert_int_equal(c->lists.reason_max, 512);
	assert_int_equal(c->lists.value_max, 65536);
	assert_int_equal(c->lists.scopes_max, 65536);
	assert_int_equal(c->lists.trust_max, 10000);
	assert_int_equal(c->cases.keep_s, 30 * 86400);
	assert_int_equal(c->cases.reuse_s, 3600);
	assert_int_equal(c->cases.reuse_max, 100000);
	conf_release(c);
}

static void test_defaults_rest(void **state)
{
	struct conf *c = load(START SOCKET);

	(void)state;
	assert_true(c->policy.mark_at == 5);
	assert_true(c->policy.greylist_at == 4);
	assert_true(c->policy.quarantine_at == 10);
	assert_true(c->policy.reject_at == 15);
	assert_int_equal(c->portal.listen.port, 8025);
	assert_string_equal(c->portal.user, "reprieve");
	assert_false(c->portal.allow_direct);
	assert_string_equal(c->portal.smtp, "127.0.0.1:25");
	assert_int_equal(cidrset_count(c->portal.proxies.set), 2);
	assert_int_equal(c->portal.local_domain_count, 0);
	assert_true(c->delist.enabled);
	assert_int_equal(c->delist.wait2_s, 43200);
	assert_int_equal(c->delist.wait3_s, 172800);
	assert_int_equal(c->delist.review_s, 172800);
	assert_int_equal(c->support.sponsor_s, 259200);
	assert_int_equal(c->metrics.listen.kind, ENDPOINT_NONE);
	assert_false(c->metrics.allow_direct);
	assert_string_equal(c->log.target, "syslog");
	assert_string_equal(c->log.level, "info");
	assert_int_equal(c->domain_count, 0);
	conf_release(c);
}

static void test_defaults_auth(void **state)
{
	struct conf *c = load(START SOCKET);

	(void)state;
	assert_true(c->auth.enabled);
	assert_true(c->auth.received_spf);
	assert_string_equal(c->auth.authserv_id, "");
	assert_int_equal(c->auth.known_list_count, 0);
	assert_string_equal(c->auth.dmarc_mode, "treewalk");
	assert_int_equal(c->dkim.signatures_max, 8);
	assert_int_equal(c->dkim.min_key_bits, 1024);
	assert_int_equal(c->dkim.max_key_bits, 4096);
	assert_int_equal(c->dkim.clock_skew_s, 300);
	assert_string_equal(c->arc.seal_domain, "");
	assert_string_equal(c->arc.selector, "");
	assert_string_equal(c->arc.key, "");
	assert_int_equal(c->arc.trusted_count, 0);
	assert_int_equal(c->arc.sets_max, 50);
	assert_int_equal(c->milter.fields_max, 1000);
	conf_release(c);
}

struct rule_row {
	const char *check;
	const char *rules; /* all that are not "ignore" */
};

static void add_rule(
	struct buf *out, const char *name, const struct conf_rule *rule)
{
	if (rule->action == CONF_ACTION_SCORE)
		buf_add_format(out, "%s %g ", name, rule->score);
	else if (rule->action != CONF_ACTION_IGNORE)
		buf_add_format(
			out, "%s %s ", name, conf_action_name(rule->action));
}

/* The defaults, as a table that an admin could check by hand. */
static void has_rules(void **state)
{
	const struct rule_row *row = *state;
	struct conf *c = load(START SOCKET);
	const struct conf_check *k = conf_check_find(c, row->check);
	struct buf got;

	buf_init(&got, 4096);
	assert_non_null(k->name);
	add_rule(&got, "hit", &k->hit);
	add_rule(&got, "miss", &k->miss);
	add_rule(&got, "unknown", &k->unknown);
	for (unsigned r = 0; r < CONF_RESULT_COUNT; r++)
		add_rule(&got, conf_result_name(r), &k->result[r]);
	assert_string_equal(buf_text(&got), row->rules);
	assert_false(k->shadow);
	buf_clear(&got);
	conf_release(c);
}

static void test_folds_domains(void **state)
{
	struct conf *c = load(START SOCKET
		"check \"spf\" { fail = \"score 4\" softfail = \"score 1\" "
		"temperror = \"ignore\" shadow = false }\n"
		"arc { trusted = {\"Example.ORG.\", \"b.example\"} }\n"
		"auth { known_lists = \"Lists.Example.NET\" }\n");

	(void)state;
	assert_int_equal(c->arc.trusted_count, 2);
	assert_string_equal(c->arc.trusted[0], "example.org");
	assert_int_equal(c->auth.known_list_count, 1);
	assert_string_equal(c->auth.known_lists[0], "lists.example.net");
	conf_release(c);
}

static void test_built_in_checks(void **state)
{
	struct conf *c = load(START SOCKET);
	const struct conf_check *blocked = conf_check_find(c, "blocked");
	const struct conf_check *allowed = conf_check_find(c, "allowed");
	const struct conf_check *other = conf_check_find(c, "no-such");

	(void)state;
	assert_string_equal(conf_action_name(blocked->hit.action), "reject");
	assert_string_equal(conf_action_name(blocked->miss.action), "ignore");
	assert_string_equal(
		conf_action_name(blocked->unknown.action), "ignore");
	assert_false(blocked->shadow);
	assert_string_equal(conf_action_name(allowed->hit.action), "accept");
	assert_string_equal(conf_action_name(other->hit.action), "ignore");
	conf_release(c);
}

static void test_shadow_keeps_the_rest(void **state)
{
	struct conf *c = load(START SOCKET
		"check \"Blocked\" { shadow = on unknown = \"tempfail\" }\n");
	const struct conf_check *blocked = conf_check_find(c, "blocked");

	(void)state;
	assert_true(blocked->shadow);
	assert_string_equal(conf_action_name(blocked->hit.action), "reject");
	assert_string_equal(
		conf_action_name(blocked->unknown.action), "tempfail");
	conf_release(c);
}

static void test_scores(void **state)
{
	struct conf *c = load(START SOCKET
		"check \"blocked\" { hit = \"score -1.25\" "
		"miss = \"score 1000\" unknown = 'score  0.001' }\n");
	const struct conf_check *k = conf_check_find(c, "blocked");

	(void)state;
	assert_int_equal(k->hit.action, CONF_ACTION_SCORE);
	assert_true(k->hit.score == -1.25);
	assert_true(k->miss.score == 1000);
	assert_true(k->unknown.score == 0.001);
	conf_release(c);
}

/* "-": the file says nothing of it. */
static const char *mode_of(const struct conf *c, const char *domain)
{
	const struct conf_domain *d = conf_domain_find(c, slice_of(domain));

	if (d == NULL || !d->has_mode)
		return "-";
	return d->mode == CONF_MONITOR ? "monitor" : "enforce";
}

static void test_domain_modes(void **state)
{
	struct conf *c = load(
		START SOCKET "domain \"z.example\" { mode = \"monitor\" }\n"
			     "domain \"Example.ORG.\" { mode = \"monitor\" }\n"
			     "domain \"a.example\" { mode = \"enforce\" }\n"
			     "domain \"example.or\" { }\n");

	(void)state;
	assert_string_equal(mode_of(c, "example.org"), "monitor");
	assert_string_equal(mode_of(c, "z.example"), "monitor");
	assert_string_equal(mode_of(c, "a.example"), "enforce");
	assert_string_equal(mode_of(c, "example.or"), "-");
	assert_string_equal(mode_of(c, "example.orgx"), "-");
	assert_string_equal(mode_of(c, "sub.example.org"), "-");
	assert_string_equal(mode_of(c, ""), "-");
	conf_release(c);
}

static unsigned number_of(const struct conf *c, const char *domain)
{
	return conf_domain_find(c, slice_of(domain))->number;
}

static void test_domain_policies(void **state)
{
	struct conf *c = load(START SOCKET
		"check \"spf\" { fail = \"score 3\" }\n"
		"domain \"a.example\" { reject_at = 7 mark_at = 0\n"
		" rules = {\"spf fail = reject\", \"iprev fail = score -1\"}\n"
		" shadow = {\"dkim\", \"spf\"} }\n"
		"domain \"b.example\" { mark_at = 0 shadow = {\"spf\", "
		"\"dkim\"}\n"
		" rules = {\"iprev fail = score -1\", \"spf  fail=reject\"} "
		"reject_at = 7 }\n"
		"domain \"c.example\" { rules = {\"spf fail = score 3\"} "
		"reject_at = 15 mode = \"enforce\" }\n"
		"domain \"d.example\" { mode = \"monitor\" }\n"
		"domain \"e.example\" { }\n");
	const struct conf_domain *a =
		conf_domain_find(c, slice_of("a.example"));

	(void)state;
	assert_non_null(a);
	assert_null(conf_domain_find(c, slice_of("x.example")));
	assert_true(conf_policy_for(c, a)->reject_at == 7);
	assert_true(conf_policy_for(c, a)->mark_at == 0);
	assert_true(conf_policy_for(c, a)->quarantine_at == 10);
	assert_true(conf_policy_for(c, NULL)->reject_at == 15);
	assert_int_equal(
		conf_check_for(c, a, "spf")->result[CONF_RESULT_FAIL].action,
		CONF_ACTION_REJECT);
	assert_true(conf_check_for(c, a, "spf")->shadow);
	assert_true(
		conf_check_for(c, a, "iprev")->result[CONF_RESULT_FAIL].score ==
		-1);
	assert_true(conf_check_for(c, NULL, "spf")
			    ->result[CONF_RESULT_FAIL]
			    .score == 3);
	assert_false(conf_check_for(c, NULL, "dkim")->shadow);
	/* The same policy, in other words. */
	assert_int_equal(number_of(c, "a.example"), number_of(c, "b.example"));
	assert_int_equal(number_of(c, "c.example"), 0);
	assert_int_equal(number_of(c, "e.example"), 0);
	assert_int_not_equal(number_of(c, "d.example"), 0);
	assert_int_not_equal(
		number_of(c, "d.example"), number_of(c, "a.example"));
	conf_release(c);
}

static void test_exempt(void **state)
{
	struct conf *c = load(START SOCKET
		"lists { exempt = {\"PostMaster\", \"help-desk\"} }\n");

	(void)state;
	assert_true(conf_is_exempt(c, slice_of("POSTMASTER")));
	assert_true(conf_is_exempt(c, slice_of("help-desk")));
	assert_false(conf_is_exempt(c, slice_of("abuse")));
	assert_false(conf_is_exempt(c, slice_of("")));
	assert_string_equal(c->lists.exempt[0], "postmaster");
	conf_release(c);
}

static void test_empty_list(void **state)
{
	struct conf *c = load(
		START "milter { socket = 'fd:3' trusted = { # nobody\n } }\n");
	struct ipaddr ip;

	(void)state;
	assert_int_equal(c->milter.socket.kind, ENDPOINT_FD);
	assert_int_equal(cidrset_count(c->milter.trusted.set), 0);
	assert_int_equal(ipaddr_parse(&ip, slice_of("127.0.0.1")), RES_OK);
	assert_false(cidrset_match(c->milter.trusted.set, &ip));
	conf_release(c);
}

static void test_no_expansion(void **state)
{
	struct conf *c =
		load(START SOCKET "redis { password = \"a${HOME}$b\\\"\\\\'\" "
				  "sentinel_password = '${PATH:-x}\\'' }\n");

	(void)state;
	assert_string_equal(c->redis.password, "a${HOME}$b\"\\'");
	assert_string_equal(c->redis.sentinel_password, "${PATH:-x}'");
	conf_release(c);
}

static void test_sentinel_without_servers(void **state)
{
	struct conf *c = load(
		START SOCKET "redis { sentinel = {\"inet:26379@10.0.0.5\", "
			     "\"10.0.0.6:26379\"} master = \"reprieve\" }\n");

	(void)state;
	assert_int_equal(c->redis.server_count, 0);
	assert_int_equal(c->redis.sentinel_count, 2);
	assert_string_equal(c->redis.sentinels[1].host, "10.0.0.6");
	assert_string_equal(c->redis.master, "reprieve");
	conf_release(c);
}

/* ---- both ends of each range, from the table itself ---- */

static enum result load_value(
	const struct conf_row *row, int64_t value, bool is_octal)
{
	struct conf *c = NULL;
	struct buf text, errors;
	enum result res;

	buf_init(&text, ERRORS_MAX);
	buf_init(&errors, ERRORS_MAX);
	buf_add_format(&text, START "milter { socket = \"fd:3\" %s",
		strcmp(row->section, "milter") == 0 ? "" : "} ");
	if (strcmp(row->section, "milter") != 0)
		buf_add_format(&text, "%s %s{ ", row->section,
			conf_section_find(slice_of(row->section))->is_titled
				? "\"a.test\" "
				: "");
	buf_add_format(&text, is_octal ? "%s = 0%llo }" : "%s = %lld }",
		row->name, (long long)value);
	res = conf_load_text("f", buf_slice(&text), &c, &errors);
	conf_release(c);
	buf_clear(&text);
	buf_clear(&errors);
	return res;
}

static bool has_range(const struct conf_row *row)
{
	return row->kind == CONF_KIND_NUMBER || row->kind == CONF_KIND_SIZE ||
		row->kind == CONF_KIND_OCTAL || row->kind == CONF_KIND_DECIMAL;
}

static void check_ends(const struct conf_row *row)
{
	bool is_octal = row->kind == CONF_KIND_OCTAL;
	enum result below = load_value(row, row->min - 1, is_octal);
	enum result low = load_value(row, row->min, is_octal);
	enum result high = load_value(row, row->max, is_octal);
	enum result above = load_value(row, row->max + 1, is_octal);

	/* The one whose lower end another rule refuses. */
	if (strcmp(row->name, "reject_at") == 0)
		low = low == RES_SYNTAX ? RES_OK : RES_INTERNAL;
	if (low != RES_OK || high != RES_OK || below != RES_SYNTAX ||
		above != RES_SYNTAX)
		fail_msg("%s.%s: %s %s %s %s", row->section, row->name,
			result_name(below), result_name(low), result_name(high),
			result_name(above));
}

static void test_ranges(void **state)
{
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < conf_row_count; i++)
		if (has_range(&conf_rows[i])) {
			check_ends(&conf_rows[i]);
			seen++;
		}
	assert_true(seen > 25);
}

/* ---- what is printed loads to the same ---- */

struct text_row {
	const char *text;
};

static void prints_the_same(void **state)
{
	const struct text_row *row = *state;
	struct conf *first = load(row->text), *second;
	struct buf a, b;

	buf_init(&a, ERRORS_MAX);
	buf_init(&b, ERRORS_MAX);
	conf_print(first, &a);
	second = load(buf_text(&a));
	conf_print(second, &b);
	assert_string_equal(buf_text(&a), buf_text(&b));
	assert_int_equal(first->milter.socket_mode, second->milter.socket_mode);
	assert_int_equal(first->milter.socket.kind, second->milter.socket.kind);
	assert_string_equal(
		first->milter.socket.path, second->milter.socket.path);
	assert_int_equal(cidrset_count(first->milter.trusted.set),
		cidrset_count(second->milter.trusted.set));
	assert_true(first->policy.mark_at == second->policy.mark_at);
	assert_int_equal(first->check_count, second->check_count);
	assert_int_equal(first->domain_count, second->domain_count);
	assert_string_equal(first->redis.master, second->redis.master);
	assert_null(strstr(buf_text(&a), "geheim"));
	buf_clear(&a);
	buf_clear(&b);
	conf_release(first);
	conf_release(second);
}

static const char full[] = START
	"mode = monitor\n"
	"milter { socket = \"unix:/run/r.sock\" user = \"u\" group = \"g\" "
	"trusted = {\"10.1.2.3/8\", \"2001:DB8::/32\", \"::ffff:192.0.2.1\"} "
	"timeout_s = 10 backlog = 5 socket_mode = 0600 "
	"on_internal_error = accept id = \"mx1\" }\n"
	"redis { sentinel = {\"inet6:26379@::1\"} master = \"a$b\" "
	"user = \"m\" password = \"geheim\" prefix = \"x:\" database = 3 }\n"
	"lists { snapshot = \"\" exempt = {} on_redis_error = \"tempfail\" }\n"
	"policy { mark_at = 2.5 reject_at = 20.125 }\n"
	"check \"allowed\" { hit = \"score -0.5\" shadow = yes }\n"
	"check \"blocked\" { hit = \"quarantine\" unknown = \"tempfail\" }\n"
	"domain \"b.example\" { mode = enforce }\n"
	"domain \"a.example\" { mode = monitor greylist_at = 0 mark_at = 2.5 "
	"rules = {\"spf fail = score -1.25\"} shadow = {\"dkim\"} }\n"
	"portal { listen = \"inet:80@0.0.0.0\" allow_direct = true }\n"
	"metrics { listen = \"unix:/run/m.sock\" }\n"
	"log { target = stderr level = debug }\n"
	"dmarc_mode = both\n"
	"dns { forward = {\"192.0.2.1@5353\"} dnssec = yes cache_size = 0 }\n"
	"auth { authserv_id = \"a.example\" received_spf = no "
	"known_lists = {\"l.example\"} }\n"
	"dkim { signatures_max = 3 }\n"
	"arc { seal_domain = \"a.example\" selector = \"2026\" "
	"key = \"/k.pem\" trusted = {\"b.example\", \"c.example\"} }\n"
	"check \"dmarc\" { fail_reject = \"quarantine\" }\n"
	"check \"dkim\" { policy = \"score 0.5\" }\n"
	"check \"from\" { hit = \"reject\" }\n";

/* ---- files ---- */

static char folder[] = "/tmp/reprieve-conf.XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int drop_folder(void **state)
{
	(void)state;
	(void)unlink("main.conf");
	(void)unlink("extra.conf");
	(void)unlink("pw");
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static void load_file(struct conf **c, enum result want, const char *errors)
{
	struct buf got, name;

	buf_init(&got, ERRORS_MAX);
	buf_init(&name, 4096);
	buf_add_format(&name, "%s/main.conf", folder);
	enum result res = conf_load(buf_text(&name), c, &got);

	/* Names in messages are whole; the rows know only their ends. */
	struct buf plain;
	struct slice rest = buf_slice(&got);

	buf_init(&plain, ERRORS_MAX);
	while (!slice_is_empty(rest)) {
		size_t len = strlen(folder);

		if (slice_has_prefix(rest, slice_of(folder))) {
			rest = slice_part(rest, len + 1, rest.len);
			continue;
		}
		buf_add_char(&plain, rest.at[0]);
		rest = slice_part(rest, 1, rest.len);
	}
	assert_string_equal(buf_text(&plain), errors);
	assert_string_equal(result_name(res), result_name(want));
	buf_clear(&plain);
	buf_clear(&got);
	buf_clear(&name);
}

static void test_include(void **state)
{
	struct conf *c = NULL;

	(void)state;
	put("extra.conf",
		"redis { pool = 9 }\n\ncheck \"blocked\" "
		"{ shadow = yes }\n",
		0644);
	put("main.conf",
		START SOCKET "include(\"extra.conf\")\n"
			     "redis { pool = 8 queue = 200 }\n",
		0644);
	load_file(&c, RES_OK, "");
	assert_int_equal(c->redis.pool, 9);
	assert_int_equal(c->redis.queue, 200);
	assert_true(conf_check_find(c, "blocked")->shadow);
	conf_release(c);
}

static void test_include_errors(void **state)
{
	struct conf *c = NULL;

	(void)state;
	put("extra.conf", "\nredis {\n\n poool = 9 pool = 0 }\n", 0644);
	put("main.conf",
		"mode = 3\n" START SOCKET "include(\"extra.conf\")\n"
		"include(\"nothere.conf\")\nredis { queue = 1 }\n",
		0644);
	load_file(&c, RES_SYNTAX,
		"main.conf:1: mode: \"3\" is neither enforce nor monitor\n"
		"main.conf:6: include: cannot read nothere.conf (missing)\n"
		"main.conf:7: queue: \"1\" is out of range: 100 to 1000000 "
		"are allowed\n"
		"extra.conf:4: unknown option \"poool\" in section redis; did "
		"you mean \"pool\"?\n"
		"extra.conf:4: pool: \"0\" is out of range: 1 to 256 are "
		"allowed\n");
	assert_null(c);
}

static void test_include_of_itself(void **state)
{
	struct conf *c = NULL;

	(void)state;
	put("main.conf", START SOCKET "include(\"main.conf\")\n", 0644);
	load_file(&c, RES_SYNTAX, "main.conf:4: includes go too deep\n");
	assert_null(c);
}

static void test_password_file(void **state)
{
	struct conf *c = NULL;
	char text[256];

	(void)state;
	put("pw", "geheim\nmore\n", 0600);
	(void)snprintf(text, sizeof(text),
		START SOCKET "redis {\n password_file = \"%s/pw\" }\n", folder);
	put("main.conf", text, 0644);
	load_file(&c, RES_OK, "");
	assert_string_equal(c->redis.password, "geheim");
	conf_release(c);
	put("pw", "geheim\n", 0644);
	load_file(&c, RES_OK,
		"main.conf:5: warning: pw can be read by "
		"everybody on this machine\n");
	conf_release(c);
	put("pw", "\n", 0600);
	load_file(&c, RES_SYNTAX,
		"main.conf:5: password_file: the first line "
		"of pw is no password\n");
	(void)unlink("pw");
	load_file(
		&c, RES_SYNTAX, "main.conf:5: password_file: cannot read pw\n");
	assert_null(c);
}

static void test_key_file(void **state)
{
	struct conf *c = NULL;
	char text[256];

	(void)state;
	put("pw", "-----BEGIN PRIVATE KEY-----\nAA==\n", 0600);
	(void)snprintf(text, sizeof(text),
		START SOCKET "arc { seal_domain = a.example selector = 1\n"
			     "key = \"%s/pw\" }\n",
		folder);
	put("main.conf", text, 0644);
	load_file(&c, RES_OK, "");
	assert_string_equal(c->arc.selector, "1");
	conf_release(c);
	put("pw", "-----BEGIN PRIVATE KEY-----\n", 0644);
	load_file(&c, RES_OK,
		"main.conf:5: warning: pw can be read by "
		"everybody on this machine\n");
	conf_release(c);
	put("pw", "-----BEGIN PUBLIC KEY-----\n", 0600);
	load_file(&c, RES_SYNTAX,
		"main.conf:5: key: pw holds no private key in PEM\n");
	put("pw", "", 0600);
	load_file(&c, RES_SYNTAX,
		"main.conf:5: key: pw holds no private key in PEM\n");
	(void)unlink("pw");
	load_file(&c, RES_SYNTAX, "main.conf:5: key: cannot read pw\n");
	assert_null(c);
}

static void test_missing_file(void **state)
{
	struct conf *c = NULL;

	(void)state;
	(void)unlink("main.conf");
	load_file(&c, RES_MISSING,
		"main.conf:1: cannot read the file (missing)\n");
	assert_null(c);
}

/* ---- counting ---- */

enum { THREADS = 8, ROUNDS = 1000 };

static void *hold_and_release(void *arg)
{
	struct conf *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct conf *mine = conf_hold(c);

		if (strcmp(mine->host, "mx.example.net") != 0)
			abort();
		conf_release(mine);
	}
	conf_release(c);
	return NULL;
}

static void test_threads(void **state)
{
	struct conf *c = load(START SOCKET);
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
					 hold_and_release, conf_hold(c)),
			0);
	/* Ours goes first: the last thread out frees it. */
	conf_release(c);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	conf_release(NULL);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("names are folded, slashes at the end dropped", test_names,
			NULL),
		CASE("defaults of milter", test_defaults_milter, NULL),
		CASE("defaults of redis", test_defaults_redis, NULL),
		CASE("defaults of lists and cases", test_defaults_lists, NULL),
		CASE("defaults of the rest", test_defaults_rest, NULL),
		CASE("defaults of authentication", test_defaults_auth, NULL),
		CASE("spf adds to the sum", has_rules,
			(&(struct rule_row){
				"spf", "fail 4 softfail 1 permerror 1 " })),
		CASE("spf of the greeting adds less", has_rules,
			(&(struct rule_row){ "spf-helo", "fail 2 " })),
		CASE("an address without a name adds a little", has_rules,
			(&(struct rule_row){ "iprev", "fail 2 permerror 1 " })),
		CASE("a broken signature is as none", has_rules,
			(&(struct rule_row){ "dkim", "" })),
		CASE("a broken chain of forwarders costs nothing", has_rules,
			(&(struct rule_row){ "arc", "" })),
		CASE("dmarc alone never refuses", has_rules,
			(&(struct rule_row){ "dmarc",
				"fail_quarantine 5 fail_reject 10 temperror_strict tempfail " })),
		CASE("two ways to DMARC that differ are only told", has_rules,
			(&(struct rule_row){ "dmarc-modes", "" })),
		CASE("a From that nobody can read adds to the sum", has_rules,
			(&(struct rule_row){ "from", "hit 6 " })),
		CASE("domains are folded", test_folds_domains, NULL),
		CASE("listed is refused and allowed accepted when nothing is "
		     "said",
			test_built_in_checks, NULL),
		CASE("a check in shadow keeps its other rules",
			test_shadow_keeps_the_rest, NULL),
		CASE("scores have a sign and three places", test_scores, NULL),
		CASE("a recipient domain has a mode of its own",
			test_domain_modes, NULL),
		CASE("a recipient domain has a policy of its own, alike ones "
		     "have one number",
			test_domain_policies, NULL),
		CASE("exempt names are found in any case", test_exempt, NULL),
		CASE("an empty list is empty, not the default", test_empty_list,
			NULL),
		CASE("the environment does not get into values",
			test_no_expansion, NULL),
		CASE("with sentinels no server is made up",
			test_sentinel_without_servers, NULL),
		CASE("each number holds at both ends of its range", test_ranges,
			NULL),
		CASE("the defaults print and load to the same", prints_the_same,
			(&(struct text_row){ START SOCKET })),
		CASE("everything set prints and loads to the same",
			prints_the_same, (&(struct text_row){ full })),
		CASE("an included file has the last word", test_include, NULL),
		CASE("errors name the included file", test_include_errors,
			NULL),
		CASE("a file that includes itself is refused",
			test_include_of_itself, NULL),
		CASE("a password comes from the first line of a file",
			test_password_file, NULL),
		CASE("the key of the seal must be one", test_key_file, NULL),
		CASE("a file that is not there", test_missing_file, NULL),
		CASE("eight threads hold and release a thousand times",
			test_threads, NULL),
	};

	return cmocka_run_group_tests_name(
		"conf/conf", cases, make_folder, drop_folder);
}
