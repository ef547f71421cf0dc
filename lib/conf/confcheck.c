/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confcheck.h"

#include "base/file.h"
#include "conf/conf.h"
#include "conf/confdefault.h"
#include "conf/confdomain.h"
#include "conf/confgeo.h"
#include "conf/confload.h"
#include "conf/conftable.h"
#include "conf/conftrap.h"
#include "conf/confzone.h"
#include "mail/mailbox.h"

#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

enum { SECRET_FILE_MAX = 4096, PASSWORD_MAX = 512, KEY_FILE_MAX = 65536 };

static void error_at(struct confload *l, const char *section, const char *name,
	const char *text)
{
	confload_note(
		l, CONF_ERROR, confload_place(l, section, name), "%s", text);
}

static void warn_at(struct confload *l, const char *section, const char *name,
	const char *text)
{
	confload_note(
		l, CONF_WARNING, confload_place(l, section, name), "%s", text);
}

static void check_required(struct confload *l)
{
	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *row = &conf_rows[i];

		if (!row->is_required ||
			confload_is_said(l, row->section, row->name))
			continue;
		confload_note(l, CONF_ERROR,
			confload_place(l, row->section, row->name),
			*row->section == '\0' ? "%s%s is missing"
					      : "%s.%s is missing",
			row->section, row->name);
	}
}

/* A server somewhere, and nobody told how to find it twice. */
static enum result check_redis(struct confload *l, struct conf_redis *r)
{
	if (r->sentinel_count > 0 && *r->master == '\0')
		error_at(l, "redis", "sentinel",
			"redis.sentinel needs redis.master, the name of the "
			"service");
	if (r->sentinel_count == 0 && *r->master != '\0')
		warn_at(l, "redis", "master",
			"redis.master means nothing without redis.sentinel");
	if (r->server_count > 0 || r->sentinel_count > 0)
		return RES_OK;
	free(r->servers);
	r->servers = calloc(1, sizeof(*r->servers));
	if (r->servers == NULL)
		return RES_NOMEM;
	r->server_count = 1;
	return endpoint_parse(
		&r->servers[0], slice_of(conf_redis_server_default), false);
}

struct secret {
	const char *name;
	const char *file_name;
	char **value;
	const char *file;
};

