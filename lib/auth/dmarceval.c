/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarceval.h"

#include "auth/treewalk.h"
#include "base/arena.h"
#include "dns/asker.h"
#include "net/hostname.h"
#include "net/psl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_MAX_LEN = 400,
	IDENTIFIERS_MAX = AUTH_DKIM_MAX + 1,
	/* A page and a record for each name of each walk. */
	MEMORY_MAX = (IDENTIFIERS_MAX + 1) * TREEWALK_MAX *
		(TREEWALK_RECORD_MAX + 512),
	SCRATCH_MAX = 80 * 1024, /* one TXT, which DNS ends at 64 KiB */
	/* Whoever has so many labels in common with the author is worth a
	 * question before it is known who signed; a forger can write any
	 * number of them into a header. */
	PREFETCH_LABELS = 2,
	PREFETCH_MAX = 4
};

/* An Authenticated Identifier, or one that may be (its check ended in
 * temperror). */
struct identifier {
	struct slice domain;
	bool is_spf;
	bool is_maybe;
};

struct dmarceval {
	struct arena *arena;
	struct arena *scratch;
	struct treewalk_book book;
	struct slice author;
	bool has_identifiers;
	size_t count;
	struct identifier identifier[IDENTIFIERS_MAX];
};

/* One way of looking at it: by walks or by the list. */
struct view {
	const struct dmarceval *e;
	const struct psl *psl;
	struct treewalk author;
	bool is_walked[IDENTIFIERS_MAX];
	struct treewalk walk[IDENTIFIERS_MAX];
	enum dns_status existence; /* of the Author Domain */
	bool is_existence_waiting;
};

/* What is taken for true of that which is not known. */
struct guess {
	enum treewalk_guess record;
	bool maybe_passes;
	bool is_missing;
};

struct conclusion {
	enum auth_result result;
	const struct treewalk_page *page;
	enum dmarc_policy policy;
	const char *tag;
	bool is_policy_sure; /* whatever is guessed */
	uint32_t aligned; /* identifiers, by bit */
};

struct dmarceval *dmarceval_new(struct slice author, struct asker *dns)
{
	struct dmarceval *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->arena = arena_new(MEMORY_MAX);
	e->scratch = arena_new(SCRATCH_MAX);
	if (e->arena == NULL || e->scratch == NULL ||
		arena_copy(e->arena, author, &e->author) != RES_OK) {
		dmarceval_free(e);
		return NULL;
	}
	e->book = (struct treewalk_book){
		.arena = e->arena, .scratch = e->scratch, .dns = dns
	};
	return e;
}

void dmarceval_free(struct dmarceval *e)
{
	if (e == NULL)
		return;
	arena_free(e->arena);
	arena_free(e->scratch);
	free(e);
}

/* ---- names ---- */

/* How many labels a and b have in common, from the right. */
static size_t shared_labels(struct slice a, struct slice b)
{
	size_t count = 0;
	size_t i = 0;

	for (; i < a.len && i < b.len; i++) {
		if (a.at[a.len - 1 - i] != b.at[b.len - 1 - i])
			return count;
		if (a.at[a.len - 1 - i] == '.')
			count++;
	}
	if ((i == a.len || a.at[a.len - 1 - i] == '.') &&
		(i == b.len || b.at[b.len - 1 - i] == '.'))
		count++;
	return count;
}

/* ---- asking ---- */

static const struct dns_answer *ask_existence(const struct dmarceval *e)
{
	/* Any type tells whether a name is there (RFC 8020). SPF asks for TXT
	 * of the same name for most mail, and a question is sent once. */
	return asker_ask(e->book.dns, e->author, DNS_TXT);
}

static enum result ask_author(struct dmarceval *e, struct view *v)
{
	const struct dns_answer *a;
	enum result res = v->psl != NULL
		? treewalk_ask_psl(&e->book, e->author, v->psl, &v->author)
		: treewalk_ask(&e->book, e->author, &v->author);

	v->existence = DNS_UNKNOWN;
	if (res != RES_OK || v->psl != NULL || e->book.dns == NULL ||
		v->author.page[0]->status == TREEWALK_RECORD)
		return res;
	a = ask_existence(e);
	v->is_existence_waiting = a == NULL;
	if (a != NULL)
		v->existence = a->status;
	return res;
}

