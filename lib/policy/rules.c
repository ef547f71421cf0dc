/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/rules.h"

#include "fact/envelope.h"
#include "policy/authcode.h"

#include <string.h>

/* What the findings come to, with or without those in shadow. */
struct tally {
	bool trusted; /* a rule said accept */
	enum action action;
	double score;
	const struct finding *cause;
	const struct finding *scored; /* the greatest part of the sum */
	double scored_by;
	double unsure; /* of the sum, what could not be told */
	double added; /* of the sum, what is above zero, */
	double by_auth; /* and of that, authentication's */
	const struct finding *worst_auth; /* its greatest part */
	double worst_by;
	unsigned failed; /* methods whose failure a rule held against it, */
	unsigned refusing; /* and those of them that tell in a refusal */
};

/* Codes of one stage for causes that have no row of their own. */
struct stage_codes {
	enum code reject;
	enum code tempfail;
	enum code internal;
};

static const struct stage_codes codes[] = {
	[RULES_RCPT] = { CODE_SCORE_ENVELOPE, CODE_SCORE_LATER, CODE_INTERNAL },
	[RULES_END] = { CODE_SCORE_END, CODE_SCORE_LATER_END,
		CODE_INTERNAL_END },
};

static const struct class_code {
	const char *detail;
	enum code code;
} class_codes[] = {
	{ "self", CODE_BLOCKED_SELF },
	{ "policy", CODE_BLOCKED_POLICY },
	{ "review", CODE_BLOCKED_REVIEW },
	{ "feed", CODE_BLOCKED_FEED },
};

