/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/conduct.h"

#include "conf/conf.h"
#include "heur/sender.h"
#include "judge/record.h"
#include "store/repute.h"

#include <string.h>

/* What these find is known of the sender already, or says nothing of the
 * message. */
static const char *const not_its_own[] = { "blocked", "allowed", "dnsbl",
	"dnswl", "country", "rate", "reputation", "greylist", "account",
	"session" };

static bool is_its_own(const struct finding *f)
{
	if (f->outcome != OUTCOME_HIT)
		return false;
	for (size_t i = 0; i < sizeof(not_its_own) / sizeof(not_its_own[0]);
		i++)
		if (strcmp(not_its_own[i], f->check) == 0)
			return false;
	return true;
}

static double lowest_threshold(const struct conf_policy *p)
{
	if (p->mark_at > 0)
		return p->mark_at;
	return p->quarantine_at > 0 ? p->quarantine_at : p->reject_at;
}

static bool is_bad(const struct record *r)
{
	double at = lowest_threshold(
		conf_policy_for(r->scope.conf, r->scope.domain));
	double sum = 0;

	for (size_t i = 0; i < r->findings->count; i++) {
		const struct finding *f = &r->findings->item[i];
		struct ruling own;

		if (!is_its_own(f))
			continue;
		own = ruling_of(&r->scope, f);
		if (own.is_shadow)
			continue;
		if (own.rule.action == CONF_ACTION_REJECT ||
			own.rule.action == CONF_ACTION_QUARANTINE)
			return true;
		if (own.rule.action == CONF_ACTION_SCORE)
			sum += own.rule.score;
	}
	return at > 0 && sum >= at;
}

enum conduct_word conduct_of(const struct record *r)
{
	const struct verdict *v = r->verdict;

	if (v == NULL || r->scope.conf == NULL || r->findings == NULL ||
		strcmp(r->stage, "eom") != 0 || v->is_exempt || v->is_trusted ||
		r->conn->kind != CONN_REMOTE)
		return CONDUCT_NEITHER;
	if (is_bad(r))
		return CONDUCT_BAD;
	return v->would_be == ACTION_ACCEPT ? CONDUCT_GOOD : CONDUCT_NEITHER;
}

static void judged(void *at, const struct record *r)
{
	const struct conduct *c = at;
	enum conduct_word word = conduct_of(r);
	double good = word == CONDUCT_GOOD;
	double bad = word == CONDUCT_BAD;
	struct sender s;

	if (word == CONDUCT_NEITHER || !r->scope.conf->reputation.enabled)
		return;
	sender_read(&s, &r->conn->ip, r->auth);
	repute_add(c->repute, LEDGER_ADDRESS, slice_of(s.address), good, bad);
	repute_add(c->repute, LEDGER_NETWORK, slice_of(s.network), good, bad);
	repute_add(c->repute, LEDGER_DOMAIN, slice_of(s.domain), good, bad);
}

void conduct_init(struct conduct *out, struct repute *repute,
	const struct session_watch *next)
{
	*out = (struct conduct){
		.repute = repute,
		.watch = { judged, out, next },
	};
}
