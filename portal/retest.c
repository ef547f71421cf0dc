/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/retest - the same questions to DNS now, beside the old answers.
 */
#include "auth/dkimkey.h"
#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "judge/services.h"
#include "judge/trial.h"
#include "policy/dictionary.h"
#include "portal/cases.h"
#include "portal/dossier.h"
#include "portal/exhibits.h"
#include "portal/guard.h"
#include "portal/origin.h"
#include "portal/pages.h"
#include "portal/recheck.h"
#include "portal/rehearsal.h"

#include <string.h>

/* ---- what to ask ---- */

static void add_keys(struct recheck_question *q, struct slice lines)
{
	struct slice line;

	while (q->key_count < RECHECK_KEYS_MAX &&
		slice_cut(&lines, '\n', &line)) {
		struct recheck_key key = { casefile_word(line, "d"),
			casefile_word(line, "s") };

		if (!slice_is_empty(key.domain) &&
			!slice_is_empty(key.selector))
			q->key[q->key_count++] = key;
	}
}

/* The name of the greeting; that of an old case without SPF, too. */
static struct slice helo_of(const struct casefile *f)
{
	if (casefile_is(f, CASEFILE_HELO, ""))
		return f->auth[CASEAUTH_SPF_HELO_DOMAIN];
	return f->text[CASEFILE_HELO];
}

static bool is_null_sender(const struct casefile *f)
{
	return slice_is_equal(f->auth[CASEAUTH_SPF_IDENTITY], slice_of("helo"));
}

/* What was refused at RCPT has no results, and the page of the case does not
 * tell its domain. Without it (Redis is away) there is one question less. */
static struct slice envelope_domain(struct visit *v, const struct dossier *d)
{
	struct redis *r = visit_redis(v);
	struct origin o;

	if (!slice_is_empty(d->file.auth[CASEAUTH_SPF_DOMAIN]))
		return d->file.auth[CASEAUTH_SPF_DOMAIN];
	if (r == NULL ||
		origin_read(r, v->site.conf, slice_of(d->ref), v->arena, &o) !=
			RES_OK)
		return slice_of("");
	return o.sender_domain;
}

static void ask(
	struct visit *v, const struct dossier *d, struct recheck_question *q)
{
	const struct services *s = context_services(v->site.context);
	const struct casefile *f = &d->file;

	*q = (struct recheck_question){ .conf = v->site.conf,
		.clock = v->site.clock,
		.arena = v->arena,
		.ip = &d->ip,
		.helo = helo_of(f),
		.author = f->auth[CASEAUTH_DMARC_AUTHOR] };
	if (s != NULL && s->resolver != NULL)
		q->dns = resolver_source(s->resolver);
	if (s != NULL && strcmp(v->site.conf->auth.dmarc_mode, "psl") == 0)
		q->psl = s->psl;
	if (!is_null_sender(f))
		q->spf_domain = envelope_domain(v, d);
	add_keys(q, f->auth[CASEAUTH_DKIM]);
}

/* ---- then and now ---- */

struct side {
	const char *words;
	enum exhibit_mark mark;
	struct slice text; /* a record or a name, or "" */
	struct slice remark;
};

static void add_side(struct view *row, const char *name, const struct side *s)
{
	struct view *item = view_item(row, name);

	view_say(item, "words", s->words);
	exhibits_mark(item, s->mark);
	view_slice(item, "text", s->text);
	view_slice(item, "remark", s->remark);
}

static void add_row(struct view *to, const char *what, struct slice name,
	const struct side *then, const struct side *now)
{
	struct view *row = view_item(to, "rows");

	view_say(row, "what", what);
	view_slice(row, "name", name);
	add_side(row, "then", then);
	add_side(row, "now", now);
}

static struct side say_side(const char *words, enum exhibit_mark mark)
{
	return (struct side){ .words = words, .mark = mark };
}

static struct side side_of(struct slice result)
{
	const struct exhibit_result *r = exhibits_result(result);

	return say_side(r->words, r->mark);
}

/* What was to be asked and has no answer is never a fault. */
static struct side side_now(enum auth_result result)
{
	return side_of(slice_of(auth_result_name(
		result == AUTH_UNKNOWN ? AUTH_TEMPERROR : result)));
}

static void name_side(struct side *s, struct slice result)
{
	if (slice_is_equal(result, slice_of("permerror")))
		s->words = N_("has no name");
}

