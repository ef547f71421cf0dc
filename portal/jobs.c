/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/jobs.h"

#include "base/arena.h"
#include "base/log.h"
#include "conf/conf.h"
#include "portal/letter.h"
#include "portal/meters.h"
#include "portal/visit.h"
#include "store/tagged.h"
#include "web/mailer.h"
#include "web/view.h"

static const struct job_kind *const tables[] = { jobs_delist, jobs_support,
	jobs_fbl, jobs_report, jobs_dmarc };

job_function *job_find(struct slice kind)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct job_kind *k = tables[t]; k->kind != NULL; k++)
			if (slice_is_equal(kind, slice_of(k->kind)))
				return k->run;
	return NULL;
}

enum language job_language(const struct job *j, struct slice tag)
{
	enum language out = LANGUAGE_EN;

	if (!language_parse(tag, &out) &&
		!language_parse(slice_of(j->site->conf->portal.language), &out))
		out = LANGUAGE_EN;
	return out;
}

struct view *job_view(const struct job *j, enum language language)
{
	const struct conf *conf = j->site->conf;
	struct view *view = view_new(j->arena);

	view_text(view, "site_name",
		conf->portal.name[0] != '\0' ? conf->portal.name : conf->host);
	view_text(view, "host", conf->host);
	view_text(view, "portal_url", conf->portal_url);
	view_format(view, "postmaster", "postmaster@%s", conf->host);
	view_format(view, "abuse", "abuse@%s", conf->host);
	view_text(view, "lang", language_tag(language));
	view_format(view, "lang_query", "?lang=%s", language_tag(language));
	return view;
}

void job_time(const struct job *j, enum language language, struct view *view,
	const char *name, int64_t wall_ms)
{
	struct visit v = { .site = *j->site, .language = language };

	visit_time(&v, view, name, "time_iso", wall_ms);
}

void job_span(const struct job *j, enum language language, struct view *view,
	const char *name, int64_t seconds)
{
	struct visit v = { .site = *j->site, .language = language };

	visit_span(&v, view, name, seconds);
}

void job_ip(struct view *view, const char *name, const struct ipaddr *ip)
{
	char text[IPADDR_TEXT_MAX];

	view_text(view, name, ipaddr_format(ip, text));
}

/* ---- one letter ---- */

static enum result find_sender(
	const struct job *j, const struct job_letter *l, char out[TAGGED_MAX])
{
	out[0] = '\0';
	if (l->bounce_id.len == 0)
		return RES_OK;
	return tagged_format(j->site->secret, TAGGED_BOUNCE, l->bounce_id,
		letter_host(j->site->conf), out);
}

static enum meters_outcome outcome_of(enum result res)
{
	if (res == RES_OK)
		return METERS_SENT;
	return res == RES_DENIED || res == RES_SYNTAX || res == RES_TOOBIG
		? METERS_FAILED
		: METERS_LATER;
}

/* No address of a person: what it is about can be found by the id. */
void job_note(const struct job *j, enum result res, const struct buf *why)
{
	struct logline line;

	meters_letter(context_meters(j->site->context), j->job->kind,
		outcome_of(res));
	log_start(&line, res == RES_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
		"letter");
	log_slice(&line, "kind", j->job->kind);
	log_slice(&line, "id", j->job->id);
	log_text(&line, "result", result_name(res));
	log_number(&line, "tries", (int64_t)j->job->tries + 1);
	if (why->len > 0)
		log_slice(&line, "message", buf_slice(why));
	log_send(&line);
}

enum result job_send(const struct job *j, const struct job_letter *l)
{
	const char *to = arena_text(j->arena, l->to);
	char sender[TAGGED_MAX];
	struct letter_parts parts = {
		.template = l->template,
		.language = l->language,
		.view = l->view,
		.to = to,
		.reply_to = l->reply_to,
		.id = l->message_id,
		.now_ms = j->now_ms,
	};
	struct mailer_letter letter = { .sender = sender, .rcpt = to };
	struct buf text;
	struct buf why;
	enum result res = to == NULL ? RES_NOMEM : find_sender(j, l, sender);

	buf_init(&text, LETTER_MAX);
	buf_init(&why, MAILER_WHY_MAX);
	if (res == RES_OK)
		res = letter_write(j->site, &parts, &text);
	if (res == RES_OK) {
		letter.text = buf_slice(&text);
		res = mailer_send(j->site->conf, &letter, &why);
	}
	job_note(j, res, &why);
	buf_clear(&text);
	buf_clear(&why);
	return res;
}
