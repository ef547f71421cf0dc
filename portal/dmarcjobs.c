/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the worker does for reports about single failures of DMARC (RFC 9991):
 * a row for dmarc-failure, of which store/failure keeps the texts.
 */
#include "portal/jobs.h"

#include "auth/dmarcdest.h"
#include "base/arena.h"
#include "base/log.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "judge/services.h"
#include "portal/letter.h"
#include "portal/mailtext.h"
#include "portal/meters.h"
#include "store/failure.h"
#include "web/mailer.h"

#include <string.h>

enum { TEXT_MAX = 64 * 1024, FROM_MAX = 320, TARGETS_MAX = DMARCURI_MAX };

/* Whom to, at most a few. */
struct targets {
	struct dmarcuri to[TARGETS_MAX];
	size_t count;
	bool is_unsure; /* DNS could not tell of one */
};

static void add_targets(struct targets *t, struct dmarcdest *dest,
	struct slice domain, const struct dmarcuri *uri)
{
	struct dmarcuri to[DMARCURI_MAX];
	size_t count;

	if (dmarcdest_ask(dest, domain, DMARCDEST_RUF, uri, to, &count) ==
		DMARCDEST_UNKNOWN)
		t->is_unsure = true;
	for (size_t i = 0; i < count && t->count < TARGETS_MAX; i++)
		t->to[t->count++] = to[i];
}

static enum result find_targets(
	const struct job *j, const struct failure *f, struct targets *out)
{
	const struct services *s = context_services(j->site->context);
	const struct conf *conf = j->site->conf;
	struct dmarcuri uri[DMARCURI_MAX];
	struct dmarcdest *dest;
	size_t ignored, count = dmarcuri_parse(f->ruf, uri, &ignored);

	*out = (struct targets){ .count = 0 };
	if (s == NULL || s->resolver == NULL)
		return RES_DOWN;
	dest = dmarcdest_new(resolver_source(s->resolver), conf, j->site->clock,
		strcmp(conf->auth.dmarc_mode, "psl") == 0 ? s->psl : NULL);
	if (dest == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < count; i++)
		add_targets(out, dest, f->domain, &uri[i]);
	dmarcdest_free(dest);
	return RES_OK;
}

/* ---- the letter ---- */

static void add_head(const struct job *j, const struct failure *f,
	const char *to, struct buf *out)
{
	const struct conf *conf = j->site->conf;
	char date[MAILTEXT_DATE_MAX];
	struct buf room;

	buf_init(&room, FROM_MAX);
	if (conf->dmarc.email[0] != '\0')
		buf_add_text(&room, conf->dmarc.email);
	else if (conf->portal.from[0] != '\0')
		buf_add_text(&room, conf->portal.from);
	else
		buf_add_format(&room, "postmaster@%s", conf->host);
	mailtext_mailbox(out, "From",
		slice_of(conf->dmarc.org_name[0] != '\0' ? conf->dmarc.org_name
							 : conf->host),
		buf_text(&room));
	buf_clear(&room);
	mailtext_mailbox(out, "To", slice_of(""), to);
	buf_add_format(out, "Subject: FW: DMARC failure of %.*s\n",
		SLICE_ARG(f->domain));
	buf_add_format(out, "Date: %s\n", mailtext_date(j->now_ms, date));
	buf_add_format(out,
		"Message-ID: <dmarc-failure.%.*s@%s>\n"
		"Auto-Submitted: auto-generated\n"
		"MIME-Version: 1.0\n"
		"Content-Type: multipart/report; "
		"report-type=feedback-report;\n"
		" boundary=\"=_%.*s\"\n"
		"\n",
		SLICE_ARG(j->job->id), letter_host(conf),
		SLICE_ARG(j->job->id));
}

static void add_part(const struct job *j, const char *type, struct slice text,
	struct buf *out)
{
	buf_add_format(out, "--=_%.*s\nContent-Type: %s\n\n",
		SLICE_ARG(j->job->id), type);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '\r')
			buf_add_char(out, text.at[i]);
	buf_add_char(out, '\n');
}

static void add_words(
	const struct job *j, const struct failure *f, struct buf *out)
{
	struct buf words;

	buf_init(&words, 1024);
	buf_add_format(&words,
		"A message with an author at\n"
		"%.*s\n"
		"or below has failed DMARC here. You get this because ruf= of "
		"its\n"
		"record asks for it (RFC 9991). Nobody reads answers.\n",
		SLICE_ARG(f->domain));
	add_part(j, "text/plain; charset=us-ascii", buf_slice(&words), out);
	buf_clear(&words);
}

static enum result write_letter(const struct job *j, const struct failure *f,
	const char *to, struct buf *out)
{
	add_head(j, f, to, out);
	add_words(j, f, out);
	add_part(j, "message/feedback-report", f->fields, out);
	add_part(j, "text/rfc822-headers", f->header, out);
	buf_add_format(out, "--=_%.*s--\n", SLICE_ARG(j->job->id));
	return buf_result(out);
}

/* ---- sending ---- */

static bool is_final(enum result res)
{
	return res == RES_OK || res == RES_DENIED || res == RES_SYNTAX;
}

static enum meters_outcome outcome_of(enum result res)
{
	if (res == RES_OK)
		return METERS_SENT;
	return is_final(res) ? METERS_FAILED : METERS_LATER;
}

static void note(const struct job *j, const struct failure *f, enum result res)
{
	struct logline line;

	meters_letter(context_meters(j->site->context), j->job->kind,
		outcome_of(res));
	log_start(&line, res == RES_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
		"dmarc-failure");
	log_slice(&line, "id", j->job->id);
	log_slice(&line, "domain", f->domain);
	log_text(&line, "result", result_name(res));
	log_send(&line);
}

static enum result post(
	const struct job *j, const struct failure *f, const char *to)
{
	struct mailer_letter letter = { .sender = "", .rcpt = to };
	struct buf text, why;
	enum result res;

	buf_init(&text, TEXT_MAX);
	buf_init(&why, MAILER_WHY_MAX);
	res = write_letter(j, f, to, &text);
	if (res == RES_OK) {
		letter.text = buf_slice(&text);
		res = mailer_send(j->site->conf, &letter, &why);
	}
	note(j, f, res);
	buf_clear(&text);
	buf_clear(&why);
	return res;
}

/* Whom the MTA will not have is done with, too. */
static enum result send_one(
	const struct job *j, const struct failure *f, const char *to)
{
	const struct conf *conf = j->site->conf;
	bool has_gone = false;
	enum result res =
		failure_has_gone(j->redis, conf, j->job->id, to, &has_gone);

	if (res != RES_OK || has_gone)
		return res;
	res = post(j, f, to);
	if (is_final(res))
		return failure_gone(j->redis, conf, j->job->id, to);
	return res;
}

static enum result dmarc_failure(struct job *j)
{
	struct failure f;
	struct targets t;
	enum result res, worst = RES_OK;

	res = failure_read(j->redis, j->site->conf, j->job->id, j->arena, &f);
	if (res == RES_OK)
		res = find_targets(j, &f, &t);
	if (res != RES_OK)
		return res;
	for (size_t i = 0; i < t.count; i++) {
		res = send_one(j, &f, t.to[i].mailbox);
		if (res != RES_OK)
			worst = res;
	}
	if (worst == RES_OK && t.is_unsure)
		worst = RES_DOWN;
	if (worst == RES_OK)
		worst = failure_forget(j->redis, j->site->conf, j->job->id);
	return worst;
}

const struct job_kind jobs_dmarc[] = {
	{ "dmarc-failure", dmarc_failure },
	{ NULL, NULL },
};