static void add_iprev(
	struct visit *v, const struct dossier *d, const struct recheck *r)
{
	const struct slice *auth = d->file.auth;
	struct side then = side_of(auth[CASEAUTH_IPREV]);
	struct side now = side_now(r->iprev.result);
	char ip[IPADDR_TEXT_MAX];

	name_side(&then, auth[CASEAUTH_IPREV]);
	name_side(&now, slice_of(auth_result_name(r->iprev.result)));
	then.text = auth[CASEAUTH_IPREV_NAME];
	then.remark = auth[CASEAUTH_IPREV_REASON];
	now.text = r->iprev.name;
	now.remark = r->iprev.reason;
	add_row(v->view, "Reverse DNS of the sending server",
		slice_of(ipaddr_format(&d->ip, ip)), &then, &now);
}

/* first: the field of the domain; the others follow in the same order. */
static void add_spf(struct visit *v, const struct dossier *d, const char *what,
	enum caseauth first, const struct spf_fact *fact)
{
	enum {
		RECORD = CASEAUTH_SPF_RECORD - CASEAUTH_SPF_DOMAIN,
		REASON = CASEAUTH_SPF_REASON - CASEAUTH_SPF_DOMAIN
	};
	const struct slice *auth = d->file.auth;
	bool is_helo = first == CASEAUTH_SPF_HELO_DOMAIN;
	struct slice old = auth[is_helo ? CASEAUTH_SPF_HELO : CASEAUTH_SPF];
	struct side then = side_of(old);
	struct side now = side_now(fact->result);

	then.text = auth[first + RECORD];
	then.remark = auth[first + REASON];
	now.text = fact->record;
	now.remark = fact->reason;
	add_row(v->view, what,
		slice_is_empty(auth[first]) ? fact->domain : auth[first], &then,
		&now);
}

/* "include" of "include:_spf.example.org": what names nobody. */
static struct slice mechanism_of(struct slice directive)
{
	size_t len = 0;

	while (len < directive.len && strchr(":/=", directive.at[len]) == NULL)
		len++;
	return slice_part(directive, 0, len);
}

/* Of a domain that the case does not tell: neither name nor record, nor words
 * that may hold them. */
static void add_hidden_spf(
	struct visit *v, const char *what, const struct spf_fact *fact)
{
	struct side then = side_of(slice_of(""));
	struct side now = side_now(fact->result);

	now.text = mechanism_of(fact->matched);
	add_row(v->view, what, slice_of(""), &then, &now);
}

static bool is_hidden(const struct casefile *f, struct slice domain)
{
	return slice_is_empty(f->auth[CASEAUTH_SPF_DOMAIN]) &&
		!slice_is_equal_nocase(domain, f->auth[CASEAUTH_DMARC_AUTHOR]);
}

static void add_both_spf(struct visit *v, const struct dossier *d,
	const struct recheck_question *q, const struct recheck *r)
{
	const char *const sender = "SPF of the envelope sender";

	if (is_null_sender(&d->file)) {
		add_spf(v, d, sender, CASEAUTH_SPF_DOMAIN, &r->helo);
		return;
	}
	if (!slice_is_empty(q->spf_domain) &&
		is_hidden(&d->file, q->spf_domain))
		add_hidden_spf(v, sender, &r->mailfrom);
	else if (!slice_is_empty(q->spf_domain))
		add_spf(v, d, sender, CASEAUTH_SPF_DOMAIN, &r->mailfrom);
	if (!slice_is_empty(q->helo))
		add_spf(v, d, "SPF of the greeting", CASEAUTH_SPF_HELO_DOMAIN,
			&r->helo);
}

static struct side key_side(const struct dkimkey *k)
{
	static const struct {
		const char *words;
		enum exhibit_mark mark;
	} sides[] = {
		[DKIMKEY_NOT_TOLD] = { N_("could not be asked for"),
			EXHIBIT_OPEN },
		[DKIMKEY_GOOD] = { N_("is there and can be used"),
			EXHIBIT_GOOD },
		[DKIMKEY_MISSING] = { N_("is not there"), EXHIBIT_BAD },
		[DKIMKEY_SEVERAL] = { N_("is there more than once"),
			EXHIBIT_BAD },
		[DKIMKEY_REVOKED] = { N_("has been taken back"), EXHIBIT_BAD },
		[DKIMKEY_INVALID] = { N_("cannot be used as it is"),
			EXHIBIT_BAD },
	};