void dmarceval_start(struct dmarceval *e, const struct psl *psl,
	const struct slice *expected, size_t count)
{
	struct view v = { .e = e, .psl = psl };
	size_t left = PREFETCH_MAX;

	if (ask_author(e, &v) != RES_OK || psl != NULL)
		return;
	for (size_t i = 0; i < count; i++)
		if (slice_is_equal(expected[i], e->author))
			return;
	for (size_t i = 0; i < count && left > 0; i++) {
		if (shared_labels(expected[i], e->author) < PREFETCH_LABELS)
			continue;
		treewalk_expect(&e->book, expected[i]);
		left--;
	}
}

static bool is_strict(
	const struct treewalk_page *page, const struct identifier *id)
{
	return id->is_spf ? page->record.strict_spf : page->record.strict_dkim;
}

/* Could it be aligned without being the same? Then its organisational domain
 * matters. The author's walk has all its answers. */
static bool is_walk_needed(const struct view *v, const struct identifier *id)
{
	const struct treewalk_page *page =
		treewalk_policy(&v->author, TREEWALK_GUESS_NONE);
	bool is_unsure = treewalk_is_unknown(&v->author);

	if (shared_labels(id->domain, v->e->author) == 0 ||
		slice_is_equal(id->domain, v->e->author))
		return false;
	if (page != NULL && (page == v->author.page[0] || !is_unsure) &&
		is_strict(page, id))
		return false;
	return is_unsure ||
		hostname_is_within(id->domain,
			treewalk_organisation(&v->author, TREEWALK_GUESS_NONE));
}

static bool is_author_proved(const struct view *v)
{
	for (size_t i = 0; i < v->e->count; i++)
		if (!v->e->identifier[i].is_maybe &&
			slice_is_equal(
				v->e->identifier[i].domain, v->e->author))
			return true;
	return false;
}

static enum result ask_identifiers(struct dmarceval *e, struct view *v)
{
	bool is_needless =
		is_author_proved(v) || treewalk_is_waiting(&v->author);

	for (size_t i = 0; i < e->count; i++) {
		const struct identifier *id = &e->identifier[i];
		struct treewalk *walk = &v->walk[i];

		if (v->psl != NULL) {
			*walk = (struct treewalk){ .start = id->domain,
				.organisation =
					psl_organisation(v->psl, id->domain) };
			v->is_walked[i] = true;
			continue;
		}
		if (is_needless || !is_walk_needed(v, id))
			continue;
		if (treewalk_ask(&e->book, id->domain, walk) != RES_OK)
			return RES_NOMEM;
		v->is_walked[i] = true;
	}
	return RES_OK;
}

/* ---- identifiers ---- */

static enum result add_identifier(struct dmarceval *e, enum auth_result result,
	struct slice domain, bool is_spf)
{
	struct identifier *id = &e->identifier[e->count];
	char name[HOSTNAME_MAX];
	size_t len;

	if (result != AUTH_PASS && result != AUTH_TEMPERROR)
		return RES_OK;
	if (e->count == IDENTIFIERS_MAX ||
		hostname_parse(domain, name, &len) != RES_OK)
		return RES_OK;
	*id = (struct identifier){ .is_spf = is_spf,
		.is_maybe = result == AUTH_TEMPERROR };
	if (arena_copy(e->arena, slice_make(name, len), &id->domain) != RES_OK)
		return RES_NOMEM;
	e->count++;
	return RES_OK;
}

static enum result gather_identifiers(
	struct dmarceval *e, const struct auth_facts *auth)
{
	enum result res;

	if (e->has_identifiers)
		return RES_OK;
	/* RFC 9989 s4.4.2: of a null sender it is that of postmaster@HELO. */
	res = add_identifier(
		e, auth->mailfrom.result, auth->mailfrom.domain, true);
	for (unsigned i = 0; res == RES_OK && i < auth->dkim_count; i++)
		res = add_identifier(
			e, auth->dkim[i].result, auth->dkim[i].domain, false);
	e->has_identifiers = res == RES_OK;
	return res;
}

/* ---- one outcome ---- */

static void pick_policy(
	const struct view *v, const struct guess *g, struct conclusion *o)
{
	const struct dmarcrecord *r = &o->page->record;

	o->policy = r->p;
	o->tag = "p";
	if (slice_is_equal(o->page->domain, v->e->author))
		return;
	/* RFC 9989 s4.10.1 */
	if (v->psl == NULL && r->has_np && g->is_missing) {
		o->policy = r->np;
		o->tag = "np";
	} else if (r->has_sp) {
		o->policy = r->sp;
		o->tag = "sp";
	}
}

