/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/treewalk.h"

#include "base/arena.h"
#include "dns/asker.h"
#include "net/psl.h"

#include <stdio.h>

enum { QUERY_MAX = 7 + HOSTNAME_MAX };

/* ---- the book ---- */

/* RES_MISSING: not a record. RES_TOOBIG: one that is too long. RES_NOMEM. */
static enum result read_record(
	struct treewalk_book *b, struct slice rdata, struct dmarcrecord *out)
{
	struct slice text;
	enum result res;

	/* What stands beside the record may be long, and is not kept. */
	arena_reset(b->scratch);
	res = dns_txt_join(rdata, b->scratch, &text);
	if (res == RES_NOMEM)
		return res;
	if (res != RES_OK || dmarcrecord_parse(text, out) != RES_OK)
		return RES_MISSING;
	if (text.len > TREEWALK_RECORD_MAX)
		return RES_TOOBIG;
	if (arena_copy(b->arena, text, &text) != RES_OK)
		return RES_NOMEM;
	return dmarcrecord_parse(text, out);
}

static void fail(struct treewalk_page *page, enum dns_why why)
{
	page->status = TREEWALK_UNKNOWN;
	page->why = why;
}

static void read_records(struct treewalk_book *b, const struct dns_answer *a,
	struct treewalk_page *page)
{
	page->status = TREEWALK_NONE;
	for (size_t i = 0; i < a->count; i++) {
		struct dmarcrecord record;
		enum result res = read_record(b, a->rdata[i], &record);

		if (res == RES_MISSING)
			continue;
		/* s4.10 step 2: of several none counts. */
		page->is_several = page->status == TREEWALK_RECORD;
		if (page->is_several) {
			page->status = TREEWALK_NONE;
			return;
		}
		if (res != RES_OK) {
			fail(page,
				res == RES_TOOBIG ? DNS_WHY_TOOBIG
						  : DNS_WHY_NOMEM);
			return;
		}
		page->status = TREEWALK_RECORD;
		page->record = record;
	}
}

static const struct dns_answer *ask(
	struct treewalk_book *b, struct slice domain)
{
	char name[QUERY_MAX];
	int len =
		snprintf(name, sizeof(name), "_dmarc.%.*s", SLICE_ARG(domain));

	return asker_ask(b->dns, slice_make(name, (size_t)len), DNS_TXT);
}

static void look(struct treewalk_book *b, struct treewalk_page *page)
{
	const struct dns_answer *a;

	fail(page, DNS_WHY_DOWN);
	if (b->dns == NULL)
		return;
	a = ask(b, page->domain);
	if (a == NULL)
		page->status = TREEWALK_WAITING;
	else if (a->status == DNS_UNKNOWN)
		fail(page, a->why);
	else
		read_records(b, a, page);
}

void treewalk_expect(struct treewalk_book *b, struct slice domain)
{
	const struct dns_answer *a = NULL;

	if (b->dns != NULL)
		a = ask(b, domain);
	(void)a;
}

static struct treewalk_page *open_page(
	struct treewalk_book *b, struct slice domain)
{
	struct treewalk_page *page = b->first;

	while (page != NULL && !slice_is_equal(page->domain, domain))
		page = page->next;
	if (page == NULL) {
		page = arena_alloc(b->arena, sizeof(*page));
		if (page == NULL)
			return NULL;
		page->domain = domain;
		page->status = TREEWALK_WAITING;
		page->next = b->first;
		b->first = page;
	}
	if (page->status == TREEWALK_WAITING)
		look(b, page);
	return page;
}

static enum result add(
	struct treewalk_book *b, struct slice domain, struct treewalk *out)
{
	const struct treewalk_page *page = open_page(b, domain);

	if (page == NULL)
		return RES_NOMEM;
	out->page[out->count++] = page;
	return RES_OK;
}

/* ---- walks ---- */

static size_t count_labels(struct slice domain)
{
	size_t count = 1;

	for (size_t i = 0; i < domain.len; i++)
		count += domain.at[i] == '.';
	return count;
}

static struct slice parent_of(struct slice domain)
{
	return slice_part(domain, slice_find(domain, '.') + 1, domain.len);
}

enum result treewalk_ask(
	struct treewalk_book *b, struct slice domain, struct treewalk *out)
{
	size_t labels = count_labels(domain);
	enum result res;

