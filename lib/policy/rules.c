/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/rules.h"

#include "fact/envelope.h"
#include "policy/authcode.h"
#include "policy/balance.h"

#include <string.h>

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

/*
 * A sum has the code of authentication when most of it is authentication's: of
 * several methods theirs, of one its own when it would have been enough.
 */
static enum code code_of_sum(
	const struct rules_input *in, const struct balance *t)
{
	enum code code = CODE_NONE;

	if (t->by_auth * 2 <= t->added)
		return CODE_NONE;
	code = authcode_several(t->failed);
	if (code == CODE_NONE &&
		t->by_auth >= conf_policy_for(in->conf, in->domain)->reject_at)
		code = authcode_one(t->worst_auth, in->findings, false);
	return code;
}

static enum code code_of_auth(
	const struct rules_input *in, const struct balance *t)
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
	const struct rules_input *in, const struct balance *t)
{
	enum code code = code_of_auth(in, t);

	if (code != CODE_NONE)
		return code;
	return t->action == ACTION_REJECT ? codes[in->stage].reject
					  : codes[in->stage].tempfail;
}

/* A limit that is used up, which has its own words. */
static bool is_limit(const struct balance *t)
{
	return t->action == ACTION_TEMPFAIL && t->cause != NULL &&
		t->cause != t->scored && t->cause->outcome == OUTCOME_HIT &&
		strcmp(t->cause->check, "rate") == 0;
}

static enum code code_of_limit(
	const struct rules_input *in, const struct finding *f)
{
	if (f->detail != NULL && strcmp(f->detail, "user") == 0)
		return CODE_RATE_USER;
	return in->stage == RULES_RCPT ? CODE_RATE_LIMIT : CODE_RATE_LIMIT_END;
}

/* It is said as a refusal too: its own words help more than any other. */
static bool is_paused(const struct balance *t)
{
	return t->cause != NULL && t->cause != t->scored &&
		t->cause->outcome == OUTCOME_HIT &&
		strcmp(t->cause->check, "account") == 0;
}

static enum code code_of_list(const struct balance *t)
{
	const struct finding *f = t->cause;

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

static enum code code_of(const struct rules_input *in, const struct balance *t)
{
	const struct finding *f = t->cause;

	if (!action_is_refusal(t->action))
		return CODE_NONE;
	if (t->is_greylisted)
		return CODE_GREYLIST_FIRST;
	if (is_limit(t))
		return code_of_limit(in, t->cause);
	if (is_paused(t))
		return t->action == ACTION_REJECT ? CODE_ACCOUNT_PAUSED_REJECT
						  : CODE_ACCOUNT_PAUSED;
	/* A cause that only added to a sum is not the whole reason. */
	if (f == NULL || f == t->scored || !ruling_is_of_lists(f) ||
		in->stage == RULES_END)
		return general_code(in, t);
	return code_of_list(t);
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
	return in->domain != NULL && in->domain->has_mode &&
		in->domain->mode == CONF_MONITOR;
}

static bool is_broken(const struct finding *f)
{
	return f->outcome == OUTCOME_UNKNOWN && f->detail != NULL &&
		strcmp(f->detail, "internal") == 0;
}

/* The rulings of one message, found once. */
struct rulings {
	size_t count;
	struct ruling item[FINDINGS_MAX];
};

static struct balance start(const struct rules_input *in, bool is_enforced)
{
	static const struct verdict nothing;
	const struct verdict *c = in->carried == NULL ? &nothing : in->carried;
	struct balance t = is_enforced
		? balance_start(c->enforced_score, c->enforced_greylist)
		: balance_start(c->score, c->wants_greylist);

	t.may_greylist = in->conf->greylist.enabled;
	return t;
}

/* What they come to, with what is in shadow of that check alone; NULL: of
 * none. */
static struct balance add_up(const struct rules_input *in,
	const struct rulings *rulings, const char *shadow)
{
	struct balance t = start(in, true);

	for (size_t i = 0; i < rulings->count; i++) {
		const struct finding *f = &in->findings->item[i];
		const struct ruling *r = &rulings->item[i];

		if (!r->is_shadow ||
			(shadow != NULL && strcmp(f->check, shadow) == 0))
			balance_add(&t, &r->rule, f);
	}
	balance_close(&t, conf_policy_for(in->conf, in->domain));
	return t;
}

static bool is_noted(const struct verdict *v, const char *check)
{
	for (unsigned i = 0; i < v->shadow_count; i++)
		if (strcmp(v->shadow[i].check, check) == 0)
			return true;
	return false;
}

/* What RCPT left to do stays, whatever the end comes to. */
static enum action at_least_carried(
	const struct rules_input *in, enum action action)
{
	enum action carried =
		in->carried == NULL ? ACTION_NONE : in->carried->action;

	return action > carried ? action : carried;
}

/* Of each check in shadow: would the action be another one with it? */
static void note_shadows(const struct rules_input *in,
	const struct rulings *rulings, enum action enforced,
	struct verdict *out)
{
	enum action without = at_least_carried(in, enforced);

