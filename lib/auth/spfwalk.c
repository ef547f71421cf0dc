/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/spfwalk.h"

#include "base/arena.h"
#include "base/buf.h"

#include <string.h>

enum {
	/* The first record, and one for each term that brings another. */
	DEPTH_MAX = SPFWALK_TERMS_MAX + 1,
	REASON_MAX = 512,
	TERM_SHOWN_MAX = 120 /* octets of a faulty term in a reason */
};

/* A record on the way, or one whose turn it will be. */
struct place {
	struct slice domain;
	struct spf_record record;
	struct slice rest; /* terms that are still to be looked at */
	struct spf_term term; /* the one at hand */
	bool is_read; /* record is there */
	bool is_redirected; /* a redirect led here */
	bool is_private; /* the sender's local part is in its name */
};

/* Why the walk cannot go on as it is; the first cause stays. */
enum stop { STOP_NO = 0, STOP_WAITING, STOP_OVER, STOP_UNKNOWN };

struct spfwalk {
	const struct spfwalk_client *client;
	struct asker *dns;
	struct arena *a;
	struct place place[DEPTH_MAX];
	unsigned depth; /* index of the place at hand */
	enum stop stop;
	const char *stop_reason;
	bool has_used_ptr; /* for a macro */
	bool is_done;
	struct spf_fact fact;
};

static const char too_many_voids[] = "too many names without an answer";

