/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/meters.h"

#include "web/metrics.h"

#include <pthread.h>
#include <stdlib.h>

struct meters {
	struct metrics *metrics;
	int pages;
	int answers;
	int forms;
	int letters[3]; /* by enum meters_outcome */
	int delist;
	int feedback;
	int uploads;
	pthread_mutex_t lock; /* of queue */
	struct meters_queue queue;
};

static const char *const route_names[] = {
	[METERS_NONE] = "none",
	[METERS_START] = "start",
	[METERS_HELP] = "help",
	[METERS_CODE] = "code",
	[METERS_STATIC] = "static",
	[METERS_SECURITY] = "security",
	[METERS_HEALTH] = "health",
	[METERS_CASE] = "case",
	[METERS_RETEST] = "retest",
	[METERS_WHATIF] = "whatif",
	[METERS_DELIST] = "delist",
	[METERS_CONFIRM] = "confirm",
	[METERS_STATUS] = "status",
	[METERS_SUPPORT] = "support",
	[METERS_TICKET] = "ticket",
	[METERS_SPONSOR] = "sponsor",
	[METERS_VOUCH] = "vouch",
	[METERS_FBL] = "fbl",
	[METERS_FBL_LINK] = "fbl-link",
	[METERS_FBL_END] = "fbl-end",
	[METERS_SENDER] = "sender",
	[METERS_REPORT] = "report",
	[METERS_ROUTES] = NULL,
};

static const char *const class_names[] = { "1xx", "2xx", "3xx", "4xx", "5xx",
	NULL };

/* In the order of enum guard_answer. */
static const char *const form_names[] = { "good", "forged", "stale", "quick",
	"machine", "limited", "down", NULL };

/* As store/mailq has them. */
static const char *const kind_names[] = { "confirm", "answer", "review",
	"ticket-link", "ticket-answer", "ticket-admin", "sponsor-link",
	"correspondent", "fbl-link", "fbl-ready", "fbl-lapsed", "fbl-report",
	"report-ack", "dmarc-failure", "other", NULL };

/* In the order of enum meters_outcome. */
static const char *const upload_names[] = { "filed", "later", "failed", NULL };

static const char *const feedback_names[] = { "sent", "held", NULL };

/* As policy/grant has them. */
static const char *const answer_names[] = { "unknown", "given", "exception",
	"wait", "proof", "review", "denied", NULL };

const char *meters_route_name(enum meters_route r)
{
	return r < METERS_ROUTES ? route_names[r] : route_names[METERS_NONE];
}

/* ---- gauges ---- */

static struct meters_queue read_queue(void *ctx)
{
	struct meters *m = ctx;
	struct meters_queue q;

	pthread_mutex_lock(&m->lock);
	q = m->queue;
	pthread_mutex_unlock(&m->lock);
	return q;
}

static double read_up(void *ctx)
{
	return read_queue(ctx).is_redis_up ? 1 : 0;
}

static double read_waiting(void *ctx)
{
	return (double)read_queue(ctx).waiting;
}

static double read_taken(void *ctx)
{
	return (double)read_queue(ctx).taken;
}

static double read_later(void *ctx)
{
	return (double)read_queue(ctx).later;
}

static double read_slow(void *ctx)
{
	return (double)read_queue(ctx).slow;
}

static double read_oldest(void *ctx)
{
	return read_queue(ctx).oldest_s;
}

static const struct gauge {
	const char *name;
	const char *help;
	double (*read)(void *ctx);
} gauges[] = {
	{ "reprieve_portal_redis_up", "Redis answered at this scrape.",
		read_up },
	{ "reprieve_portal_jobs_waiting", "Jobs that nobody has taken yet.",
		read_waiting },
	{ "reprieve_portal_jobs_taken", "Jobs that a worker is at.",
		read_taken },
	{ "reprieve_portal_jobs_later",
		"Jobs that failed and are tried again later.", read_later },
	{ "reprieve_portal_jobs_slow", "Jobs behind all others.", read_slow },
	{ "reprieve_portal_jobs_oldest_seconds", "Age of the oldest job.",
		read_oldest },
};

/* ---- birth and death ---- */