	*out = (struct treewalk){ .start = domain };
	res = add(b, domain, out);
	/* s4.10 step 4: from eight labels on the next name has seven. */
	while (res == RES_OK && labels > 1) {
		do {
			domain = parent_of(domain);
			labels--;
		} while (labels >= TREEWALK_MAX);
		res = add(b, domain, out);
	}
	return res;
}

enum result treewalk_ask_psl(struct treewalk_book *b, struct slice domain,
	const struct psl *psl, struct treewalk *out)
{
	enum result res;

	*out = (struct treewalk){ .start = domain,
		.organisation = psl_organisation(psl, domain) };
	res = add(b, domain, out);
	if (res == RES_OK && out->organisation.len < domain.len)
		res = add(b, out->organisation, out);
	return res;
}

/* ---- what they say ---- */

enum seen { SEEN_NONE = 0, SEEN_RECORD, SEEN_PSD_Y, SEEN_PSD_N };

static enum seen of_guess(enum treewalk_guess guess)
{
	switch (guess) {
	case TREEWALK_GUESS_NONE:
		break;
	case TREEWALK_GUESS_RECORD:
		return SEEN_RECORD;
	case TREEWALK_GUESS_PSD_Y:
		return SEEN_PSD_Y;
	case TREEWALK_GUESS_PSD_N:
		return SEEN_PSD_N;
	}
	return SEEN_NONE;
}

static enum seen of_record(const struct dmarcrecord *record)
{
	switch (record->psd) {
	case DMARCRECORD_PSD_U:
		break;
	case DMARCRECORD_PSD_Y:
		return SEEN_PSD_Y;
	case DMARCRECORD_PSD_N:
		return SEEN_PSD_N;
	}
	return SEEN_RECORD;
}

static enum seen seen_at(
	const struct treewalk *w, size_t i, enum treewalk_guess guess)
{
	const struct treewalk_page *page = w->page[i];
	enum seen seen = SEEN_NONE;

	switch (page->status) {
	case TREEWALK_UNKNOWN:
	case TREEWALK_WAITING:
		seen = of_guess(guess);
		break;
	case TREEWALK_NONE:
		break;
	case TREEWALK_RECORD:
		seen = of_record(&page->record);
		break;
	}
	return seen != SEEN_NONE && w->organisation.len > 0 ? SEEN_RECORD
							    : seen;
}

static bool has_status(const struct treewalk *w, enum treewalk_status status)
{
	for (size_t i = 0; i < w->count; i++) {
		enum seen seen = seen_at(w, i, TREEWALK_GUESS_NONE);

		if (w->page[i]->status == status)
			return true;
		if (seen == SEEN_PSD_Y || seen == SEEN_PSD_N)
			break;
	}
	return false;
}

bool treewalk_is_waiting(const struct treewalk *w)
{
	return has_status(w, TREEWALK_WAITING);
}

bool treewalk_is_unknown(const struct treewalk *w)
{
	return has_status(w, TREEWALK_UNKNOWN);
}

/* The part of start that has one label more than above. */
static struct slice one_below(struct slice start, struct slice above)
{
	size_t at = start.len - above.len - 1;

	while (at > 0 && start.at[at - 1] != '.')
		at--;
	return slice_part(start, at, start.len);
}

struct slice treewalk_organisation(
	const struct treewalk *w, enum treewalk_guess guess)
{
	struct slice found = w->start;

	if (w->organisation.len > 0)
		return w->organisation;
	for (size_t i = 0; i < w->count; i++) {
		switch (seen_at(w, i, guess)) {
		case SEEN_NONE:
			break;
		case SEEN_RECORD:
			found = w->page[i]->domain;
			break;
		case SEEN_PSD_Y:
			/* One for the start itself stops the walk, and says
			 * nothing else (s4.10.2, rule 2). */
			return i == 0 ? w->start
				      : one_below(w->start, w->page[i]->domain);
		case SEEN_PSD_N:
			return w->page[i]->domain;
		}
	}
	return found;
}

const struct treewalk_page *treewalk_policy(
	const struct treewalk *w, enum treewalk_guess guess)
{
	struct slice organisation = treewalk_organisation(w, guess);

	if (w->count > 0 && seen_at(w, 0, guess) != SEEN_NONE)
		return w->page[0];
	for (size_t i = 1; i < w->count; i++) {
		enum seen seen = seen_at(w, i, guess);

		if (seen != SEEN_NONE &&
			slice_is_equal(w->page[i]->domain, organisation))
			return w->page[i];
		if (seen == SEEN_PSD_Y)
			return w->page[i];
	}
	return NULL;
}
