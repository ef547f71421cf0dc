/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarcdest.h"

#include "auth/treewalk.h"
#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "net/psl.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	ARENA_MAX = 256 * 1024,
	QUESTIONS_MAX = 64,
	NAME_MAX_LEN = 2 * HOSTNAME_MAX + 32,
	WIRE_NAME_MAX = 253
};

struct dmarcdest {
	const struct dns_source *dns;
	const struct conf *conf;
	const struct clock *clock;
	const struct psl *psl;
	struct arena *arena;
	struct arena *scratch;
	struct asker *asker; /* of the question at hand */
	struct treewalk_book book;
};

struct dmarcdest *dmarcdest_new(const struct dns_source *dns,
	const struct conf *conf, const struct clock *clock,
	const struct psl *psl)
{
	struct dmarcdest *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->dns = dns;
	d->conf = conf;
	d->clock = clock;
	d->psl = psl;
	d->arena = arena_new(ARENA_MAX);
	d->scratch = arena_new(ARENA_MAX);
	if (d->arena == NULL || d->scratch == NULL) {
		dmarcdest_free(d);
		return NULL;
	}
	return d;
}

void dmarcdest_free(struct dmarcdest *d)
{
	if (d == NULL)
		return;
	asker_free(d->asker);
	arena_free(d->arena);
	arena_free(d->scratch);
	free(d);
}

const char *dmarcdest_word(enum dmarcdest_word w)
{
	switch (w) {
	case DMARCDEST_UNKNOWN:
		break;
	case DMARCDEST_OWN:
		return "of the same organisation";
	case DMARCDEST_AGREED:
		return "has agreed";
	case DMARCDEST_REFUSED:
		return "has not agreed to have reports about this domain";
	}
	return "whether it has agreed could not be asked for";
}

/* ---- waiting ---- */

/* Each question to the desk begins with nothing known. */
static enum result begin(struct dmarcdest *d)
{
	const struct asker_limits limits = {
		.questions_max = QUESTIONS_MAX,
		.timeout_ms = d->conf->dns.timeout_ms,
	};

	asker_free(d->asker);
	arena_reset(d->arena);
	d->asker = d->dns == NULL ? NULL : asker_new(d->dns, &limits, d->clock);
	d->book = (struct treewalk_book){
		.arena = d->arena, .scratch = d->scratch, .dns = d->asker
	};
	return d->asker == NULL ? RES_DOWN : RES_OK;
}

/* Calls step until it says true; past the end all that is not known is told to
 * be so. */
static void wait_for(struct dmarcdest *d,
	bool (*step)(struct dmarcdest *d, void *at), void *at)
{
	int64_t end_ms = clock_mono_ms(d->clock) + d->conf->dns.end_ms;
	bool is_over = false;

	for (;;) {
		uint64_t seen = asker_seen(d->asker);

		if (step(d, at))
			return;
		if (asker_wait(d->asker, seen, end_ms))
			continue;
		if (is_over)
			return;
		asker_expire(d->asker);
		is_over = true;
	}
}

/* ---- walks ---- */

struct walking {
	struct slice domain;
	struct treewalk walk;
	enum result res;
};

static bool step_walk(struct dmarcdest *d, void *at)
{
	struct walking *w = at;

	w->res = d->psl == NULL
		? treewalk_ask(&d->book, w->domain, &w->walk)
		: treewalk_ask_psl(&d->book, w->domain, d->psl, &w->walk);
	return w->res != RES_OK || !treewalk_is_waiting(&w->walk);
}

/* The record itself matters, not those above it. */
static bool step_record(struct dmarcdest *d, void *at)
{
	struct walking *w = at;

	(void)step_walk(d, at);
	return w->res != RES_OK || w->walk.page[0]->status != TREEWALK_WAITING;
}

enum result dmarcdest_record(
	struct dmarcdest *d, struct slice domain, struct slice *out)
{
	struct walking w = { .domain = domain, .res = RES_NOMEM };
	enum result res = begin(d);

	if (res != RES_OK)
		return res;
	wait_for(d, step_record, &w);
	if (w.res != RES_OK)
		return w.res;
	switch (w.walk.page[0]->status) {
	case TREEWALK_UNKNOWN:
	case TREEWALK_WAITING:
		return RES_DOWN;
	case TREEWALK_NONE:
		break;
	case TREEWALK_RECORD:
		*out = w.walk.page[0]->record.text;
		return RES_OK;
	}
	return RES_MISSING;
}

