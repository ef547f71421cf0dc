/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the worker does for reports of abuse: hands an upload of the form to
 * reprieve-intake, and thanks for a report that came by mail.
 */
#include "portal/jobs.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/program.h"
#include "conf/conf.h"
#include "net/hostname.h"
#include "portal/letter.h"
#include "portal/meters.h"
#include "store/report.h"
#include "store/upload.h"
#include "web/view.h"

#include <stdio.h>
#include <sysexits.h>

enum {
	INTAKE_MS = 40000, /* it has deadlines of its own; this is past them */
	HEARD_MAX = 256,
	MESSAGE_ID_MAX = 96,
	READ_MEMORY_MAX = 8 * 1024 * 1024
};

static const char own_intake[] = PKGLIBEXECDIR "/reprieve-intake";

/* ---- report-upload ---- */

static enum meters_outcome outcome_of(enum result res)
{
	if (res == RES_OK)
		return METERS_SENT;
	return res == RES_DOWN ? METERS_LATER : METERS_FAILED;
}

static void note(
	const struct job *j, enum result res, int code, const struct buf *heard)
{
	struct logline line;

	meters_upload(context_meters(j->site->context), outcome_of(res));
	log_start(&line, res == RES_OK ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
		"upload");
	log_slice(&line, "id", j->job->id);
	log_text(&line, "result", result_name(res));
	log_number(&line, "exit", code);
	log_number(&line, "tries", (int64_t)j->job->tries + 1);
	if (res != RES_OK && heard->len > 0)
		log_slice(&line, "message", buf_slice(heard));
	log_send(&line);
}

/* What its end means. What was killed, or cannot be run now, is tried again:
 * a second run of the same ID does nothing twice. */
static enum result judge_end(enum result res, int code)
{
	if (res != RES_OK)
		return RES_DOWN;
	if (code == EX_OK)
		return RES_OK;
	return code == EX_TEMPFAIL ? RES_DOWN : RES_DENIED;
}

/* mail is a reply of j->redis: nobody may ask it anything meanwhile. */
static enum result hand_on(const struct job *j, struct slice mail)
{
	const struct conf *conf = j->site->conf;
	const char *path = conf->reports.intake[0] != '\0'
		? conf->reports.intake
		: own_intake;
	const char *id = arena_text(j->arena, j->job->id);
	char rcpt[MAILQ_WORD_MAX + 1 + HOSTNAME_MAX];
	const char *const argv[] = { path, "-c", conf->path, "-u", id, "-r",
		rcpt, NULL };
	const struct program program = { argv, mail, INTAKE_MS };
	struct buf heard;
	int code = -1;
	enum result res;

	if (id == NULL)
		return RES_NOMEM;
	snprintf(rcpt, sizeof(rcpt), "%.*s@%s",
		SLICE_ARG(slice_part(j->job->more, 0, MAILQ_WORD_MAX)),
		letter_host(conf));
	buf_init(&heard, HEARD_MAX);
	res = program_run(&program, &code, &heard);
	res = judge_end(res, code);
	note(j, res, code, &heard);
	buf_clear(&heard);
	return res;
}

/* The upload is not there: done before, by a worker that died behind it, or
 * lost, and then somebody should know. */
static enum result look_for(const struct job *j)
{
	struct arena *a = arena_new(READ_MEMORY_MAX);
	struct report p;
	enum result res = a == NULL ? RES_NOMEM
				    : report_read(j->redis, j->site->conf,
					      j->job->id, false, a, &p);

	arena_free(a);
	if (res == RES_MISSING)
		log_message(LOG_LEVEL_ERROR, "upload", "%.*s is lost",
			SLICE_ARG(j->job->id));
	return res == RES_OK ? RES_MISSING : res;
}

static enum result report_upload(struct job *j)
{
	const struct slice prefix = slice_of(j->site->conf->redis.prefix);
	struct slice mail = { 0 };
	enum result res =
		upload_read(j->redis, prefix, j->job->id, j->now_ms, &mail);
	enum result gone;

	if (res != RES_OK)
		return res == RES_MISSING ? look_for(j) : res;
	res = hand_on(j, mail);
	if (res == RES_DOWN || res == RES_NOMEM)
		return res;
	gone = upload_remove(j->redis, prefix, j->job->id);
	return res == RES_OK ? gone : res;
}

/* ---- report-ack ---- */

/* Whose address it is must be known, or we would write to whom somebody else
 * has named; store/report has seen to that and to the limits, and the rules may
 * have changed since. */
static bool may_write(const struct job *j, const struct report *p)
{
	return j->site->conf->reports.enabled && j->site->conf->reports.ack &&
		p->reporter.len > 0 &&
		(p->proof == REPORT_AUTHENTICATED || p->proof == REPORT_LOCAL);
}

static enum result send_ack(const struct job *j, const struct report *p)
{
	const enum language language = job_language(j, p->language);
	struct view *view = job_view(j, language);
	char id[MESSAGE_ID_MAX];
	const struct job_letter letter = {
		.template = "report-ack",
		.language = language,
		.view = view,
		.to = p->reporter,
		.reply_to = "",
		.message_id = id,
	};

	view_text(view, "id", p->id);
	snprintf(id, sizeof(id), "report-ack.%s", p->id);
	return job_send(j, &letter);
}

static enum result report_ack(struct job *j)
{
	struct arena *a = arena_new(READ_MEMORY_MAX);
	struct report p;
	enum result res = a == NULL ? RES_NOMEM
				    : report_read(j->redis, j->site->conf,
					      j->job->id, false, a, &p);

	if (res == RES_SYNTAX || (res == RES_OK && !may_write(j, &p)))
		res = RES_MISSING;
	else if (res == RES_OK)
		res = send_ack(j, &p);
	arena_free(a);
	return res;
}

const struct job_kind jobs_report[] = {
	{ "report-upload", report_upload },
	{ "report-ack", report_ack },
	{ NULL, NULL },
};