static bool add_counters(struct meters *m)
{
	struct metrics *x = m->metrics;

	m->pages = metrics_counter(x, "reprieve_portal_pages",
		"Answers by page.", "route", route_names);
	m->answers = metrics_counter(x, "reprieve_portal_answers",
		"Answers by class of status.", "class", class_names);
	m->forms = metrics_counter(x, "reprieve_portal_forms",
		"Forms by what became of them at the door.", "answer",
		form_names);
	m->letters[METERS_SENT] =
		metrics_counter(x, "reprieve_portal_letters_sent",
			"Letters that the MTA has taken.", "kind", kind_names);
	m->letters[METERS_LATER] = metrics_counter(x,
		"reprieve_portal_letters_later",
		"Tries that failed and are made again.", "kind", kind_names);
	m->letters[METERS_FAILED] =
		metrics_counter(x, "reprieve_portal_letters_failed",
			"Letters that were given up.", "kind", kind_names);
	m->delist = metrics_counter(x, "reprieve_portal_delist",
		"Confirmed requests by answer.", "answer", answer_names);
	m->uploads = metrics_counter(x, "reprieve_portal_uploads",
		"Reports of the form by what became of them at the intake.",
		"outcome", upload_names);
	m->feedback = metrics_counter(x, "reprieve_portal_feedback",
		"Reports for senders, by what became of them.", "outcome",
		feedback_names);
	return m->feedback >= 0 && m->uploads >= 0 && m->pages >= 0 &&
		m->answers >= 0 && m->forms >= 0 &&
		m->letters[METERS_SENT] >= 0 && m->letters[METERS_LATER] >= 0 &&
		m->letters[METERS_FAILED] >= 0 && m->delist >= 0;
}

static bool add_gauges(struct meters *m)
{
	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		if (metrics_read(m->metrics, gauges[i].name, gauges[i].help,
			    "gauge", gauges[i].read, m) < 0)
			return false;
	return true;
}

struct meters *meters_new(void)
{
	struct meters *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	pthread_mutex_init(&m->lock, NULL);
	m->metrics = metrics_new();
	if (m->metrics == NULL || !add_counters(m) || !add_gauges(m)) {
		meters_free(m);
		return NULL;
	}
	return m;
}

void meters_free(struct meters *m)
{
	if (m == NULL)
		return;
	metrics_free(m->metrics);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* ---- counting ---- */

/* The place of the word in the list; the last one when it is not there. */
static size_t place_of(const char *const *names, struct slice word)
{
	size_t i = 0;

	while (names[i + 1] != NULL &&
		!slice_is_equal(slice_of(names[i]), word))
		i++;
	return i;
}

void meters_page(struct meters *m, enum meters_route route, unsigned status)
{
	if (m == NULL)
		return;
	metrics_add(m->metrics, m->pages, route, 1);
	metrics_add(m->metrics, m->answers, status / 100 - 1, 1);
}

void meters_form(struct meters *m, unsigned answer)
{
	if (m != NULL)
		metrics_add(m->metrics, m->forms, answer, 1);
}

void meters_letter(
	struct meters *m, struct slice kind, enum meters_outcome outcome)
{
	if (m != NULL)
		metrics_add(m->metrics, m->letters[outcome],
			place_of(kind_names, kind), 1);
}

void meters_upload(struct meters *m, enum meters_outcome outcome)
{
	if (m != NULL)
		metrics_add(m->metrics, m->uploads, outcome, 1);
}

void meters_feedback(struct meters *m, bool is_held)
{
	if (m != NULL)
		metrics_add(m->metrics, m->feedback, is_held, 1);
}

void meters_delist(struct meters *m, const char *answer)
{
	for (size_t i = 0; m != NULL && answer_names[i] != NULL; i++)
		if (slice_is_equal(slice_of(answer_names[i]), slice_of(answer)))
			metrics_add(m->metrics, m->delist, i, 1);
}

void meters_set_queue(struct meters *m, const struct meters_queue *q)
{
	if (m == NULL)
		return;
	pthread_mutex_lock(&m->lock);
	m->queue = *q;
	pthread_mutex_unlock(&m->lock);
}

void meters_format(struct meters *m, struct buf *out)
{
	metrics_format(m->metrics, out);
}