/* RES_DOWN: DNS could not tell. */
static enum result organisation(
	struct dmarcdest *d, struct slice domain, struct slice *out)
{
	struct walking w = { .domain = domain, .res = RES_NOMEM };

	if (d->psl != NULL) {
		*out = psl_organisation(d->psl, domain);
		return RES_OK;
	}
	wait_for(d, step_walk, &w);
	if (w.res != RES_OK)
		return w.res;
	if (treewalk_is_waiting(&w.walk) || treewalk_is_unknown(&w.walk))
		return RES_DOWN;
	*out = treewalk_organisation(&w.walk, TREEWALK_GUESS_NONE);
	return RES_OK;
}

/* ---- consent ---- */

struct consent {
	char name[NAME_MAX_LEN];
	enum dmarcdest_kind kind;
	const struct dns_answer *answer;
	struct slice instead; /* rua= or ruf= of it, "" when it has none */
	bool is_there;
};

static bool step_consent(struct dmarcdest *d, void *at)
{
	struct consent *c = at;

	c->answer = asker_ask(d->asker, slice_of(c->name), DNS_TXT);
	return c->answer != NULL;
}

/* Step 6 to 9: of several the first that names somebody counts. */
static void read_consent(struct dmarcdest *d, struct consent *c)
{
	for (size_t i = 0; i < c->answer->count; i++) {
		struct dmarcrecord record;
		struct slice text, instead;

		if (dns_txt_join(c->answer->rdata[i], d->arena, &text) !=
				RES_OK ||
			dmarcrecord_parse(text, &record) != RES_OK)
			continue;
		c->is_there = true;
		instead = c->kind == DMARCDEST_RUA ? record.rua : record.ruf;
		if (slice_is_empty(c->instead))
			c->instead = instead;
	}
}

/* RFC 9990 s4: all of them at that host, or the report goes nowhere. */
static bool replace(const struct consent *c, struct slice host,
	const struct dmarcuri *uri, struct dmarcuri to[DMARCURI_MAX],
	size_t *count)
{
	size_t ignored;

	if (slice_is_empty(c->instead)) {
		to[0] = *uri;
		*count = 1;
		return true;
	}
	*count = dmarcuri_parse(c->instead, to, &ignored);
	for (size_t i = 0; i < *count; i++) {
		if (!slice_is_equal(
			    mailbox_domain(slice_of(to[i].mailbox)), host)) {
			*count = 0;
			return false;
		}
		if (to[i].limit == 0)
			to[i].limit = uri->limit;
	}
	return *count > 0;
}

static enum dmarcdest_word ask_consent(struct dmarcdest *d, struct slice domain,
	enum dmarcdest_kind kind, const struct dmarcuri *uri,
	struct dmarcuri to[DMARCURI_MAX], size_t *count)
{
	struct slice host = mailbox_domain(slice_of(uri->mailbox));
	struct consent c = { .kind = kind, .instead = slice_of("") };
	int len = snprintf(c.name, sizeof(c.name), "%.*s._report._dmarc.%.*s",
		SLICE_ARG(domain), SLICE_ARG(host));

	if (len > WIRE_NAME_MAX)
		return DMARCDEST_REFUSED;
	wait_for(d, step_consent, &c);
	if (c.answer == NULL || c.answer->status == DNS_UNKNOWN)
		return DMARCDEST_UNKNOWN;
	read_consent(d, &c);
	if (!c.is_there || !replace(&c, host, uri, to, count))
		return DMARCDEST_REFUSED;
	return DMARCDEST_AGREED;
}

enum dmarcdest_word dmarcdest_ask(struct dmarcdest *d, struct slice domain,
	enum dmarcdest_kind kind, const struct dmarcuri *uri,
	struct dmarcuri to[DMARCURI_MAX], size_t *count)
{
	struct slice host = mailbox_domain(slice_of(uri->mailbox));
	struct slice ours = domain, theirs = host;

	*count = 0;
	if (begin(d) != RES_OK)
		return DMARCDEST_UNKNOWN;
	if (!slice_is_equal(domain, host) &&
		(organisation(d, domain, &ours) != RES_OK ||
			organisation(d, host, &theirs) != RES_OK))
		return DMARCDEST_UNKNOWN;
	if (!slice_is_equal(ours, theirs))
		return ask_consent(d, domain, kind, uri, to, count);
	to[0] = *uri;
	*count = 1;
	return DMARCDEST_OWN;
}
