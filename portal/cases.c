/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/cases.h"

#include "portal/dossier.h"
#include "portal/exhibits.h"
#include "portal/guard.h"
#include "portal/outlook.h"
#include "portal/pages.h"
#include "portal/remedies.h"

/* ---- what became of the mail ---- */

static bool is_on_trial(const struct casefile *f)
{
	return casefile_is(f, CASEFILE_MODE, "monitor") ||
		casefile_is(f, CASEFILE_MODE, "shadow");
}

static void show_outcome(struct visit *v, const struct casefile *f)
{
	const char *title = "Why your mail was refused";
	const char *words = "This mail server did not take the message. The "
			    "sending server has told its user so.";

	if (is_on_trial(f)) {
		title = "What we saw of your mail";
		words = "Nothing was refused: this rule is on trial here, and "
			"the mail went on. With the rule in force it would "
			"have been treated as this page says.";
	} else if (casefile_is(f, CASEFILE_ACTION, "tempfail")) {
		title = "Why your mail has to wait";
		words = "This mail server asked the sending server to try "
			"again later. Nothing is lost: it tries again by "
			"itself.";
	} else if (casefile_is(f, CASEFILE_ACTION, "quarantine")) {
		title = "Why your mail was held back";
		words = "This mail server took the message and holds it back "
			"until a person has looked at it.";
	} else if (casefile_is(f, CASEFILE_ACTION, "mark")) {
		title = "What we saw of your mail";
		words = "The message was delivered, with a mark that says what "
			"was seen.";
	}
	view_say(v->view, "title", title);
	view_say(v->view, "outcome", words);
}

static void show_times(struct visit *v, const struct casefile *f)
{
	uint64_t count;

	visit_time(v, v->view, "first", "first_iso",
		casefile_time(f, CASEFILE_FIRST_SEEN));
	visit_time(v, v->view, "last", "last_iso",
		casefile_time(f, CASEFILE_LAST_SEEN));
	if (slice_parse_u64(f->text[CASEFILE_COUNT], 2, INT64_MAX, &count) ==
		RES_OK)
		view_number(v->view, "count", (int64_t)count);
}

/* ---- which rule ---- */

static void show_code(struct visit *v, const struct dossier *d)
{
	const struct code_row *row = code_row(d->code);

	view_text(v->view, "ref", d->ref);
	view_slice(v->view, "reply", d->file.text[CASEFILE_REPLY]);
	if (row == NULL)
		return;
	view_text(v->view, "code", row->name);
	view_text(v->view, "smtp", row->smtp);
	view_text(v->view, "xcode", row->xcode);
	view_say(v->view, "cause", row->cause);
	if (remedy_help(d->code) != NULL)
		view_text(v->view, "help", remedy_help(d->code));
}

/* Sums are repaired part by part. */
static bool is_sum(enum code c)
{
	static const enum code sums[] = { CODE_NONE, CODE_SCORE_ENVELOPE,
		CODE_SCORE_LATER, CODE_SCORE_END, CODE_SCORE_LATER_END,
		CODE_AUTH_SEVERAL, CODE_DMARC_SEVERAL, CODE_GREYLIST_FIRST,
		CODE_DEFERRED_CORRESPONDENT, CODE_DEFERRED_CORRESPONDENT_END };

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		if (sums[i] == c)
			return true;
	return false;
}

static void show_evidence(struct visit *v, const struct dossier *d)
{
	const struct casefile *f = &d->file;
	const struct ipaddr *ip = d->has_ip ? &d->ip : NULL;
	struct exhibit_codes own = { .count = 0 };
	struct exhibit_codes parts = { .count = 0 };
	struct remedy_needs needs = { .code = own.code, .row = parts.row };

	exhibits_facts(v->view, ip, f->auth);
	exhibits_show(v->view, ip, f->text[CASEFILE_HELO], f->auth);
	exhibits_findings(v->view, f->text[CASEFILE_FINDINGS], &parts);
	view_slice(v->view, "score", f->text[CASEFILE_SCORE]);
	exhibits_code(&own, d->code);
	for (size_t i = 0; is_sum(d->code) && i < parts.count; i++)
		exhibits_code(&own, parts.code[i]);
	needs.code_count = own.count;
	if (is_sum(d->code))
		needs.row_count = parts.row_count;
	remedies_show(v->view, &needs);
}

/* ---- the list ---- */

static bool is_of_list(enum code c)
{
	return c == CODE_BLOCKED_SELF || c == CODE_BLOCKED_POLICY ||
		c == CODE_BLOCKED_REVIEW || c == CODE_BLOCKED_FEED ||
		c == CODE_BLOCKED_LATER;
}

static void show_list(struct visit *v, const struct dossier *d)
{
	const struct casefile *f = &d->file;
	const char *words = outlook_class(f->text[CASEFILE_CLASS]);

	view_flag(v->view, "was_listed", is_of_list(d->code));
	view_slice(v->view, "reason",
		is_of_list(d->code) ? f->text[CASEFILE_REASON] : slice_of(""));
	if (words != NULL)
		view_say(v->view, "old_class", words);
	visit_time(v, v->view, "old_ends", "old_ends_iso",
		casefile_time(f, CASEFILE_UNTIL));
	view_flag(v->view, "has_address", d->has_ip);
	outlook_show(v, v->view, d->is_asked ? &d->petition : NULL);
	/* Not listed then, not listed now: there is no more to say. */
	view_flag(v->view, "is_settled",
		!is_of_list(d->code) && d->is_asked &&
			d->petition.grant.reason == GRANT_NOT_LISTED);
}

void cases_page(struct visit *v, const struct dossier *d)
{
	show_outcome(v, &d->file);
	show_times(v, &d->file);
	show_code(v, d);
	show_evidence(v, d);
	show_list(v, d);
	guard_form(v, "/r/");
	visit_page(v, visit_has_faults(v) ? STATUS_UNPROCESSABLE : STATUS_OK,
		"case");
}

void page_case(struct visit *v)
{
	struct dossier d;

	if (dossier_open(v, v->rest, &d))
		cases_page(v, &d);
}
