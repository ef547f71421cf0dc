/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/ruling.h"

#include <string.h>

bool ruling_is_of_lists(const struct finding *f)
{
	return strcmp(f->check, "blocked") == 0 ||
		strcmp(f->check, "allowed") == 0;
}

/* Checks with results have a rule for each instead of hit and miss. A result
 * that DNS could not tell never refuses for good. */
static const struct conf_rule *rule_of_result(
	const struct conf_check *check, const struct finding *f)
{
	static const struct conf_rule tempfail = {
		.action = CONF_ACTION_TEMPFAIL
	};
	const struct conf_rule *rule;

	if (f->detail == NULL || ruling_is_of_lists(f))
		return NULL;
	rule = conf_check_rule(check, f->detail);
	if (rule != NULL && f->outcome == OUTCOME_UNKNOWN &&
		rule->action == CONF_ACTION_REJECT)
		return &tempfail;
	return rule;
}

static struct conf_rule rule_of_unknown(const struct conf *conf,
	const struct conf_check *check, const struct finding *f)
{
	struct conf_rule rule = check->unknown;

	if (rule.action == CONF_ACTION_IGNORE &&
		strcmp(f->check, "blocked") == 0 &&
		conf->lists.on_redis_error == CONF_FAILURE_TEMPFAIL)
		rule.action = CONF_ACTION_TEMPFAIL;
	/* A list that cannot be read must not refuse everybody for good. */
	if (rule.action == CONF_ACTION_REJECT)
		rule.action = CONF_ACTION_TEMPFAIL;
	return rule;
}

/* The rule for this finding; one that nobody wrote says ignore. */
static struct conf_rule rule_of(const struct conf *conf,
	const struct conf_check *check, const struct finding *f)
{
	const struct conf_rule *own = rule_of_result(check, f);

	if (own != NULL)
		return *own;
	switch (f->outcome) {
	case OUTCOME_HIT:
		return check->hit;
	case OUTCOME_MISS:
		return check->miss;
	case OUTCOME_UNKNOWN:
		break;
	}
	return rule_of_unknown(conf, check, f);
}

/* Lists have their own word for it, lists.on_redis_error. */
static bool is_advisory(
	const struct ruling_scope *scope, const struct finding *f)
{
	if (scope->advisory == NULL || f->outcome != OUTCOME_UNKNOWN ||
		ruling_is_of_lists(f))
		return false;
	for (size_t i = 0; i < scope->advisory->count; i++)
		if (strcmp(scope->advisory->check[i], f->check) == 0)
			return true;
	return false;
}

static bool is_of_domain(const struct ruling_scope *scope,
	const struct ruling *own, const struct finding *f)
{
	const struct conf_check *general;
	struct conf_rule rule;

	if (scope->domain == NULL)
		return false;
	general = conf_check_find(scope->conf, f->check);
	rule = rule_of(scope->conf, general, f);
	return own->rule.action != rule.action ||
		own->rule.score != rule.score ||
		own->is_shadow != (f->shadow || general->shadow);
}

struct ruling ruling_of(
	const struct ruling_scope *scope, const struct finding *f)
{
	const struct conf_check *check =
		conf_check_for(scope->conf, scope->domain, f->check);
	struct ruling out = {
		.rule = rule_of(scope->conf, check, f),
		.is_shadow = f->shadow || check->shadow,
		.is_advisory = is_advisory(scope, f),
	};

	out.is_of_domain = is_of_domain(scope, &out, f);
	if (out.is_advisory)
		out.rule = (struct conf_rule){ .action = CONF_ACTION_IGNORE };
	if (out.rule.action == CONF_ACTION_SCORE && f->factor != 0)
		out.rule.score *= f->factor;
	return out;
}