struct spfwalk *spfwalk_new(
	const struct spfwalk_client *client, struct asker *dns, struct arena *a)
{
	struct spfwalk *w = arena_alloc(a, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->client = client;
	w->dns = dns;
	w->a = a;
	w->place[0].domain = client->domain;
	w->fact.domain = client->domain;
	return w;
}

/* ---- the end ---- */

static void settle(struct spfwalk *w, enum auth_result r, const char *reason)
{
	w->is_done = true;
	w->fact.result = r;
	w->fact.reason = slice_of(reason);
}

/* words, then text, cut; and whose record it is about, if not the first. */
static void settle_with(struct spfwalk *w, enum auth_result r,
	const char *words, struct slice text, const struct place *where)
{
	struct buf b;

	settle(w, r, words);
	buf_init(&b, REASON_MAX);
	buf_add_text(&b, words);
	if (text.len > 0) {
		buf_add_text(&b, ": ");
		buf_add(&b, slice_part(text, 0, TERM_SHOWN_MAX));
	}
	if (where->is_private)
		buf_add_text(&b, " (record of a name for the sender)");
	else if (where != &w->place[0] || where->is_redirected)
		buf_add_format(
			&b, " (record of %.*s)", SLICE_ARG(where->domain));
	if (buf_result(&b) == RES_OK &&
		arena_copy(w->a, buf_slice(&b), &w->fact.reason) != RES_OK)
		w->fact.reason = slice_of(words);
	buf_clear(&b);
}

static struct place *here(struct spfwalk *w)
{
	return &w->place[w->depth];
}

/* The term at hand, or what is wrong with it, makes an error of the whole. */
static void settle_error(
	struct spfwalk *w, enum auth_result r, const char *words)
{
	settle_with(w, r, words, here(w)->term.text, here(w));
}

static void run_out(struct spfwalk *w)
{
	settle(w, AUTH_TEMPERROR, dns_why_text(DNS_WHY_NOMEM));
}

void spfwalk_give_up(struct spfwalk *w, const char *reason)
{
	settle(w, AUTH_TEMPERROR, reason);
}

void spfwalk_read(const struct spfwalk *w, struct spf_fact *out)
{
	*out = w->fact;
}

/* ---- asking ---- */

static void stop(struct spfwalk *w, enum stop why, const char *reason)
{
	if (w->stop != STOP_NO)
		return;
	w->stop = why;
	w->stop_reason = reason;
}

/* s4.6.4. A name that cannot exist was not asked for. */
static bool is_void(const struct dns_answer *a)
{
	return a->status != DNS_FOUND && a->why != DNS_WHY_NAME;
}

static enum dns_type address_type(const struct spfwalk *w)
{
	return ipaddr_is_v4(w->client->ip) ? DNS_A : DNS_AAAA;
}

/* All at once, before the first of them is waited for. */
static void ask_addresses(struct spfwalk *w, const struct dns_answer *mx)
{
	for (size_t i = 0; i < mx->count; i++) {
		struct slice wire, name;
		uint16_t preference;

		if (dns_mx_split(mx->rdata[i], &preference, &wire) == RES_OK &&
			dns_name_text(wire, w->a, &name) == RES_OK)
			(void)!asker_ask(w->dns, name, address_type(w));
	}
}

const struct dns_answer *spfwalk_ask(
	struct spfwalk *w, struct slice name, enum dns_type type)
{
	const struct dns_answer *a;

	if (w->stop != STOP_NO)
		return NULL;
	a = asker_ask(w->dns, name, type);
	if (a == NULL)
		stop(w, STOP_WAITING, "");
	else if (a->status == DNS_UNKNOWN)
		stop(w, STOP_UNKNOWN, dns_why_text(a->why));
	else if (is_void(a) && ++w->fact.voids > SPFWALK_VOIDS_MAX)
		stop(w, STOP_OVER, too_many_voids);
	else if (type == DNS_MX && a->count > SPFWALK_NAMES_MAX)
		stop(w, STOP_OVER, "an MX of too many names");
	if (w->stop != STOP_NO)
		return NULL;
	if (type == DNS_MX)
		ask_addresses(w, a);
	return a;
}

/* s4.6.4: at most ten, else permerror. */
static bool count_term(struct spfwalk *w)
{
	if (++w->fact.lookups <= SPFWALK_TERMS_MAX)
		return true;
	settle_error(w, AUTH_PERMERROR, "too many terms that ask DNS");
	return false;
}

/* ---- the client's own names, s5.5 ---- */

enum rank { RANK_NONE = 0, RANK_ANY, RANK_BELOW, RANK_EQUAL };

static enum rank rank_of(struct slice name, struct slice domain)
{
	struct slice end;

	if (slice_is_equal_nocase(name, domain))
		return RANK_EQUAL;
	if (name.len <= domain.len)
		return RANK_ANY;
	end = slice_part(name, name.len - domain.len, domain.len);
	return slice_is_equal_nocase(end, domain) &&
			name.at[name.len - domain.len - 1] == '.'
		? RANK_BELOW
		: RANK_ANY;
}

static const struct dns_answer *ask_ptr(struct spfwalk *w)
{
	char name[80];

	return asker_ask(w->dns,
		slice_of(dns_reverse_name(w->client->ip, name)), DNS_PTR);
}

/*
 * The best of the client's names that point back to it, of those that stand to
 * domain as least says: RANK_NONE, or its rank and *out. What cannot be asked
 * is passed over. False: an answer that may change it is missing.
 */
static bool find_name(struct spfwalk *w, struct slice domain, enum rank least,
	enum rank *best, struct slice *out)
{
	const struct dns_answer *ptr = ask_ptr(w);
	bool is_waiting = false;

	*best = RANK_NONE;
	if (ptr == NULL)
		return false;
	for (size_t i = 0; i < ptr->count && i < SPFWALK_NAMES_MAX; i++) {
		const struct dns_answer *a;
		struct slice name;
		enum rank rank;

		if (dns_name_text(ptr->rdata[i], w->a, &name) != RES_OK)
			continue;
		rank = rank_of(name, domain);
		if (rank < least)
			continue;
		a = asker_ask(w->dns, name, address_type(w));
		is_waiting = is_waiting || a == NULL;
		if (a == NULL || rank <= *best ||
			!dns_answer_has_address(a, w->client->ip))
			continue;
		*best = rank;
		*out = name;
	}
	return !is_waiting || *best == RANK_EQUAL;
}

/* ---- names of terms ---- */

/* False: stopped or done. */
static bool find_validated(
	struct spfwalk *w, struct slice domain, struct slice *out)
{
	enum rank rank;

	*out = slice_of("unknown");
	if (!w->has_used_ptr && !count_term(w))
		return false;
	w->has_used_ptr = true;
	if (find_name(w, domain, RANK_ANY, &rank, out))
		return true;
	stop(w, STOP_WAITING, "");
	return false;
}

static enum result expand(const struct spfwalk *w, struct slice domain,
	struct slice spec, struct slice validated, struct slice *out)
{
	const struct spfmacro_values values = {
		.local = w->client->local,
		.sender_domain = w->client->domain,
		.domain = domain,
		.helo = w->client->helo,
		.validated = validated,
		.ip = w->client->ip,
	};

	*out = domain;
	if (slice_is_empty(spec))
		return RES_OK;
	return spfmacro_expand(spec, &values, w->a, out);
}

/* The name the term at hand is about. False: stopped or done. */
static bool find_target(struct spfwalk *w, struct slice *out)
{
	const struct spf_term *term = &here(w)->term;
	struct slice domain = here(w)->domain;
	struct slice validated = slice_of("");
	enum result res;

	if (spfmacro_has(term->spec, 'p') &&
		!find_validated(w, domain, &validated))
		return false;
	res = expand(w, domain, term->spec, validated, out);
	if (res == RES_NOMEM)
		run_out(w);
	else if (res != RES_OK)
		settle_error(w, AUTH_PERMERROR, "its name is too long");
	return res == RES_OK;
}

/* ---- records ---- */

/* Two labels at least (s4.3); the asker knows what else no name can be. */
static bool is_domain(struct slice name)
{
	size_t dot = slice_find(name, '.');

	return dot > 0 && dot + 1 < name.len;
}

/*
 * s4.5: the one record among the answers. RES_MISSING: there is none;
 * RES_EXISTS: several; RES_NOMEM.
 */
static enum result select_record(
	struct spfwalk *w, const struct dns_answer *txt, struct slice *out)
{
	enum result found = RES_MISSING;

	for (size_t i = 0; i < txt->count; i++) {
		struct slice text;
		enum result res = dns_txt_join(txt->rdata[i], w->a, &text);

		if (res == RES_NOMEM)
			return res;
		if (res != RES_OK || !spfrecord_is_one(text))
			continue;
		if (found == RES_OK)
			return RES_EXISTS;
		found = RES_OK;
		*out = text;
	}
	return found;
}

/* There is none: of the first domain that is an answer (s4.5), of one that a
 * record names a fault of that record (s5.2, s6.1). */
static void settle_none(struct spfwalk *w, const char *why)
{
	if (w->depth == 0 && !w->place[0].is_redirected)
		settle(w, AUTH_NONE, why);
	else
		settle_with(w, AUTH_PERMERROR, why, slice_of(""), here(w));
}

static void read_place(struct spfwalk *w, struct place *p, struct slice text)
{
	enum result res = spfrecord_parse(&p->record, text);

	if (w->depth == 0 && !p->is_redirected)
		w->fact.record = text;
	p->rest = p->record.terms;
	p->is_read = true;
	if (res != RES_OK)
		settle_with(
			w, AUTH_PERMERROR, p->record.why, p->record.fault, p);
}

/* Reads the record of the place at hand; or is stopped, or done. */
static void enter(struct spfwalk *w)
{
	struct place *p = here(w);
	const struct dns_answer *txt;
	struct slice text = slice_of("");
	enum result res;

	if (!is_domain(p->domain)) {
		settle_none(w, "not a domain name");
		return;
	}
	txt = asker_ask(w->dns, p->domain, DNS_TXT);
	if (txt == NULL) {
		stop(w, STOP_WAITING, "");
		return;
	}
	if (txt->status == DNS_UNKNOWN) {
		settle_with(w, AUTH_TEMPERROR, dns_why_text(txt->why),
			slice_of(""), p);
		return;
	}
	res = select_record(w, txt, &text);
	if (res == RES_OK)
		read_place(w, p, text);
	else if (res == RES_EXISTS)
		settle_with(w, AUTH_PERMERROR, "several SPF records",
			slice_of(""), p);
	else if (res == RES_NOMEM)
		run_out(w);
	else
		settle_none(w,
			txt->status == DNS_NXDOMAIN
				? "the domain does not exist"
				: "the domain has no SPF record");
}

/* ---- results ---- */

/*
 * The record at hand comes to r. Of an include (s5.2) pass is a match, what
 * else gets here is none, and the record around it goes on.
 */
static void leave(struct spfwalk *w, enum auth_result r, bool is_match)
{
	const struct place *inner = here(w);

	while (w->depth > 0) {
		w->depth--;
		if (r != AUTH_PASS)
			return;
		r = here(w)->term.qualifier;
	}
	if (is_match)
		w->fact.matched = w->place[0].term.text;
	if (inner != &w->place[0])
		settle_with(w, r, "by", inner->term.text, inner);
	else if (inner->is_redirected)
		settle_with(w, r, "by redirect", slice_of(""), inner);
	else
		settle(w, r, is_match ? "" : "no directive matches");
}

static void match(struct spfwalk *w)
{
	leave(w, here(w)->term.qualifier, true);
}

void spfwalk_answer(struct spfwalk *w, bool matches)
{
	if (w->stop == STOP_NO && matches)
		match(w);
}

/* ---- looking ahead: questions that may be needed, all at once ---- */

enum { AHEAD_MAX = 2 * DEPTH_MAX };

struct ahead {
	struct slice domain;
	struct slice rest;
	struct slice redirect;
};

struct lookahead {
	struct ahead item[AHEAD_MAX];
	unsigned count;
	unsigned left; /* terms that may still count */
};

static void add_ahead(struct lookahead *l, struct slice domain,
	const struct spf_record *record, struct slice rest)
{
	if (l->count < AHEAD_MAX)
		l->item[l->count++] =
			(struct ahead){ domain, rest, record->redirect.spec };
}

/* Ends the record, whatever DNS says. */
static bool is_decisive(const struct spfwalk *w, const struct spf_term *term)
{
	return term->kind == SPF_ALL ||
		((term->kind == SPF_IP4 || term->kind == SPF_IP6) &&
			spfrecord_covers(term, w->client->ip));
}

static bool asks_dns(enum spf_kind kind)
{
	return kind == SPF_INCLUDE || kind == SPF_A || kind == SPF_MX ||
		kind == SPF_PTR || kind == SPF_EXISTS;
}

/*
 * RFC 8616 s4: a local part that is not ASCII is in no name, and what would
 * need it matches nothing.
 */
static bool is_beyond_dns(const struct spfwalk *w, const struct spf_term *term)
{
	struct slice local = w->client->local;
	bool is_ascii = true;

	for (size_t i = 0; i < local.len; i++)
		is_ascii = is_ascii && (unsigned char)local.at[i] < 0x80;
	return !is_ascii && asks_dns(term->kind) &&
		spfmacro_has_local(term->spec);
}

static enum dns_type type_of(const struct spfwalk *w, enum spf_kind kind)
{
	if (kind == SPF_A)
		return address_type(w);
	if (kind == SPF_MX)
		return DNS_MX;
	return kind == SPF_EXISTS ? DNS_A : DNS_TXT;
}

static void ask_ahead(struct spfwalk *w, struct lookahead *l,
	struct slice domain, enum spf_kind kind, struct slice spec)
{
	const struct dns_answer *a;
	struct spf_record record;
	struct slice name, text;

	l->left--;
	if (kind == SPF_PTR || spfmacro_has(spec, 'p')) {
		(void)ask_ptr(w);
		return;
	}
	if (expand(w, domain, spec, slice_of(""), &name) != RES_OK ||
		!is_domain(name))
		return;
	a = asker_ask(w->dns, name, type_of(w, kind));
	if (a == NULL || (kind != SPF_INCLUDE && kind != SPF_REDIRECT))
		return;
	if (select_record(w, a, &text) == RES_OK &&
		spfrecord_parse(&record, text) == RES_OK)
		add_ahead(l, name, &record, record.terms);
}

static void look_at(struct spfwalk *w, struct lookahead *l, unsigned at)
{
	struct ahead item = l->item[at];
	struct spf_term term;

	while (l->left > 0 &&
		spfrecord_next(&item.rest, &term, NULL) == RES_OK) {
		/* What stands behind it is never reached. */
		if (is_decisive(w, &term))
			return;
		if (asks_dns(term.kind) && !is_beyond_dns(w, &term))
			ask_ahead(w, l, item.domain, term.kind, term.spec);
	}
	if (l->left > 0 && item.redirect.len > 0)
		ask_ahead(w, l, item.domain, SPF_REDIRECT, item.redirect);
}

static void look_ahead(struct spfwalk *w)
{
	struct lookahead *l = arena_alloc(w->a, sizeof(*l));

	if (l == NULL || w->fact.lookups >= SPFWALK_TERMS_MAX)
		return;
	l->left = SPFWALK_TERMS_MAX - w->fact.lookups;
	for (unsigned i = w->depth + 1; i > 0; i--) {
		const struct place *p = &w->place[i - 1];

		if (p->is_read)
			add_ahead(l, p->domain, &p->record, p->rest);
	}
	for (unsigned i = 0; i < l->count; i++)
		look_at(w, l, i);
}

/* ---- the walk ---- */

/* Is the local part in the name of the term at hand? %{d} hands on that of the
 * record around it. */
static bool names_sender(struct spfwalk *w)
{
	struct slice spec = here(w)->term.spec;

	return spfmacro_has_local(spec) ||
		(here(w)->is_private && spfmacro_has(spec, 'd'));
}

static void include(struct spfwalk *w)
{
	struct slice domain;
	bool is_private;

	if (!count_term(w) || !find_target(w, &domain))
		return;
	is_private = names_sender(w);
	/* Each place was counted: there is room. */
	w->depth++;
	*here(w) = (struct place){ .domain = domain, .is_private = is_private };
}

static void redirect(struct spfwalk *w)
{
	struct slice domain;

	here(w)->term = here(w)->record.redirect;
	if (!count_term(w) || !find_target(w, &domain))
		return;
	*here(w) = (struct place){ .domain = domain,
		.is_redirected = true,
		.is_private = names_sender(w) };
}

static void try_ptr(struct spfwalk *w)
{
	const struct dns_answer *ptr;
	struct slice target, name;
	enum rank best;
	bool is_known;

	if (!count_term(w) || !find_target(w, &target))
		return;
	ptr = ask_ptr(w);
	if (ptr != NULL && ptr->status != DNS_UNKNOWN && is_void(ptr) &&
		++w->fact.voids > SPFWALK_VOIDS_MAX) {
		stop(w, STOP_OVER, too_many_voids);
		return;
	}
	is_known = find_name(w, target, RANK_BELOW, &best, &name);
	if (best != RANK_NONE)
		match(w);
	else if (!is_known)
		stop(w, STOP_WAITING, "");
}

/* One term. True: whether it matches has to be asked. */
static bool step(struct spfwalk *w, struct slice *target)
{
	struct place *p = here(w);

	if (spfrecord_next(&p->rest, &p->term, NULL) != RES_OK) {
		if (p->record.redirect.kind == SPF_REDIRECT)
			redirect(w);
		else
			leave(w, AUTH_NEUTRAL, false);
		return false;
	}
	if (is_beyond_dns(w, &p->term)) {
		(void)count_term(w);
		return false;
	}
	switch (p->term.kind) {
	case SPF_ALL:
		match(w);
		break;
	case SPF_IP4:
	case SPF_IP6:
		if (spfrecord_covers(&p->term, w->client->ip))
			match(w);
		break;
	case SPF_INCLUDE:
		include(w);
		break;
	case SPF_PTR:
		try_ptr(w);
		break;
	case SPF_A:
	case SPF_MX:
	case SPF_EXISTS:
		return count_term(w) && find_target(w, target);
	case SPF_REDIRECT:
	case SPF_EXP:
	case SPF_OTHER:
		break;
	}
	return false;
}

static enum spfwalk_need stopped(struct spfwalk *w)
{
	switch (w->stop) {
	case STOP_NO:
		break;
	case STOP_WAITING:
		look_ahead(w);
		return SPFWALK_WAITING;
	case STOP_OVER:
		settle_error(w, AUTH_PERMERROR, w->stop_reason);
		break;
	case STOP_UNKNOWN:
		settle_error(w, AUTH_TEMPERROR, w->stop_reason);
		break;
	}
	return SPFWALK_DONE;
}

enum spfwalk_need spfwalk_next(
	struct spfwalk *w, struct spf_term *term, struct slice *target)
{
	while (!w->is_done) {
		if (w->stop != STOP_NO)
			return stopped(w);
		if (!here(w)->is_read) {
			enter(w);
		} else if (step(w, target)) {
			*term = here(w)->term;
			return SPFWALK_MATCH;
		}
	}
	return SPFWALK_DONE;
}