static void warn_readable(struct confload *l, const char *section,
	const char *option, const char *file)
{
	struct stat st;

	if (stat(file, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		confload_note(l, CONF_WARNING,
			confload_place(l, section, option),
			"%s can be read by everybody on this machine", file);
}

static enum result read_secret(struct confload *l, const struct secret *s)
{
	struct buf text;
	struct slice rest, line;
	enum result res = RES_OK;
	char *copy = NULL;

	buf_init(&text, SECRET_FILE_MAX);
	if (file_read(s->file, &text) != RES_OK) {
		confload_note(l, CONF_ERROR,
			confload_place(l, "redis", s->file_name),
			"%s: cannot read %s", s->file_name, s->file);
		goto done;
	}
	rest = buf_slice(&text);
	if (!slice_cut(&rest, '\n', &line))
		line = (struct slice){ NULL, 0 };
	line = slice_trim(line);
	if (slice_is_empty(line) || line.len > PASSWORD_MAX ||
		memchr(line.at, '\0', line.len) != NULL) {
		confload_note(l, CONF_ERROR,
			confload_place(l, "redis", s->file_name),
			"%s: the first line of %s is no password", s->file_name,
			s->file);
		goto done;
	}
	warn_readable(l, "redis", s->file_name, s->file);
	copy = strndup(line.at, line.len);
	if (copy == NULL) {
		res = RES_NOMEM;
		goto done;
	}
	free(*s->value);
	*s->value = copy;
done:
	buf_clear(&text);
	return res;
}

static enum result check_secret(struct confload *l, const struct secret *s)
{
	if (*s->file == '\0')
		return RES_OK;
	if (**s->value != '\0') {
		confload_note(l, CONF_ERROR,
			confload_place(l, "redis", s->file_name),
			"%s and %s are both there; leave one out", s->name,
			s->file_name);
		return RES_OK;
	}
	if (!confload_is_real(l)) {
		confload_note(l, CONF_ERROR,
			confload_place(l, "redis", s->file_name),
			"%s works in files only", s->file_name);
		return RES_OK;
	}
	return read_secret(l, s);
}

static enum result check_secrets(struct confload *l, struct conf_redis *r)
{
	const struct secret secrets[] = {
		{ "password", "password_file", &r->password, r->password_file },
		{ "sentinel_password", "sentinel_password_file",
			&r->sentinel_password, r->sentinel_password_file },
	};
	enum result res = RES_OK;

	for (size_t i = 0; res == RES_OK && i < 2; i++)
		res = check_secret(l, &secrets[i]);
	return res;
}

/* The web is meant to come in through a server that limits and encrypts. */
static void check_listen(struct confload *l, const char *section,
	const struct endpoint *e, bool allow_direct)
{
	bool is_inet = e->kind == ENDPOINT_INET || e->kind == ENDPOINT_INET6;

	if (is_inet && !endpoint_is_local(e) && !allow_direct)
		confload_note(l, CONF_ERROR,
			confload_place(l, section, "listen"),
			"%s.listen is not a loopback address; others could "
			"reach it (allow_direct = yes if that is meant)",
			section);
	if (e->kind == ENDPOINT_FD && strcmp(section, "metrics") == 0)
		error_at(l, section, "listen",
			"metrics.listen cannot be a descriptor");
}

static void check_address(struct confload *l, const char *section,
	const char *name, const char *text)
{
	char out[MAILBOX_TEXT_MAX];

	if (*text != '\0' && mailbox_parse(slice_of(text), out) != RES_OK)
		error_at(l, section, name,
			strcmp(name, "from") == 0
				? "portal.from is not a mail address"
				: "support.admin is not a mail address");
}

static void check_portal(struct confload *l, const struct conf *c)
{
	const struct conf_portal *p = &c->portal;
	struct endpoint smtp;

	check_listen(l, "portal", &p->listen, p->allow_direct);
	if ((p->metrics.kind == ENDPOINT_INET ||
		    p->metrics.kind == ENDPOINT_INET6) &&
		!endpoint_is_local(&p->metrics))
		error_at(l, "portal", "metrics",
			"portal.metrics is not a loopback address; others "
			"could read it");
	if (endpoint_parse(&smtp, slice_of(p->smtp), true) != RES_OK ||
		(smtp.kind != ENDPOINT_INET && smtp.kind != ENDPOINT_INET6) ||
		smtp.port == 0)
		error_at(l, "portal", "smtp",
			"portal.smtp is not HOST:PORT, \"127.0.0.1:25\" say");
	check_address(l, "portal", "from", p->from);
	check_address(l, "support", "admin", c->support.admin);
	if (p->form_max_s <= p->form_min_s)
		error_at(l, "portal", "form_max_s",
			"portal.form_max_s must be greater than form_min_s");
	if (c->delist.listing_max_s < c->delist.listing_s)
		warn_at(l, "delist", "listing_max_s",
			"delist.listing_max_s is less than listing_s: all "
			"levels last that long");
	if (c->delist.queue_at < c->delist.busy_at)
		warn_at(l, "delist", "queue_at",
			"delist.queue_at is below busy_at: no proof of work is "
			"ever asked for");
}

static void check_milter(struct confload *l, const struct conf_milter *m)
{
	if (m->message_memory < m->connection_memory)
		warn_at(l, "milter", "message_memory",
			"message_memory is less than connection_memory");
}

static void check_policy(struct confload *l, const struct conf_policy *p)
{
	if (p->reject_at < p->quarantine_at)
		warn_at(l, "policy", "quarantine_at",
			"quarantine_at is above reject_at and never reached");
	if (p->reject_at < p->mark_at)
		warn_at(l, "policy", "mark_at",
			"mark_at is above reject_at and never reached");
	if (p->reject_at <= 0)
		error_at(l, "policy", "reject_at",
			"reject_at of 0 would refuse every message");
}

static bool has_greylist(const struct conf_check *k)
{
	bool found = k->hit.action == CONF_ACTION_GREYLIST ||
		k->miss.action == CONF_ACTION_GREYLIST ||
		k->unknown.action == CONF_ACTION_GREYLIST;

	for (unsigned i = 0; i < CONF_RESULT_COUNT; i++)
		found = found || k->result[i].action == CONF_ACTION_GREYLIST;
	return found;
}

static void check_greylist(struct confload *l, const struct conf *c)
{
	if (c->greylist.enabled)
		return;
	for (size_t i = 0; i < c->check_count; i++)
		if (has_greylist(&c->checks[i]))
			confload_note(l, CONF_WARNING,
				confload_titled_place(
					l, "check", c->checks[i].name, ""),
				"\"greylist\" has no effect without "
				"greylist.enabled");
}

static void check_lists(struct confload *l, const struct conf *c)
{
	bool has_postmaster = conf_is_exempt(c, slice_of("postmaster"));

	if (!has_postmaster)
		warn_at(l, "lists", "exempt",
			"lists.exempt is without postmaster, which must take "
			"mail from everybody (RFC 5321 s4.5.1)");
	if (c->cases.reuse_s > c->cases.keep_s)
		error_at(l, "cases", "reuse_s",
			"cases.reuse_s is longer than cases.keep_s");
}

static void check_temperror(
	struct confload *l, const struct conf_check *k, enum conf_result r)
{
	const char *name = conf_result_name(r);

	if (k->result[r].action == CONF_ACTION_REJECT)
		confload_note(l, CONF_ERROR,
			confload_titled_place(l, "check", k->name, name),
			"%s: \"reject\" would refuse everybody while DNS is "
			"down; use tempfail",
			name);
}

/* A rule for what cannot be would be a rule that somebody relies on. */
static void check_results(struct confload *l, const struct conf_check *k)
{
	static const char *const plain[] = { "hit", "miss", "unknown" };

	for (unsigned i = 0; i < CONF_RESULT_COUNT; i++) {
		const char *name = conf_result_name(i);

		if (!confdefault_has_result(k->name, i) &&
			confload_is_titled_said(l, "check", k->name, name))
			confload_note(l, CONF_ERROR,
				confload_titled_place(
					l, "check", k->name, name),
				"check \"%s\" has no result \"%s\"", k->name,
				name);
	}
	check_temperror(l, k, CONF_RESULT_TEMPERROR);
	check_temperror(l, k, CONF_RESULT_TEMPERROR_STRICT);
	if (!confdefault_has_results(k->name))
		return;
	for (size_t i = 0; i < 3; i++)
		if (confload_is_titled_said(l, "check", k->name, plain[i]))
			confload_note(l, CONF_ERROR,
				confload_titled_place(
					l, "check", k->name, plain[i]),
				"check \"%s\" has results such as fail and "
				"none instead of \"%s\"",
				k->name, plain[i]);
}

static void check_check(struct confload *l, const struct conf_check *k)
{
	if (!confdefault_has_check(k->name)) {
		confload_note(l, CONF_WARNING,
			confload_titled_place(l, "check", k->name, ""),
			"this version has no check \"%s\"; "
			"the section has no effect",
			k->name);
		return;
	}
	check_results(l, k);
	if (k->unknown.action == CONF_ACTION_REJECT)
		confload_note(l, CONF_ERROR,
			confload_titled_place(l, "check", k->name, "unknown"),
			"unknown: \"reject\" would refuse everybody while a "
			"service is down; use tempfail");
}

/* The key itself is read by who seals; here only whether it is one. */
static void check_key(struct confload *l, const char *file)
{
	static const char mark[] = "PRIVATE KEY-----";
	enum result res;
	struct buf text;

	buf_init(&text, KEY_FILE_MAX);
	res = file_read(file, &text);
	/* Portal and tools read the same file and need no key. */
	if (res == RES_DENIED)
		confload_note(l, CONF_WARNING, confload_place(l, "arc", "key"),
			"key: %s may not be read by this user", file);
	else if (res != RES_OK)
		confload_note(l, CONF_ERROR, confload_place(l, "arc", "key"),
			"key: cannot read %s", file);
	else if (memmem(text.at, text.len, mark, sizeof(mark) - 1) == NULL)
		confload_note(l, CONF_ERROR, confload_place(l, "arc", "key"),
			"key: %s holds no private key in PEM", file);
	else
		warn_readable(l, "arc", "key", file);
	if (text.at != NULL)
		explicit_bzero(text.at, text.len);
	buf_clear(&text);
}

static void check_arc(struct confload *l, const struct conf_arc *a)
{
	const struct {
		const char *name;
		const char *value;
	} parts[] = { { "seal_domain", a->seal_domain },
		{ "selector", a->selector }, { "key", a->key } };
	const char *given = NULL;

	for (size_t i = 0; i < 3; i++)
		if (*parts[i].value != '\0')
			given = parts[i].name;
	for (size_t i = 0; given != NULL && i < 3; i++)
		if (*parts[i].value == '\0')
			confload_note(l, CONF_ERROR,
				confload_place(l, "arc", given),
				"arc.%s is missing; sealing needs seal_domain, "
				"selector and key",
				parts[i].name);
	if (*a->key != '\0' && confload_is_real(l))
		check_key(l, a->key);
}

static void check_dkim(struct confload *l, const struct conf_dkim *d)
{
	if (d->max_key_bits < d->min_key_bits)
		error_at(l, "dkim", "max_key_bits",
			"dkim.max_key_bits is below min_key_bits: no RSA key "
			"could pass");
}

/* DKIM has a fifth of the questions (judge/pipeline). */
static void check_dns(struct confload *l, const struct conf *c)
{
	enum { SIGNATURE_COSTS = 5 };

	if (c->dns.timeout_ms > c->dns.end_ms)
		warn_at(l, "dns", "timeout_ms",
			"dns.timeout_ms is above end_ms, after which nobody "
			"waits any more");
	if (c->dns.lists_ms > c->dns.end_ms && c->zone_count > 0)
		warn_at(l, "dns", "lists_ms",
			"dns.lists_ms is above end_ms, after which nobody "
			"waits any more");
	if (c->dkim.signatures_max * SIGNATURE_COSTS > c->dns.questions_max)
		warn_at(l, "dns", "questions_max",
			"dns.questions_max is less than five times "
			"dkim.signatures_max: the last signatures could not be "
			"told");
}

static void check_auth(struct confload *l, const struct conf *c)
{
	if (!c->auth.enabled && *c->arc.seal_domain != '\0')
		warn_at(l, "arc", "seal_domain",
			"nothing is sealed without auth.enabled");
}

static enum result check_listing(struct confload *l, struct conf_listing *c)
{
	const char *bad = "";
	enum result res = conftrap_build(c, &bad);

	if (res == RES_NOMEM)
		return res;
	if (res != RES_OK)
		confload_note(l, CONF_ERROR,
			confload_place(l, "listing", "traps"),
			"traps: \"%s\" is not a mail address", bad);
	return RES_OK;
}

static enum result check_geo(struct confload *l, struct conf_geo *g)
{
	const char *bad;
	enum result res = confgeo_build(g, &bad);

	if (res == RES_NOMEM)
		return res;
	if (res != RES_OK)
		confload_note(l, CONF_ERROR, confload_place(l, "geo", "scores"),
			"scores: \"%s\" %s", bad,
			res == RES_RANGE ? "is out of range: -1000 to 1000"
				: res == RES_EXISTS
				? "stands there twice"
				: "is neither like \"CN 2.5\" nor like "
				  "\"AS64500 3\"");
	else if (confgeo_has_countries(g) && *g->country == '\0')
		warn_at(l, "geo", "scores",
			"scores of countries mean nothing without geo.country");
	else if (confgeo_has_networks(g) && *g->asn == '\0')
		warn_at(l, "geo", "scores",
			"scores of networks mean nothing without geo.asn");
	return RES_OK;
}

static int compare_domains(const void *a, const void *b)
{
	const struct conf_domain *x = a, *y = b;

	return strcmp(x->name, y->name);
}

enum result confcheck_run(struct confload *l, const char *path)
{
	struct conf *c = confload_conf(l);
	char *copy = strdup(path);
	enum result res;

	if (copy == NULL)
		return RES_NOMEM;
	free(c->path);
	c->path = copy;
	check_required(l);
	res = check_redis(l, &c->redis);
	if (res == RES_OK)
		res = check_secrets(l, &c->redis);
	if (res == RES_OK)
		res = check_geo(l, &c->geo);
	if (res == RES_OK)
		res = check_listing(l, &c->listing);
	check_portal(l, c);
	check_listen(l, "metrics", &c->metrics.listen, c->metrics.allow_direct);
	check_milter(l, &c->milter);
	check_policy(l, &c->policy);
	check_greylist(l, c);
	check_lists(l, c);
	check_dkim(l, &c->dkim);
	check_arc(l, &c->arc);
	check_dns(l, c);
	check_auth(l, c);
	for (size_t i = 0; i < c->check_count; i++)
		check_check(l, &c->checks[i]);
	for (size_t i = 0; res == RES_OK && i < c->zone_count; i++)
		res = confzone_read(l, &c->zones[i]);
	if (c->domain_count > 1)
		qsort(c->domains, c->domain_count, sizeof(*c->domains),
			compare_domains);
	return res == RES_OK ? confdomain_finish(l, c) : res;
}