	for (size_t i = 0; i < rulings->count; i++) {
		const char *check = in->findings->item[i].check;
		enum action with;

		if (!rulings->item[i].is_shadow || is_noted(out, check) ||
			out->shadow_count == VERDICT_SHADOW_MAX)
			continue;
		with = at_least_carried(in, add_up(in, rulings, check).action);
		if (with != without)
			out->shadow[out->shadow_count++] =
				(struct verdict_shadow){ check, with };
	}
}

static void gather(const struct rules_input *in, struct balance *enforced,
	struct balance *all, struct verdict *out)
{
	const struct ruling_scope scope = {
		.conf = in->conf, .domain = in->domain, .advisory = in->advisory
	};
	struct rulings rulings = { .count = in->findings->count };

	*all = start(in, false);
	for (size_t i = 0; i < rulings.count; i++) {
		const struct finding *f = &in->findings->item[i];

		rulings.item[i] = ruling_of(&scope, f);
		if (ruling_is_of_lists(f) && f->outcome == OUTCOME_UNKNOWN)
			out->unchecked = true;
		balance_add(all, &rulings.item[i].rule, f);
	}
	balance_close(all, conf_policy_for(in->conf, in->domain));
	*enforced = add_up(in, &rulings, NULL);
	note_shadows(in, &rulings, enforced->action, out);
}

static void settle(const struct rules_input *in, const struct balance *enforced,
	const struct balance *all, struct verdict *out)
{
	const struct balance *told = all;

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
	out->is_of_rule = told->cause != NULL && told->cause != told->scored &&
		!ruling_is_of_lists(told->cause);
	out->domain = authcode_domain(out->code, told->cause, in->auth);
	out->score = told->score;
	out->enforced_score = enforced->score;
	out->wants_greylist = all->wants_greylist;
	out->enforced_greylist = enforced->wants_greylist;
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
	out->is_of_rule = false;
	out->action = ACTION_ACCEPT;
	out->would_be = ACTION_ACCEPT;
	out->code = CODE_NONE;
	out->score = 0;
	out->enforced_score = 0;
	out->wants_greylist = false;
	out->enforced_greylist = false;
	out->shadow_count = 0;
	out->mode = "enforce";
}

static bool has_broken(const struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (is_broken(&f->item[i]))
			return true;
	return false;
}

/* Both of one check: the more severe one stays. */
static void carry_shadow(
	struct verdict *carried, const struct verdict_shadow *shadow)
{
	for (unsigned i = 0; i < carried->shadow_count; i++) {
		struct verdict_shadow *own = &carried->shadow[i];

		if (strcmp(own->check, shadow->check) != 0)
			continue;
		if (shadow->action > own->action)
			own->action = shadow->action;
		return;
	}
	if (carried->shadow_count < VERDICT_SHADOW_MAX)
		carried->shadow[carried->shadow_count++] = *shadow;
}

/* What RCPT came to is never taken back. */
static void add_carried(const struct rules_input *in, struct verdict *out)
{
	const struct verdict own = *out;

	*out = *in->carried;
	if (own.action > out->action || own.would_be > out->would_be)
		rules_carry(out, &own);
	if (!has_broken(in->findings) && !own.is_exempt) {
		out->score = own.score;
		out->enforced_score = own.enforced_score;
	}
	for (unsigned i = 0; i < own.shadow_count; i++)
		carry_shadow(out, &own.shadow[i]);
}

void rules_decide(const struct rules_input *in, struct verdict *out)
{
	struct balance enforced, all;

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
	if (in->carried != NULL && in->carried->action != ACTION_NONE)
		add_carried(in, out);
	out->policy = in->domain == NULL ? 0 : in->domain->number;
	out->is_monitored = is_monitored(in);
}

void rules_defer(enum rules_stage stage, struct verdict *v)
{
	v->action = ACTION_TEMPFAIL;
	v->would_be = ACTION_TEMPFAIL;
	v->code = stage == RULES_RCPT ? CODE_DEFERRED_CORRESPONDENT
				      : CODE_DEFERRED_CORRESPONDENT_END;
	v->domain = slice_of("");
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
	carried->wants_greylist = before.wants_greylist || rcpt->wants_greylist;
	carried->enforced_greylist =
		before.enforced_greylist || rcpt->enforced_greylist;
	for (unsigned i = 0; i < before.shadow_count; i++)
		carry_shadow(carried, &before.shadow[i]);
	for (unsigned i = 0; i < rcpt->shadow_count; i++)
		carry_shadow(carried, &rcpt->shadow[i]);
}

/* Would the end of the message treat them alike? */
static bool is_alike(const struct verdict *a, const struct verdict *b)
{
	if (a->is_monitored && b->is_monitored)
		return true;
	return a->action == b->action && a->policy == b->policy;
}

bool rules_mix(const struct verdict *first, const struct verdict *next,
	struct verdict *out)
{
	if (first->action == ACTION_NONE || action_is_refusal(next->action) ||
		is_alike(first, next))
		return false;
	*out = *next;
	out->action = ACTION_TEMPFAIL;
	out->would_be = ACTION_TEMPFAIL;
	out->code = CODE_MIXED_POLICY;
	out->mode = "enforce";
	return true;
}