static bool is_of_lists(const struct finding *f)
{
	return strcmp(f->check, "blocked") == 0 ||
		strcmp(f->check, "allowed") == 0;
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

/* Checks with results have a rule for each instead of hit and miss. A result
 * that DNS could not tell never refuses for good. */
static const struct conf_rule *rule_of_result(
	const struct conf_check *check, const struct finding *f)
{
	static const struct conf_rule tempfail = {
		.action = CONF_ACTION_TEMPFAIL
	};
	const struct conf_rule *rule;

	if (check == NULL || f->detail == NULL || is_of_lists(f))
		return NULL;
	rule = conf_check_rule(check, f->detail);
	if (rule != NULL && f->outcome == OUTCOME_UNKNOWN &&
		rule->action == CONF_ACTION_REJECT)
		return &tempfail;
	return rule;
}

/* The rule for this finding; one that nobody wrote says ignore. */
static struct conf_rule rule_of(const struct conf *conf,
	const struct conf_check *check, const struct finding *f)
{
	struct conf_rule rule = { CONF_ACTION_IGNORE, 0 };
	const struct conf_rule *own = rule_of_result(check, f);

	if (own != NULL)
		return *own;
	switch (f->outcome) {
	case OUTCOME_HIT:
		if (check != NULL)
			rule = check->hit;
		return rule;
	case OUTCOME_MISS:
		if (check != NULL)
			rule = check->miss;
		return rule;
	case OUTCOME_UNKNOWN:
		break;
	}
	if (check != NULL)
		rule = check->unknown;
	if (rule.action == CONF_ACTION_IGNORE &&
		strcmp(f->check, "blocked") == 0 &&
		conf->lists.on_redis_error == CONF_FAILURE_TEMPFAIL)
		rule.action = CONF_ACTION_TEMPFAIL;
	/* A list that cannot be read must not refuse everybody for good. */
	if (rule.action == CONF_ACTION_REJECT)
		rule.action = CONF_ACTION_TEMPFAIL;
	return rule;
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
static void tally_auth(
	struct tally *t, const struct conf_rule *rule, const struct finding *f)
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

static void tally_add(
	struct tally *t, const struct conf_rule *rule, const struct finding *f)
{
	enum action action = action_of(rule->action);

	tally_auth(t, rule, f);
	if (rule->action == CONF_ACTION_ACCEPT) {
		if (!t->trusted)
			t->cause = f;
		t->trusted = true;
		return;
	}
	if (rule->action == CONF_ACTION_SCORE) {
		t->score += rule->score;
		if (f->outcome == OUTCOME_UNKNOWN && rule->score > 0)
			t->unsure += rule->score;
		if (t->scored == NULL || rule->score > t->scored_by) {
			t->scored = f;
			t->scored_by = rule->score;
		}
		return;
	}
	if (action > t->action && !t->trusted) {
		t->action = action;
		t->cause = f;
	}
}

/* The thresholds of the sum; a threshold of 0 is not set. */
static void tally_close(struct tally *t, const struct conf_policy *policy)
{
	const struct {
		double at;
		enum action action;
	} steps[] = {
		{ policy->reject_at, ACTION_REJECT },
		{ policy->quarantine_at, ACTION_QUARANTINE },
		{ policy->mark_at, ACTION_MARK },
	};

	if (t->trusted) {
		t->action = ACTION_ACCEPT;
		t->score = 0;
		return;
	}
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
 * A sum has the code of authentication when most of it is authentication's: of
 * several methods theirs, of one its own when it would have been enough.
 */
static enum code code_of_sum(
	const struct rules_input *in, const struct tally *t)
{
	enum code code = CODE_NONE;

	if (t->by_auth * 2 <= t->added)
		return CODE_NONE;
	code = authcode_several(t->failed);
	if (code == CODE_NONE && t->by_auth >= in->conf->policy.reject_at)
		code = authcode_one(t->worst_auth, in->findings, false);
	return code;
}

static enum code code_of_auth(
	const struct rules_input *in, const struct tally *t)
{
	enum code code = CODE_NONE;

	if (t->cause == NULL || in->stage != RULES_END)
		return CODE_NONE;
	if (t->action != ACTION_REJECT)
		return authcode_one(t->cause, in->findings, true);
	if (t->cause == t->scored)
		return code_of_sum(in, t);
	if (authcode_method(t->cause->check) != 0)
		code = authcode_several(t->refusing);
	return code != CODE_NONE ? code
				 : authcode_one(t->cause, in->findings, false);
}

/* For what is not a list's, and for sums. */
static enum code general_code(
	const struct rules_input *in, const struct tally *t)
{
	enum code code = code_of_auth(in, t);

	if (code != CODE_NONE)
		return code;
	return t->action == ACTION_REJECT ? codes[in->stage].reject
					  : codes[in->stage].tempfail;
}

static enum code code_of(const struct rules_input *in, const struct tally *t)
{
	const struct finding *f = t->cause;

	if (!action_is_refusal(t->action))
		return CODE_NONE;
	/* A cause that only added to a sum is not the whole reason. */
	if (f == NULL || f == t->scored || !is_of_lists(f) ||
		in->stage == RULES_END)
		return general_code(in, t);
	if (f->outcome == OUTCOME_UNKNOWN)
		return CODE_LISTS_UNKNOWN;
	if (t->action == ACTION_TEMPFAIL)
		return CODE_BLOCKED_LATER;
	for (size_t i = 0; i < sizeof(class_codes) / sizeof(class_codes[0]);
		i++)
		if (f->detail != NULL &&
			strcmp(f->detail, class_codes[i].detail) == 0)
			return class_codes[i].code;
	return CODE_BLOCKED_SELF;
}

/* RFC 5321 s4.5.1: postmaster, with or without a domain, in any case. What
 * stands behind a "+" is a detail of the same mailbox (RFC 5233 s4). */
static bool is_exempt(const struct rules_input *in)
{
	struct slice local;

	if (in->stage == RULES_END)
		return in->all_spared;
	if (in->stage != RULES_RCPT || in->envelope == NULL)
		return false;
	local = in->envelope->rcpt.local;
	local = slice_part(local, 0, slice_find(local, '+'));
	if (slice_is_empty(local))
		return false;
	return slice_is_equal_nocase(local, slice_of("postmaster")) ||
		conf_is_exempt(in->conf, local);
}

static bool is_monitored(const struct rules_input *in)
{
	if (in->conf->mode == CONF_MONITOR)
		return true;
	if (in->stage == RULES_END)
		return in->all_monitored;
	if (in->stage != RULES_RCPT || in->envelope == NULL)
		return false;
	return conf_mode_for(in->conf, slice_of(in->envelope->rcpt_domain)) ==
		CONF_MONITOR;
}

static bool is_broken(const struct finding *f)
{
	return f->outcome == OUTCOME_UNKNOWN && f->detail != NULL &&
		strcmp(f->detail, "internal") == 0;
}

/* What RCPT has added up counts at the end, too. */
static void tally_carry(struct tally *t, double score)
{
	t->score = score;
	t->added = score > 0 ? score : 0;
}

static void gather(const struct rules_input *in, struct tally *enforced,
	struct tally *all, struct verdict *out)
{
	if (in->carried != NULL) {
		tally_carry(enforced, in->carried->enforced_score);
		tally_carry(all, in->carried->score);
	}
	for (size_t i = 0; i < in->findings->count; i++) {
		const struct finding *f = &in->findings->item[i];
		const struct conf_check *check =
			conf_check_find(in->conf, f->check);
		struct conf_rule rule = rule_of(in->conf, check, f);

		if (is_of_lists(f) && f->outcome == OUTCOME_UNKNOWN)
			out->unchecked = true;
		tally_add(all, &rule, f);
		if (!f->shadow && (check == NULL || !check->shadow))
			tally_add(enforced, &rule, f);
	}
	tally_close(enforced, &in->conf->policy);
	tally_close(all, &in->conf->policy);
}

static void settle(const struct rules_input *in, const struct tally *enforced,
	const struct tally *all, struct verdict *out)
{
	const struct tally *told = all;

	out->mode = "enforce";
	out->is_trusted = enforced->trusted;
	out->action = enforced->action;
	out->would_be = all->action;
	if (is_monitored(in)) {
		out->mode = "monitor";
		if (out->action > ACTION_MARK)
			out->action = ACTION_ACCEPT;
	} else if (action_is_refusal(out->action)) {
		/* What is enforced needs its own words. */
		told = enforced;
		out->would_be = out->action;
	} else if (out->would_be != out->action) {
		out->mode = "shadow";
	}
	out->code = code_of(in, told);
	out->cause = told->cause;
	out->domain = authcode_domain(out->code, told->cause, in->auth);
	out->score = told->score;
	out->enforced_score = enforced->score;
}

static void internal_error(const struct rules_input *in, struct verdict *out)
{
	const struct conf *conf = in->conf;
	bool monitored = is_monitored(in);

	*out = (struct verdict){
		.action = ACTION_ACCEPT,
		.would_be = ACTION_ACCEPT,
		.unchecked = true,
		.mode = monitored ? "monitor" : "enforce",
	};
	if (conf->milter.on_internal_error != CONF_FAILURE_TEMPFAIL)
		return;
	out->would_be = ACTION_TEMPFAIL;
	out->code = codes[in->stage].internal;
	if (!monitored)
		out->action = ACTION_TEMPFAIL;
}

static void exempt(struct verdict *out)
{
	out->is_exempt = true;
	out->action = ACTION_ACCEPT;
	out->would_be = ACTION_ACCEPT;
	out->code = CODE_NONE;
	out->score = 0;
	out->enforced_score = 0;
	out->mode = "enforce";
}

static bool has_broken(const struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (is_broken(&f->item[i]))
			return true;
	return false;
}

void rules_decide(const struct rules_input *in, struct verdict *out)
{
	struct tally enforced = { .action = ACTION_ACCEPT };
	struct tally all = { .action = ACTION_ACCEPT };

	*out = (struct verdict){ .action = ACTION_NONE };
	if (has_broken(in->findings)) {
		internal_error(in, out);
	} else {
		gather(in, &enforced, &all, out);
		settle(in, &enforced, &all, out);
	}
	/* At the end our own failure must not lose what we owe the message. */
	if (is_exempt(in) &&
		(in->stage == RULES_RCPT || !has_broken(in->findings)))
		exempt(out);
	if (in->carried != NULL && in->carried->action != ACTION_NONE) {
		struct verdict own = *out;

		*out = *in->carried;
		if (own.action > out->action || own.would_be > out->would_be)
			rules_carry(out, &own);
		if (!has_broken(in->findings) && !own.is_exempt) {
			out->score = own.score;
			out->enforced_score = own.enforced_score;
		}
	}
}

struct conf_rule rules_rule(const struct conf *conf, const struct finding *f)
{
	return rule_of(conf, conf_check_find(conf, f->check), f);
}

void rules_internal_error(
	const struct conf *conf, enum rules_stage stage, struct verdict *out)
{
	const struct rules_input in = { .conf = conf, .stage = stage };

	internal_error(&in, out);
}

static double greater(double a, double b)
{
	return a > b ? a : b;
}

void rules_carry(struct verdict *carried, const struct verdict *rcpt)
{
	struct verdict before = *carried;

	if (before.action == ACTION_NONE || rcpt->action > before.action ||
		(rcpt->action == before.action &&
			rcpt->would_be > before.would_be))
		*carried = *rcpt;
	carried->unchecked = before.unchecked || rcpt->unchecked;
	if (before.action == ACTION_NONE)
		return;
	carried->score = greater(before.score, rcpt->score);
	carried->enforced_score =
		greater(before.enforced_score, rcpt->enforced_score);
}

bool rules_mix(const struct verdict *first, const struct verdict *next,
	struct verdict *out)
{
	if (first->action == ACTION_NONE || action_is_refusal(next->action) ||
		first->action == next->action)
		return false;
	*out = *next;
	out->action = ACTION_TEMPFAIL;
	out->would_be = ACTION_TEMPFAIL;
	out->code = CODE_MIXED_POLICY;
	out->mode = "enforce";
	return true;
}
