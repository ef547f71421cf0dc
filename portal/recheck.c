/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/recheck.h"

#include "auth/dmarceval.h"
#include "auth/iprev.h"
#include "auth/spf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "net/hostname.h"

/* Shares of the questions, as in judge/pipeline: a long SPF record must leave
 * room for the others. */
enum owner { OWNER_IPREV, OWNER_SPF, OWNER_HELO, OWNER_KEYS, OWNER_DMARC };

static const unsigned shares[] = {
	[OWNER_IPREV] = 10,
	[OWNER_SPF] = 35,
	[OWNER_HELO] = 55,
	[OWNER_KEYS] = 20,
	[OWNER_DMARC] = 100,
};

struct work {
	struct recheck *r;
	const struct recheck_question *q;
	bool is_done[OWNER_DMARC + 1];
	bool is_key_done[RECHECK_KEYS_MAX];
};

static bool step_iprev(struct work *w)
{
	return iprev_evaluate(w->q->ip, w->r->asker, w->q->arena,
		       &w->r->iprev) == CHECK_DONE;
}

static bool step_spf(struct work *w)
{
	const struct spf_question question = { .identity = SPF_MAILFROM,
		.ip = w->q->ip,
		.helo = w->q->helo,
		.local = slice_of("postmaster"),
		.domain = w->q->spf_domain };

	return slice_is_empty(w->q->spf_domain) ||
		spf_evaluate(&question, w->r->asker, w->q->arena,
			&w->r->mailfrom) == CHECK_DONE;
}

static bool step_helo(struct work *w)
{
	const struct spf_question question = {
		.identity = SPF_HELO, .ip = w->q->ip, .helo = w->q->helo
	};

	return slice_is_empty(w->q->helo) ||
		spf_evaluate(&question, w->r->asker, w->q->arena,
			&w->r->helo) == CHECK_DONE;
}

static bool step_key(struct work *w, size_t i)
{
	const struct recheck_key *k = &w->q->key[i];
	const struct dns_answer *answer;
	struct slice name;

	if (dkimkey_name(k->selector, k->domain, w->q->arena, &name) != RES_OK)
		return true;
	answer = asker_ask(w->r->asker, name, DNS_TXT);
	if (answer == NULL)
		return false;
	if (dkimkey_read(answer, w->q->arena, &w->r->key[i]) != RES_OK)
		w->r->key[i].status = DKIMKEY_NOT_TOLD;
	return true;
}

static bool step_keys(struct work *w)
{
	bool is_done = true;

	for (size_t i = 0; i < w->q->key_count; i++) {
		if (!w->is_key_done[i])
			w->is_key_done[i] = step_key(w, i);
		is_done = is_done && w->is_key_done[i];
	}
	return is_done;
}

/* Waits for SPF, which it reads. */
static bool step_dmarc(struct work *w)
{
	const struct auth_facts auth = { .mailfrom = w->r->mailfrom,
		.helo = w->r->helo,
		.dkim_is_known = true,
		.from_kind = FROM_ONE };

	if (w->r->eval == NULL)
		return true;
	if (!w->is_done[OWNER_SPF] || !w->is_done[OWNER_HELO])
		return false;
	return dmarceval_run(w->r->eval, w->q->psl, &auth, &w->r->dmarc) ==
		CHECK_DONE;
}

static bool step(struct work *w)
{
	static bool (*const steps[])(struct work *) = {
		[OWNER_IPREV] = step_iprev,
		[OWNER_SPF] = step_spf,
		[OWNER_HELO] = step_helo,
		[OWNER_KEYS] = step_keys,
		[OWNER_DMARC] = step_dmarc,
	};
	bool is_done = true;

	for (unsigned i = 0; i <= OWNER_DMARC; i++) {
		asker_own(w->r->asker, i, shares[i]);
		if (!w->is_done[i])
			w->is_done[i] = steps[i](w);
		is_done = is_done && w->is_done[i];
	}
	return is_done;
}

static void wait_for_all(struct work *w, int64_t deadline_ms)
{
	bool is_over = false;

	for (;;) {
		uint64_t seen = asker_seen(w->r->asker);

		if (step(w))
			return;
		if (asker_wait(w->r->asker, seen, deadline_ms))
			continue;
		if (is_over)
			return;
		asker_expire(w->r->asker);
		is_over = true;
	}
}

/* Folded into room; empty when it is no name. */
static struct slice fold(struct slice text, char room[HOSTNAME_MAX])
{
	size_t len;

	if (hostname_parse(text, room, &len) != RES_OK)
		return slice_of("");
	return slice_make(room, len);
}

static enum result start_dmarc(struct work *w)
{
	char author_room[HOSTNAME_MAX], sender_room[HOSTNAME_MAX];
	struct slice author = fold(w->q->author, author_room);
	struct slice sender = fold(w->q->spf_domain, sender_room);

	if (slice_is_empty(author))
		return RES_OK;
	w->r->eval = dmarceval_new(author, w->r->asker);
	if (w->r->eval == NULL)
		return RES_NOMEM;
	asker_own(w->r->asker, OWNER_DMARC, shares[OWNER_DMARC]);
	dmarceval_start(
		w->r->eval, w->q->psl, &sender, slice_is_empty(sender) ? 0 : 1);
	return RES_OK;
}

enum result recheck_run(struct recheck *r, const struct recheck_question *q)
{
	const struct asker_limits limits = {
		.questions_max = q->conf->dns.questions_max,
		.timeout_ms = q->conf->dns.timeout_ms,
	};
	struct work w = { .r = r, .q = q };
	enum result res;

	*r = (struct recheck){ .asker = NULL };
	if (q->dns == NULL)
		return RES_OK;
	r->asker = asker_new(q->dns, &limits, q->clock);
	if (r->asker == NULL)
		return RES_NOMEM;
	res = start_dmarc(&w);
	if (res == RES_OK)
		wait_for_all(&w, clock_mono_ms(q->clock) + q->conf->dns.end_ms);
	return res;
}

void recheck_clear(struct recheck *r)
{
	dmarceval_free(r->eval);
	asker_free(r->asker);
	*r = (struct recheck){ .asker = NULL };
}
