/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confdomain.h"

#include "conf/confdefault.h"
#include "conf/confload.h"
#include "conf/confvalue.h"

#include <stdlib.h>
#include <string.h>

enum { WHY_MAX = 512, NAME_MAX_LEN = 64 };

/* One of them at work. */
struct reading {
	struct confload *load;
	struct conf *conf;
	struct conf_domain *domain;
};

static void wrong(const struct reading *r, const char *option, const char *text)
{
	confload_note(r->load, CONF_ERROR,
		confload_titled_place(
			r->load, "domain", r->domain->name, option),
		"%s: %s", option, text);
}

static void wrong_word(const struct reading *r, const char *option,
	struct slice word, const char *text)
{
	struct buf why;

	buf_init(&why, WHY_MAX);
	(void)confvalue_wrong(&why, text, word);
	wrong(r, option, buf_text(&why));
	buf_clear(&why);
}

/* ---- a check of its own ---- */

static struct conf_check *find_own(struct conf_domain *d, const char *name)
{
	for (size_t i = 0; i < d->check_count; i++)
		if (strcmp(d->checks[i].name, name) == 0)
			return &d->checks[i];
	return NULL;
}

/* Its copy, which begins as that of the file is. *out NULL: there is no such
 * check, and that was noted. */
static enum result own_check(const struct reading *r, const char *option,
	struct slice name, struct conf_check **out)
{
	struct conf_domain *d = r->domain;
	struct conf_check *more;
	char text[NAME_MAX_LEN];

	*out = NULL;
	if (name.len < sizeof(text)) {
		memcpy(text, name.at, name.len);
		text[name.len] = '\0';
	}
	if (name.len >= sizeof(text) || !confdefault_has_check(text)) {
		wrong_word(r, option, name, "is no check of this version");
		return RES_OK;
	}
	*out = find_own(d, text);
	if (*out != NULL)
		return RES_OK;
	more = realloc(d->checks, (d->check_count + 1) * sizeof(*more));
	if (more == NULL)
		return RES_NOMEM;
	d->checks = more;
	*out = &d->checks[d->check_count++];
	**out = *conf_check_find(r->conf, text); /* the name is borrowed */
	return RES_OK;
}

/* ---- rules ---- */

/* The rule that the word of this check names, or NULL. */
static struct conf_rule *rule_of(struct conf_check *check, struct slice word)
{
	const struct {
		const char *name;
		struct conf_rule *rule;
	} plain[] = { { "hit", &check->hit }, { "miss", &check->miss },
		{ "unknown", &check->unknown } };

	for (unsigned i = 0; i < CONF_RESULT_COUNT; i++)
		if (slice_is_equal(word, slice_of(conf_result_name(i))))
			return confdefault_has_result(check->name, i)
				? &check->result[i]
				: NULL;
	if (confdefault_has_results(check->name))
		return NULL;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (slice_is_equal(word, slice_of(plain[i].name)))
			return plain[i].rule;
	return NULL;
}

/* What cannot be told must not refuse everybody. */
static bool is_unsure(struct slice word)
{
	return slice_is_equal(word, slice_of("unknown")) ||
		slice_has_prefix(word, slice_of("temperror"));
}

static void set_rule(const struct reading *r, struct conf_check *check,
	struct slice word, struct slice value)
{
	struct conf_rule *rule = rule_of(check, word);
	struct buf why;

	buf_init(&why, WHY_MAX);
	if (rule == NULL) {
		(void)confvalue_wrong(&why, "is no result of check", word);
		buf_add_format(&why, " \"%s\"", check->name);
	} else if (confvalue_rule(rule, value, &why) == RES_OK &&
		rule->action == CONF_ACTION_REJECT && is_unsure(word)) {
		(void)confvalue_wrong(&why,
			"with \"reject\" would refuse everybody while a "
			"service is down; use tempfail",
			word);
	}
	if (why.len > 0)
		wrong(r, "rules", buf_text(&why));
	buf_clear(&why);
}

/* "spf fail = score 2" */
static enum result read_rule(const struct reading *r, struct slice line)
{
	size_t is = slice_find(line, '=');
	struct slice left = slice_trim(slice_part(line, 0, is));
	size_t blank = slice_find(left, ' ');
	struct slice word = slice_trim(slice_part(left, blank, left.len));
	struct conf_check *check;
	enum result res;

	if (is == line.len || slice_is_empty(word)) {
		wrong_word(
			r, "rules", line, "is not like \"spf fail = score 2\"");
		return RES_OK;
	}
	res = own_check(r, "rules", slice_part(left, 0, blank), &check);
	if (res == RES_OK && check != NULL)
		set_rule(r, check, word,
			slice_trim(slice_part(line, is + 1, line.len)));
	return res;
}

