/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/balance.h"

#include "policy/authcode.h"

#include <string.h>

struct balance balance_start(double score, bool wants_greylist)
{
	return (struct balance){
		.action = ACTION_ACCEPT,
		.score = score,
		.added = score > 0 ? score : 0,
		.wants_greylist = wants_greylist,
	};
}

static enum action action_of(enum conf_action a)
{
	switch (a) {
	case CONF_ACTION_MARK:
		return ACTION_MARK;
	case CONF_ACTION_QUARANTINE:
		return ACTION_QUARANTINE;
	case CONF_ACTION_TEMPFAIL:
		return ACTION_TEMPFAIL;
	case CONF_ACTION_REJECT:
		return ACTION_REJECT;
	case CONF_ACTION_IGNORE:
	case CONF_ACTION_ACCEPT:
	case CONF_ACTION_SCORE:
	case CONF_ACTION_GREYLIST:
		break;
	}
	return ACTION_ACCEPT;
}

static bool is_against(const struct conf_rule *rule)
{
	if (rule->action == CONF_ACTION_SCORE)
		return rule->score > 0;
	return rule->action != CONF_ACTION_IGNORE &&
		rule->action != CONF_ACTION_ACCEPT;
}

/* RFC 7372 s3.4 counts what failed "contrary to local policy": a failure that
 * the rules ignore is none. */
static void balance_auth(struct balance *t, const struct conf_rule *rule,
	const struct finding *f)
{
	bool is_scored = rule->action == CONF_ACTION_SCORE;
	unsigned method = authcode_method(f->check);

	if (is_scored && rule->score > 0)
		t->added += rule->score;
	if (f->outcome == OUTCOME_UNKNOWN || method == 0 || !is_against(rule))
		return;
	t->failed |= method;
	/* A client without a name adds to a sum; whoever is refused by the
	 * rule of another method should repair that one. */
	if (!is_scored || strcmp(f->check, "iprev") != 0)
		t->refusing |= method;
	if (!is_scored)
		return;
	t->by_auth += rule->score;
	if (t->worst_auth == NULL || rule->score > t->worst_by) {
		t->worst_auth = f;
		t->worst_by = rule->score;
	}
}

static void add_score(struct balance *t, double score, const struct finding *f)
{
	t->score += score;
	if (f->outcome == OUTCOME_UNKNOWN && score > 0)
		t->unsure += score;
	if (t->scored == NULL || score > t->scored_by) {
		t->scored = f;
		t->scored_by = score;
	}
}

static void add_greylist(struct balance *t, const struct conf_rule *rule,
	const struct finding *f)
{
	if (strcmp(f->check, "greylist") == 0 && f->outcome == OUTCOME_HIT)
		t->first = f;
	if (rule->action == CONF_ACTION_GREYLIST)
		t->wants_greylist = true;
}

void balance_add(struct balance *t, const struct conf_rule *rule,
	const struct finding *f)
{
	enum action action = action_of(rule->action);

	balance_auth(t, rule, f);
	add_greylist(t, rule, f);
	if (rule->action == CONF_ACTION_ACCEPT) {
		if (!t->trusted)
			t->cause = f;
		t->trusted = true;
		return;
	}
	if (rule->action == CONF_ACTION_SCORE) {
		add_score(t, rule->score, f);
		return;
	}
	if (action > t->action && !t->trusted) {
		t->action = action;
		t->cause = f;
	}
}

/* The action of the sum. */
static void apply_sum(struct balance *t, const struct conf_policy *policy)
{
	const struct {
		double at;
		enum action action;
	} steps[] = {
		{ policy->reject_at, ACTION_REJECT },
		{ policy->quarantine_at, ACTION_QUARANTINE },
		{ policy->mark_at, ACTION_MARK },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum action action = steps[i].action;

		if (steps[i].at <= 0 || t->score < steps[i].at)
			continue;
		if (action == ACTION_REJECT &&
			t->score - t->unsure < steps[i].at)
			action = ACTION_TEMPFAIL;
		if (action > t->action) {
			t->action = action;
			t->cause = t->scored;
		}
		return;
	}
}

/*
 * Only who may be a first contact is asked to come again: where the check has
 * nothing to say (a known sender, Redis away), nobody could ever pass. What
 * could not be told makes nobody wait either.
 */
static void apply_greylist(struct balance *t, const struct conf_policy *policy)
{
	if (policy->greylist_at > 0 &&
		t->score - t->unsure >= policy->greylist_at)
		t->wants_greylist = true;
	if (!t->may_greylist || !t->wants_greylist || t->first == NULL ||
		t->action >= ACTION_TEMPFAIL)
		return;
	t->action = ACTION_TEMPFAIL;
	t->cause = t->first;
	t->is_greylisted = true;
}

void balance_close(struct balance *t, const struct conf_policy *policy)
{
	if (t->trusted) {
		t->action = ACTION_ACCEPT;
		t->score = 0;
		t->wants_greylist = false;
		return;
	}
	apply_sum(t, policy);
	apply_greylist(t, policy);
}