static bool is_aligned(
	const struct view *v, const struct guess *g, size_t i, bool as_strict)
{
	if (slice_is_equal(v->e->identifier[i].domain, v->e->author))
		return true;
	return !as_strict && v->is_walked[i] &&
		slice_is_equal(treewalk_organisation(&v->walk[i], g->record),
			treewalk_organisation(&v->author, g->record));
}

static void align(
	const struct view *v, const struct guess *g, struct conclusion *o)
{
	/* Of a record that was only guessed the strict kind is sure. */
	bool is_guessed = o->page->status != TREEWALK_RECORD;

	for (size_t i = 0; i < v->e->count; i++) {
		const struct identifier *id = &v->e->identifier[i];

		if ((!id->is_maybe || g->maybe_passes) &&
			is_aligned(
				v, g, i, is_guessed || is_strict(o->page, id)))
			o->aligned |= UINT32_C(1) << i;
	}
}

static struct conclusion conclude(const struct view *v, const struct guess *g)
{
	struct conclusion o = { .result = AUTH_NONE, .tag = "" };

	o.page = treewalk_policy(&v->author, g->record);
	if (o.page == NULL)
		return o;
	if (o.page->status == TREEWALK_RECORD) {
		if (!o.page->record.is_usable)
			return o;
		pick_policy(v, g, &o);
	}
	align(v, g, &o);
	o.result = o.aligned != 0 ? AUTH_PASS : AUTH_FAIL;
	return o;
}

/* ---- all of them ---- */

/* A failure is known when its policy is. A guessed record is none of those
 * that are there, so that it always differs. */
static bool is_same(const struct conclusion *a, const struct conclusion *b)
{
	return a->result == b->result &&
		(a->result != AUTH_FAIL ||
			(a->page == b->page && a->policy == b->policy &&
				strcmp(a->tag, b->tag) == 0));
}

static bool has_gap(
	const struct view *v, bool (*is_gap)(const struct treewalk *w))
{
	if (is_gap(&v->author))
		return true;
	for (size_t i = 0; i < v->e->count; i++)
		if (v->is_walked[i] && is_gap(&v->walk[i]))
			return true;
	return false;
}

static bool has_maybe(const struct view *v)
{
	for (size_t i = 0; i < v->e->count; i++)
		if (v->e->identifier[i].is_maybe)
			return true;
	return false;
}

static bool is_missing(const struct view *v)
{
	return v->existence == DNS_NXDOMAIN;
}

/*
 * Is it the same whatever is there? *first is how it looks when nothing is
 * where nothing was seen, with what is only so for some guesses left out: who
 * is aligned, and the record of a pass.
 */
static bool is_certain(const struct view *v, struct conclusion *first)
{
	bool has_gaps = has_gap(v, treewalk_is_waiting) ||
		has_gap(v, treewalk_is_unknown);
	int records = has_gaps ? TREEWALK_GUESSES : 1;
	int maybes = has_maybe(v) ? 2 : 1;
	int missings = v->existence == DNS_UNKNOWN ? 2 : 1;
	bool is_sure = true, is_page_sure = true, is_policy_sure = true;

	*first = conclude(v, &(struct guess){ .is_missing = is_missing(v) });
	for (int i = 0; i < records * maybes * missings; i++) {
		struct guess g = {
			.record = (enum treewalk_guess)(i % records),
			.maybe_passes = i / records % maybes == 1,
			.is_missing =
				is_missing(v) || i / (records * maybes) == 1,
		};
		struct conclusion o = conclude(v, &g);

		is_sure = is_sure && is_same(&o, first);
		is_page_sure = is_page_sure && o.page == first->page;
		is_policy_sure = is_policy_sure && o.policy == first->policy;
		first->aligned &= o.aligned;
	}
	if (!is_page_sure)
		first->page = NULL;
	first->is_policy_sure = first->page != NULL && is_policy_sure;
	return is_sure;
}

static void tell_record(const struct view *v, const struct conclusion *o,
	struct dmarc_fact *out)
{
	const struct dmarcrecord *r = &o->page->record;

	out->policy_domain = o->page->domain;
	out->record = r->text;
	out->policy = o->policy;
	out->policy_tag = o->tag;
	out->is_testing = v->psl == NULL && r->is_testing;
	out->strict_spf = r->strict_spf;
	out->strict_dkim = r->strict_dkim;
	if (o->result == AUTH_NONE)
		out->reason = slice_of("the record has no valid policy");
}

