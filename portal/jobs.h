/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/jobs - what portal/worker does for each kind of job (store/mailq).
 *
 * A kind is a row in one of the tables below, beside the functions that do it.
 * A job may be done twice (a worker died behind the letter and before it could
 * say so): it looks at the state of the thing first, and a letter that is sent
 * twice has one Message-ID. Threads: the worker's.
 */
#pragma once

#include "net/ipaddr.h"
#include "portal/context.h"
#include "store/mailq.h"
#include "web/language.h"

struct arena;
struct redis;
struct view;

struct job {
	const struct context_view *site;
	struct redis *redis;
	struct arena *arena; /* of this job */
	const struct mailq_job *job;
	int64_t now_ms; /* wall, when it was taken */
};

/*
 * RES_OK: done. RES_MISSING: there is nothing left to do, which is done, too.
 * RES_TIMEOUT, RES_DOWN, RES_READONLY, RES_NOMEM, RES_FULL: to be tried again.
 * Any other: given up, with a line in the log.
 */
typedef enum result job_function(struct job *j);

struct job_kind {
	const char *kind;
	job_function *run;
};

/* The last of each has kind NULL. */
extern const struct job_kind jobs_delist[]; /* delistjobs.c */
extern const struct job_kind jobs_support[]; /* supportjobs.c */
extern const struct job_kind jobs_fbl[]; /* fbljobs.c */
extern const struct job_kind jobs_dmarc[]; /* dmarcjobs.c */

/* fblreport.c: one report to one who registered, or asked by a field. */
job_function fblreport_run;

/* fbljobs.c: looks at the record of one registration that is due. RES_OK:
 * there may be more of them. */
enum result fbljobs_look_due(struct job *j) MUST_USE;
extern const struct job_kind jobs_report[]; /* reportjobs.c */

/* NULL: no such kind. */
job_function *job_find(struct slice kind);

/* ---- for the functions ---- */

/* A view with what letters share: site_name, host, portal_url, postmaster,
 * abuse, lang, lang_query ("?lang=es"). NULL: no memory. */
struct view *job_view(const struct job *j, enum language language);
/* A tag as a request keeps it; the site's own for any other. */
enum language job_language(const struct job *j, struct slice tag);
/* "26 November 2026, 18:14 UTC", in the letter's language. */
void job_time(const struct job *j, enum language language, struct view *view,
	const char *name, int64_t wall_ms);
/* "2 days" */
void job_span(const struct job *j, enum language language, struct view *view,
	const char *name, int64_t seconds);
void job_ip(struct view *view, const char *name, const struct ipaddr *ip);

struct job_letter {
	const char *template; /* "letter-confirm" */
	enum language language;
	const struct view *view;
	struct slice to;
	const char *reply_to; /* or "" */
	/* What it is about: store/tagged makes the envelope's sender of it, so
	 * that a letter that comes back is known. Empty: null sender. */
	struct slice bounce_id;
	/* Left part of the Message-ID: the same for the same letter. */
	const char *message_id;
};

/* RES_DENIED: the MTA does not take it, now or ever; others as job_function.
 * Logs and counts what became of it. */
enum result job_send(const struct job *j, const struct job_letter *l) MUST_USE;

/* For who writes a letter himself: the line of the log, and the count. why:
 * what the MTA said last. */
void job_note(const struct job *j, enum result res, const struct buf *why);
