/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the worker does for who registers for feedback: the letters fbl-link,
 * fbl-ready and fbl-lapsed, and the looks at the record in DNS.
 */
#include "portal/jobs.h"

#include "base/arena.h"
#include "base/log.h"
#include "conf/conf.h"
#include "portal/findings.h"
#include "store/fbl.h"
#include "web/view.h"

#include <stdio.h>

enum { MESSAGE_ID_MAX = 96 };

/* One letter about one registration. */
struct affair {
	struct fbl f;
	enum language language;
	struct view *view;
};

static enum result begin(struct job *j, struct affair *a)
{
	char net[CIDR_TEXT_MAX];
	enum result res =
		fbl_read(j->redis, j->site->conf, j->job->id, j->arena, &a->f);

	if (res == RES_SYNTAX)
		res = RES_MISSING;
	if (res != RES_OK)
		return res;
	a->language = job_language(j, a->f.language);
	a->view = job_view(j, a->language);
	view_text(a->view, "subject",
		a->f.subject.is_net ? cidr_format(&a->f.subject.net, net)
				    : a->f.subject.domain);
	return RES_OK;
}

static enum result add_token(const struct job *j, const struct affair *a,
	enum token_purpose purpose, const char *name)
{
	char token[TOKEN_TEXT_MAX];
	enum result res = fbl_grant(j->redis, j->site->conf, j->site->secret,
		purpose, slice_of(a->f.id),
		purpose == TOKEN_FBL_PAGE ? j->job->more : slice_of(""), token);

	if (res == RES_OK)
		view_text(a->view, name, token);
	return res;
}

static enum result add_record(const struct job *j, const struct affair *a)
{
	char record[FBL_RECORD_MAX], text[FBL_TEXT_MAX];
	enum result res = fbl_record_name(&a->f.subject, record);

	if (res == RES_OK)
		res = fbl_record_text(j->site->secret, slice_of(a->f.id), text);
	if (res != RES_OK)
		return res;
	view_text(a->view, "record_name", record);
	view_text(a->view, "record_text", text);
	return RES_OK;
}

static enum result send(
	const struct job *j, const struct affair *a, const char *template)
{
	char id[MESSAGE_ID_MAX];
	enum result res;
	const struct job_letter letter = {
		.template = template,
		.language = a->language,
		.view = a->view,
		.to = a->f.mail,
		.reply_to = "",
		.message_id = id,
	};

	snprintf(id, sizeof(id), "%s.%s%s%.*s", template, a->f.id,
		j->job->more.len > 0 ? "." : "",
		SLICE_ARG(slice_part(j->job->more, 0, 20)));
	res = job_send(j, &letter);
	/* A mailbox that a stranger named: the log has it, and that is all. */
	return res == RES_DENIED || res == RES_SYNTAX ? RES_OK : res;
}

/* ---- letters ---- */

static enum result fbl_link(struct job *j)
{
	struct affair a;
	enum result res = begin(j, &a);

	if (res == RES_OK)
		res = add_token(j, &a, TOKEN_FBL, "token");
	if (res != RES_OK)
		return res;
	view_flag(a.view, "is_new", a.f.state == FBL_NEW);
	job_span(j, a.language, a.view, "life",
		(int64_t)j->site->conf->delist.token_s);
	return send(j, &a, "fbl-link");
}

static enum result fbl_ready(struct job *j)
{
	struct affair a;
	enum result res = begin(j, &a);

	if (res == RES_OK)
		res = add_token(j, &a, TOKEN_FBL_PAGE, "token");
	if (res == RES_OK)
		res = add_token(j, &a, TOKEN_FBL_END, "end_token");
	if (res == RES_OK)
		res = add_record(j, &a);
	if (res != RES_OK)
		return res;
	job_span(j, a.language, a.view, "life",
		(int64_t)j->site->conf->fbl.link_s);
	return send(j, &a, "fbl-ready");
}

static enum result fbl_lapsed(struct job *j)
{
	struct affair a;
	enum result res = begin(j, &a);

	if (res == RES_OK && a.f.state != FBL_LAPSED)
		res = RES_MISSING;
	if (res == RES_OK)
		res = add_token(j, &a, TOKEN_FBL, "token");
	if (res == RES_OK)
		res = add_record(j, &a);
	return res == RES_OK ? send(j, &a, "fbl-lapsed") : res;
}

/* ---- looks ---- */

static enum fbl_seen ask_dns(const struct job *j, const struct fbl *f)
{
	const struct proof_dns dns = findings_dns(j->site);
	char record[FBL_RECORD_MAX], want[FBL_TEXT_MAX];

	if (fbl_record_name(&f->subject, record) != RES_OK ||
		fbl_record_text(j->site->secret, slice_of(f->id), want) !=
			RES_OK)
		return FBL_SEEN_UNKNOWN;
	switch (proof_find_record(
		&dns, slice_of(record), fbl_record_is, want, j->arena)) {
	case PROOF_TXT_FOUND:
		return FBL_SEEN_RECORD;
	case PROOF_TXT_MISSING:
	case PROOF_TXT_NO_NAME:
		return FBL_SEEN_NONE;
	case PROOF_TXT_UNKNOWN:
		break;
	}
	return FBL_SEEN_UNKNOWN;
}

static void note(const struct fbl *f, enum fbl_seen seen, enum result res)
{
	static const char *const words[] = { "unknown", "record", "none" };
	struct logline line;

	log_start(&line, LOG_LEVEL_INFO, "fbl");
	log_text(&line, "id", f->id);
	log_text(&line, "state", fbl_state_name(f->state));
	log_text(&line, "seen", words[seen]);
	log_text(&line, "result", result_name(res));
	log_send(&line);
}

static enum result look(struct job *j, struct slice id)
{
	struct fbl f;
	enum fbl_seen seen = FBL_SEEN_UNKNOWN;
	enum result res = fbl_read(j->redis, j->site->conf, id, j->arena, &f);

	if (res == RES_SYNTAX)
		res = RES_MISSING;
	if (res != RES_OK)
		return res;
	if (!f.is_cfbl)
		seen = ask_dns(j, &f);
	res = fbl_looked(j->redis, j->site->conf, &f, seen, j->now_ms);
	note(&f, seen, res);
	return res;
}

static enum result fbl_look(struct job *j)
{
	return look(j, j->job->id);
}

enum result fbljobs_look_due(struct job *j)
{
	char id[CASE_REF_MAX];
	const enum result res = fbl_due(j->redis, j->site->conf, j->now_ms, id);

	if (res != RES_OK)
		return res;
	return look(j, slice_of(id));
}

const struct job_kind jobs_fbl[] = {
	{ "fbl-link", fbl_link },
	{ "fbl-look", fbl_look },
	{ "fbl-ready", fbl_ready },
	{ "fbl-lapsed", fbl_lapsed },
	{ "fbl-report", fblreport_run },
	{ NULL, NULL },
};