/* The first signer, or else SPF, is the one that is named. */
static void tell_aligned(
	const struct view *v, uint32_t aligned, struct dmarc_fact *out)
{
	for (size_t i = 0; i < v->e->count; i++) {
		const struct identifier *id = &v->e->identifier[i];

		if ((aligned >> i & 1) == 0)
			continue;
		if (out->aligned_domain.len == 0 ||
			(out->spf_aligned && !out->dkim_aligned))
			out->aligned_domain = id->domain;
		out->spf_aligned = out->spf_aligned || id->is_spf;
		out->dkim_aligned = out->dkim_aligned || !id->is_spf;
	}
}

static void tell(const struct view *v, const struct conclusion *o,
	struct dmarc_fact *out)
{
	out->result = o->result;
	tell_aligned(v, o->aligned, out);
	if (o->page != NULL)
		tell_record(v, o, out);
	else if (o->result == AUTH_NONE)
		out->reason = v->author.page[0]->is_several
			? slice_of("several records where there may be one")
			: slice_of("no record");
	if (o->result == AUTH_FAIL)
		out->reason = slice_of(v->e->count == 0
				? "nothing passes SPF or DKIM"
				: "what passes SPF or DKIM is of another "
				  "domain");
}

/* "_dmarc.example.org: no answer in time" */
static struct slice name_failure(
	const struct view *v, const struct treewalk_page *page)
{
	char line[LINE_MAX_LEN];
	struct slice reason;
	int len = snprintf(line, sizeof(line), "_dmarc.%.*s: %s",
		SLICE_ARG(page->domain), dns_why_text(page->why));

	if (arena_copy(v->e->arena, slice_make(line, (size_t)len), &reason) ==
		RES_OK)
		return reason;
	return slice_of(dns_why_text(page->why));
}

static const struct treewalk_page *find_failure(const struct treewalk *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->page[i]->status == TREEWALK_UNKNOWN)
			return w->page[i];
	return NULL;
}

static void tell_failure(const struct view *v, struct dmarc_fact *out)
{
	const struct treewalk_page *page = find_failure(&v->author);

	for (size_t i = 0; page == NULL && i < v->e->count; i++)
		if (v->is_walked[i])
			page = find_failure(&v->walk[i]);
	out->result = AUTH_TEMPERROR;
	out->reason = page != NULL ? name_failure(v, page)
		: has_maybe(v)
		? slice_of("a signature or SPF could not be evaluated")
		: slice_of("whether the domain exists could not be asked for");
}

static enum check_progress settle(const struct view *v, struct dmarc_fact *out)
{
	struct conclusion first;
	bool is_sure = is_certain(v, &first);
	bool is_author_waiting = treewalk_is_waiting(&v->author);

	/* Before the author's walk is complete nothing is known of signers
	 * but whether they are the author, which is enough for a pass. */
	if (is_sure && (first.result == AUTH_PASS || !is_author_waiting)) {
		tell(v, &first, out);
	} else if (is_author_waiting || has_gap(v, treewalk_is_waiting) ||
		v->is_existence_waiting) {
		return CHECK_WAITING;
	} else {
		if (first.is_policy_sure &&
			first.page->status == TREEWALK_RECORD)
			tell_record(v, &first, out);
		tell_failure(v, out);
	}
	out->is_author_missing = is_missing(v);
	if (v->psl != NULL ||
		(!is_author_waiting && !treewalk_is_unknown(&v->author)))
		out->org_domain =
			treewalk_organisation(&v->author, TREEWALK_GUESS_NONE);
	return CHECK_DONE;
}

enum check_progress dmarceval_run(struct dmarceval *e, const struct psl *psl,
	const struct auth_facts *auth, struct dmarc_fact *out)
{
	struct view v = { .e = e, .psl = psl };

	*out = (struct dmarc_fact){ .result = AUTH_TEMPERROR,
		.from_domain = e->author,
		.policy_tag = "",
		.discovery = psl != NULL ? "psl" : "treewalk" };
	if (ask_author(e, &v) != RES_OK ||
		gather_identifiers(e, auth) != RES_OK ||
		ask_identifiers(e, &v) != RES_OK) {
		out->reason = slice_of(dns_why_text(DNS_WHY_NOMEM));
		return CHECK_DONE;
	}
	return settle(&v, out);
}

enum dmarc_policy dmarceval_policy(const struct dmarc_fact *f)
{
	if (!f->is_testing)
		return f->policy;
	switch (f->policy) {
	case DMARC_POLICY_REJECT:
		return DMARC_POLICY_QUARANTINE;
	case DMARC_POLICY_QUARANTINE:
	case DMARC_POLICY_NONE:
		break;
	}
	return DMARC_POLICY_NONE;
}