	return (struct side){ .words = sides[k->status].words,
		.mark = sides[k->status].mark,
		.text = k->record,
		.remark = slice_of(k->reason) };
}

static void add_keys_found(
	struct visit *v, const struct dossier *d, const struct recheck *r)
{
	struct slice lines = d->file.auth[CASEAUTH_DKIM], line, name;
	size_t i = 0;

	while (i < RECHECK_KEYS_MAX && slice_cut(&lines, '\n', &line)) {
		struct slice domain = casefile_word(line, "d");
		struct slice selector = casefile_word(line, "s");
		struct side then =
			side_of(slice_part(line, 0, slice_find(line, ' ')));
		struct side now;

		if (slice_is_empty(domain) || slice_is_empty(selector))
			continue;
		now = key_side(&r->key[i]);
		then.remark = casefile_word(line, "reason");
		if (dkimkey_name(selector, domain, v->arena, &name) == RES_OK)
			add_row(v->view,
				"DKIM: the signature then, its key now", name,
				&then, &now);
		i++;
	}
}

/* Of DMARC the record counts: what a message makes of it, only a message can
 * show. */
static struct side dmarc_now(const struct dmarc_fact *f)
{
	struct side s = { .text = f->record, .remark = f->reason };

	switch (f->result) {
	case AUTH_NONE:
		s.words = N_("is not there");
		break;
	case AUTH_PERMERROR:
		s.words = N_("cannot be used as it is");
		s.mark = EXHIBIT_BAD;
		break;
	case AUTH_UNKNOWN:
	case AUTH_TEMPERROR:
	case AUTH_PASS:
	case AUTH_FAIL:
	case AUTH_SOFTFAIL:
	case AUTH_NEUTRAL:
	case AUTH_POLICY:
		s.words = N_("could not be asked for");
		s.mark = EXHIBIT_OPEN;
		if (slice_is_empty(f->record))
			break;
		s.words = N_("is there and can be used");
		s.mark = EXHIBIT_GOOD;
		s.remark = slice_of("");
		break;
	}
	return s;
}

static void add_dmarc(struct visit *v, const struct dossier *d,
	const struct recheck_question *q, const struct recheck *r)
{
	const struct slice *auth = d->file.auth;
	struct side then = side_of(auth[CASEAUTH_DMARC]);
	struct side now = dmarc_now(&r->dmarc);

	if (slice_is_empty(q->author))
		return;
	then.text = auth[CASEAUTH_DMARC_RECORD];
	then.remark = auth[CASEAUTH_DMARC_REASON];
	add_row(v->view, "DMARC: the message then, the record now", q->author,
		&then, &now);
}

static struct side list_then(enum code c)
{
	if (c == CODE_LISTS_UNKNOWN)
		return say_side(N_("could not be asked for"), EXHIBIT_OPEN);
	if (c == CODE_BLOCKED_SELF || c == CODE_BLOCKED_POLICY ||
		c == CODE_BLOCKED_REVIEW || c == CODE_BLOCKED_FEED ||
		c == CODE_BLOCKED_LATER)
		return say_side(N_("listed"), EXHIBIT_BAD);
	return say_side(N_("not why it was refused"), EXHIBIT_PLAIN);
}

static struct side list_now(const struct dossier *d)
{
	if (!d->is_asked)
		return say_side(N_("could not be asked for"), EXHIBIT_OPEN);
	switch (d->petition.listed.answer) {
	case BLOCKLIST_BLOCKED:
		return say_side(N_("listed"), EXHIBIT_BAD);
	case BLOCKLIST_CLEAR:
	case BLOCKLIST_ALLOWED:
		return say_side(N_("not listed"), EXHIBIT_GOOD);
	case BLOCKLIST_UNKNOWN:
		break;
	}
	return say_side(N_("could not be asked for"), EXHIBIT_OPEN);
}

static void add_list(struct visit *v, const struct dossier *d)
{
	struct side then = list_then(d->code);
	struct side now = list_now(d);
	char ip[IPADDR_TEXT_MAX];

	add_row(v->view, "Block list", slice_of(ipaddr_format(&d->ip, ip)),
		&then, &now);
}

