/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/helptables.h"

#include "conf/conf.h"
#include "heur/rate.h"
#include "policy/dictionary.h"
#include "portal/casefile.h"
#include "portal/exhibits.h"
#include "portal/visit.h"

#include <stdio.h>
#include <string.h>

enum { PLAN_DAYS_MAX = 31, RULE_MAX = 32 };

/* ---- sums ---- */

static void set_threshold(struct view *to, const char *name, double at)
{
	if (at > 0)
		view_format(to, name, "%g", at);
}

static void show_thresholds(struct visit *v, struct view *to)
{
	const struct conf *conf = v->site.conf;

	set_threshold(to, "mark_at", conf->policy.mark_at);
	if (conf->greylist.enabled)
		set_threshold(to, "greylist_at", conf->policy.greylist_at);
	set_threshold(to, "quarantine_at", conf->policy.quarantine_at);
	set_threshold(to, "reject_at", conf->policy.reject_at);
	view_flag(to, "is_monitor", conf->mode == CONF_MONITOR);
}

/* ---- greylisting ---- */

static void show_greylist_times(struct visit *v, struct view *to)
{
	const struct conf_greylist *g = &v->site.conf->greylist;

	view_flag(to, "is_greylisting", g->enabled);
	visit_span(v, to, "min", g->min_s);
	visit_span(v, to, "window", g->window_s);
	visit_span(v, to, "keep", g->keep_s);
	view_number(to, "ipv4_bits", g->ipv4_bits);
	view_number(to, "ipv6_bits", g->ipv6_bits);
}

/* ---- rates ---- */

static void add_limit(struct view *to, const char *what, unsigned hour)
{
	struct view *item;

	if (hour == 0)
		return;
	item = view_item(to, "limits");
	view_flag(to, "has_limits", true);
	view_say(item, "what", what);
	view_number(item, "hour", hour);
}

static void show_rate_limits(struct visit *v, struct view *to)
{
	const struct conf_rate *r = &v->site.conf->rate;

	add_limit(to, N_("one IPv4 address, or one IPv6 /64"), r->address_hour);
	add_limit(to, N_("one IPv4 /24, or one IPv6 /48"), r->network_hour);
	add_limit(to, N_("one domain in the envelope sender"), r->domain_hour);
	add_limit(to, N_("one recipient here"), r->recipient_hour);
	view_number(to, "burst", r->burst);
}

static void show_rate_plan(struct visit *v, struct view *to)
{
	const struct conf_rate *r = &v->site.conf->rate;

	if (r->ramp_first == 0)
		return;
	view_flag(to, "has_plan", true);
	for (unsigned day = 1; day <= r->ramp_days && day <= PLAN_DAYS_MAX;
		day++) {
		struct view *item = view_item(to, "plan");

		view_number(item, "day", day);
		view_format(item, "most", "%.0f", rate_ramp(r, day));
	}
	view_number(to, "days", r->ramp_days);
}

/* ---- DNS lists ---- */

/* What is no address of a page is shown, and leads nowhere. */
static bool is_page(const char *text)
{
	return strncmp(text, "https://", 8) == 0 ||
		strncmp(text, "http://", 7) == 0;
}

static void add_zone(struct view *to, const struct conf_zone *z)
{
	struct view *item = view_item(to, "zones");

	view_text(item, "zone", z->name);
	view_say(item, "asks",
		strcmp(z->asks, "domain") == 0 ? N_("domain names")
					       : N_("IP addresses"));
	view_say(item, "is",
		strcmp(z->is, "allow") == 0 ? N_("it vouches for senders")
					    : N_("it names bad senders"));
	view_flag(item, "is_shadow", z->shadow);
	view_text(item, is_page(z->removal) ? "link" : "removal", z->removal);
}

static void show_dns_lists(struct visit *v, struct view *to)
{
	const struct conf *conf = v->site.conf;

	view_flag(to, "has_zones", conf->zone_count > 0);
	for (size_t i = 0; i < conf->zone_count; i++)
		add_zone(to, &conf->zones[i]);
}

/* ---- checks ---- */

/* What they add is that many times what was found. */
static bool is_by_weight(const char *check)
{
	static const char *const names[] = { "dnsbl", "dnswl", "country",
		"reputation", "content" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(check, names[i]) == 0)
			return true;
	return false;
}

static void say_rule(struct view *item, const struct conf_check *check,
	const struct dictionary_row *row)
{
	const struct conf_rule *rule =
		check == NULL ? NULL : conf_check_rule(check, row->word);
	struct casefile_finding f = { .is_shadow =
					      check != NULL && check->shadow };
	char text[RULE_MAX];

	if (rule != NULL && rule->action == CONF_ACTION_SCORE &&
		rule->score != 0 && !f.is_shadow && is_by_weight(row->check)) {
		view_say(item, "adds",
			rule->score > 0 ? N_("by what was found")
					: N_("less, by what was found"));
		return;
	}
	if (rule != NULL && rule->action == CONF_ACTION_SCORE)
		snprintf(text, sizeof(text), "score %.1f", rule->score);
	else
		snprintf(text, sizeof(text), "%s",
			rule == NULL ? "" : conf_action_name(rule->action));
	f.rule = slice_of(text);
	(void)exhibits_adds(item, &f);
}

static void add_words(struct view *to, const struct dictionary_check *about,
	const struct conf_check *check)
{
	const struct dictionary_row *row;

	for (size_t i = 0; (row = dictionary_row(i)) != NULL; i++) {
		struct view *item;

		if (strcmp(row->check, about->name) != 0)
			continue;
		item = view_item(to, "words");
		view_say(item, "seen", row->seen);
		if (row->change != NULL)
			view_say(item, "change", row->change);
		say_rule(item, check, row);
	}
}

static void show_checks(struct visit *v, struct view *to)
{
	const struct dictionary_check *about;

	for (size_t i = 0; (about = dictionary_check(i)) != NULL; i++) {
		struct view *item = view_item(to, "each");

		view_text(item, "name", about->name);
		view_say(item, "check_title", about->title);
		view_say(item, "about", about->about);
		add_words(item, about,
			conf_check_find(v->site.conf, about->name));
	}
}

bool helptables_show(struct visit *v, struct view *to, struct slice name)
{
	static const struct {
		const char *name;
		const char *flag;
		void (*show)(struct visit *v, struct view *to);
	} tables[] = {
		{ "thresholds", "table_thresholds", show_thresholds },
		{ "greylist_times", "table_greylist_times",
			show_greylist_times },
		{ "rate_limits", "table_rate_limits", show_rate_limits },
		{ "rate_plan", "table_rate_plan", show_rate_plan },
		{ "dns_lists", "table_dns_lists", show_dns_lists },
		{ "checks", "table_checks", show_checks },
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (!slice_is_equal(name, slice_of(tables[i].name)))
			continue;
		view_flag(to, tables[i].flag, true);
		tables[i].show(v, to);
		return true;
	}
	return false;
}