static enum result read_words(const struct reading *r)
{
	struct conf_domain *d = r->domain;
	enum result res = RES_OK;

	for (size_t i = 0; res == RES_OK && i < d->rule_count; i++)
		res = read_rule(r, slice_of(d->rules[i]));
	for (size_t i = 0; res == RES_OK && i < d->shadow_count; i++) {
		struct conf_check *check;

		res = own_check(r, "shadow", slice_of(d->shadow[i]), &check);
		if (res == RES_OK && check != NULL)
			check->shadow = true;
	}
	return res;
}

/* ---- thresholds ---- */

static double said_or(double own, double general)
{
	return own < 0 ? general : own;
}

static void fill_policy(const struct reading *r)
{
	const struct conf_policy *general = &r->conf->policy;
	struct conf_domain *d = r->domain;
	struct conf_policy *p = &d->policy;

	*p = *general;
	p->mark_at = said_or(d->mark_at, general->mark_at);
	p->greylist_at = said_or(d->greylist_at, general->greylist_at);
	p->quarantine_at = said_or(d->quarantine_at, general->quarantine_at);
	p->reject_at = said_or(d->reject_at, general->reject_at);
	if (p->reject_at <= 0)
		wrong(r, "reject_at",
			"a reject_at of 0 would refuse every message");
}

/* ---- numbers of policies ---- */

static bool is_rule_equal(const struct conf_rule *a, const struct conf_rule *b)
{
	return a->action == b->action && a->score == b->score;
}

static bool is_check_equal(
	const struct conf_check *a, const struct conf_check *b)
{
	if (a->shadow != b->shadow || !is_rule_equal(&a->hit, &b->hit) ||
		!is_rule_equal(&a->miss, &b->miss) ||
		!is_rule_equal(&a->unknown, &b->unknown))
		return false;
	for (unsigned i = 0; i < CONF_RESULT_COUNT; i++)
		if (!is_rule_equal(&a->result[i], &b->result[i]))
			return false;
	return true;
}

/* Are the checks that a says something of the same ones at b? */
static bool has_checks_of(const struct conf *c, const struct conf_domain *a,
	const struct conf_domain *b)
{
	for (size_t i = 0; a != NULL && i < a->check_count; i++)
		if (!is_check_equal(&a->checks[i],
			    conf_check_for(c, b, a->checks[i].name)))
			return false;
	return true;
}

static bool is_policy_equal(
	const struct conf_policy *a, const struct conf_policy *b)
{
	return a->mark_at == b->mark_at && a->greylist_at == b->greylist_at &&
		a->quarantine_at == b->quarantine_at &&
		a->reject_at == b->reject_at;
}

static enum conf_mode mode_of(const struct conf *c, const struct conf_domain *d)
{
	if (c->mode == CONF_MONITOR || d == NULL || !d->has_mode)
		return c->mode;
	return d->mode;
}

static bool is_alike(const struct conf *c, const struct conf_domain *a,
	const struct conf_domain *b)
{
	return mode_of(c, a) == mode_of(c, b) &&
		is_policy_equal(conf_policy_for(c, a), conf_policy_for(c, b)) &&
		has_checks_of(c, a, b) && has_checks_of(c, b, a);
}

/* The first domain of each number stands for it; 0 is the file itself. */
static enum result number(struct conf *c)
{
	const struct conf_domain **first =
		calloc(c->domain_count + 1, sizeof(struct conf_domain *));
	unsigned count = 1;

	if (first == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < c->domain_count; i++) {
		struct conf_domain *d = &c->domains[i];

		for (d->number = 0; d->number < count; d->number++)
			if (is_alike(c, d, first[d->number]))
				break;
		if (d->number == count)
			first[count++] = d;
	}
	free(first);
	return RES_OK;
}

enum result confdomain_finish(struct confload *l, struct conf *c)
{
	enum result res = RES_OK;

	for (size_t i = 0; res == RES_OK && i < c->domain_count; i++) {
		const struct reading r = { l, c, &c->domains[i] };

		fill_policy(&r);
		res = read_words(&r);
	}
	return res == RES_OK ? number(c) : res;
}

bool confdomain_has_words(const struct conf_domain *d)
{
	return d->has_mode || d->mark_at >= 0 || d->greylist_at >= 0 ||
		d->quarantine_at >= 0 || d->reject_at >= 0 ||
		d->rule_count > 0 || d->shadow_count > 0;
}

void confdomain_clear(struct conf_domain *d)
{
	free(d->checks);
	d->checks = NULL;
	d->check_count = 0;
}