/* ---- heuristics ---- */

/* Those that look at where a message comes from: what hangs on the message
 * itself, only a new one can show. */
static const char *const compared[] = { "helo", "reverse", "dnsbl", "dnswl",
	"country" };

static bool is_clean(const struct casefile_finding *f)
{
	return f->outcome == CASEFILE_MISS && slice_is_empty(f->detail);
}

static void add_found(struct view *row, const char *name, struct slice check,
	struct slice findings)
{
	struct side none = side_of(slice_of(""));
	struct casefile_finding f;
	bool is_any = false;

	while (casefile_next(&findings, &f)) {
		struct exhibit_result r = exhibits_outcome(&f);
		struct side side = say_side(r.words, r.mark);

		if (!slice_is_equal(f.check, check))
			continue;
		side.remark = f.seen;
		if (is_clean(&f))
			none = side;
		else
			add_side(row, name, &side);
		is_any = is_any || !is_clean(&f);
	}
	if (!is_any)
		add_side(row, name, &none);
}

static bool has_found(struct slice check, struct slice findings)
{
	struct casefile_finding f;

	while (casefile_next(&findings, &f))
		if (slice_is_equal(f.check, check) && !is_clean(&f))
			return true;
	return false;
}

static void add_check(
	struct visit *v, const char *name, struct slice then, struct slice now)
{
	const struct slice check = slice_of(name);
	const struct dictionary_check *about = dictionary_check_find(check);
	struct view *row;

	if (about == NULL ||
		(!has_found(check, then) && !has_found(check, now)))
		return;
	row = view_item(v->view, "rows");
	view_say(row, "what", about->title);
	add_found(row, "then", check, then);
	add_found(row, "now", check, now);
}

/* Of a message that bears the names that the case tells. */
static void add_heuristics(struct visit *v, const struct dossier *d,
	const struct recheck_question *asked)
{
	const struct slice *auth = d->file.auth;
	const char *sender = arena_text(v->arena, auth[CASEAUTH_SPF_DOMAIN]);
	const char *author = arena_text(v->arena, asked->author);
	const struct rehearsal q = { .is_without_lists = true,
		.ip = d->ip,
		.helo = arena_text(v->arena, asked->helo),
		.sender = is_null_sender(&d->file) ? "" : sender,
		.author = slice_is_empty(asked->author) ? v->site.conf->host
							: author };
	struct trial t;

	if (context_mirror(v->site.context) == NULL || q.helo == NULL ||
		q.sender == NULL || q.author == NULL)
		return;
	if (rehearsal_run(v, &q, &t) == RES_OK)
		for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]);
			i++)
			add_check(v, compared[i],
				d->file.text[CASEFILE_FINDINGS],
				buf_slice(&t.end.findings));
	trial_clear(&t);
}

/* ---- the page ---- */

static void test(struct visit *v, const struct dossier *d)
{
	struct recheck_question q;
	struct recheck r;
	enum result res;

	ask(v, d, &q);
	res = recheck_run(&r, &q);
	if (res != RES_OK) {
		recheck_clear(&r);
		visit_failed(v, "recheck", res);
		return;
	}
	add_list(v, d);
	add_iprev(v, d, &r);
	add_both_spf(v, d, &q, &r);
	add_keys_found(v, d, &r);
	add_dmarc(v, d, &q, &r);
	recheck_clear(&r);
	add_heuristics(v, d, &q);
	view_text(v->view, "ref", d->ref);
	visit_time(v, v->view, "then_time", "then_iso",
		casefile_time(&d->file, CASEFILE_FIRST_SEEN));
	visit_time(v, v->view, "now_time", "now_iso", v->now_ms);
	view_say(v->view, "title", "The same checks, now");
	guard_form(v, "/r/");
	visit_page(v, STATUS_OK, "retest");
}

void page_retest(struct visit *v)
{
	struct dossier d;

	switch (guard_check(v, "/r/")) {
	case GUARD_GOOD:
		if (!guard_evaluation(v) || !dossier_open(v, v->rest, &d))
			return;
		if (d.has_ip)
			test(v, &d);
		else
			cases_page(v, &d);
		return;
	case GUARD_STALE:
	case GUARD_QUICK:
	case GUARD_MACHINE:
		if (dossier_open(v, v->rest, &d))
			cases_page(v, &d);
		return;
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		return;
	}
}
