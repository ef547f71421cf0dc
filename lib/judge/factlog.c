/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/factlog.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/random.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "judge/factfile.h"
#include "judge/record.h"
#include "store/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	QUEUE_MAX = 4 << 20,
	WAKE_AT = 64 << 10, /* octets that wait */
	NAP_MS = 1000,
	DAY_MAX = 11, /* "2026-11-26" */
	DAY_S = 86400,
	MS_PER_S = 1000
};

struct factlog {
	const struct clock *clock;
	struct session_watch watch;
	char *folder;
	unsigned keep_days;
	size_t file_max;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t woken; /* for the thread */
	pthread_cond_t idle; /* for who flushes */
	/* Under the lock: */
	struct factfile_writer writer;
	struct buf queue;
	unsigned queued; /* facts in it */
	bool is_over;
	bool is_busy; /* the thread writes */
	struct factlog_counts counts;
	/* Of the thread: */
	char day[DAY_MAX];
	int file; /* -1: none could be made */
	size_t size;
	bool is_warned;
};

static void day_of(int64_t wall_ms, char day[DAY_MAX])
{
	char text[CLOCK_TEXT_MAX];

	snprintf(day, DAY_MAX, "%.10s", clock_format_utc(wall_ms, text));
}

bool factlog_is_name(const char *name, char day[11])
{
	static const char shape[] = "dddd-dd-dd.";
	size_t len = strlen(name);

	if (len < sizeof(shape) + 6 || strcmp(name + len - 6, ".facts") != 0)
		return false;
	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == 'd' ? name[i] < '0' || name[i] > '9'
				    : name[i] != shape[i])
			return false;
	snprintf(day, DAY_MAX, "%.10s", name);
	return true;
}

/* ---- files ---- */

static void remove_old(const struct factlog *l)
{
	char oldest[DAY_MAX], day[DAY_MAX];
	DIR *folder = opendir(l->folder);
	const struct dirent *entry;

	if (folder == NULL)
		return;
	day_of(clock_wall_ms(l->clock) -
			(int64_t)l->keep_days * DAY_S * MS_PER_S,
		oldest);
	while ((entry = readdir(folder)) != NULL)
		if (factlog_is_name(entry->d_name, day) &&
			strcmp(day, oldest) < 0 &&
			unlinkat(dirfd(folder), entry->d_name, 0) != 0)
			log_message(LOG_LEVEL_WARNING, "facts",
				"cannot remove %s: %s", entry->d_name,
				strerror(errno));
	closedir(folder);
}

static enum result open_file(struct factlog *l)
{
	char path[1200];

	snprintf(path, sizeof(path), "%s/%s.%016llx.facts", l->folder, l->day,
		(unsigned long long)random_u64());
	l->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	l->size = 0;
	return l->file >= 0 ? RES_OK : file_result(errno);
}

static void warn_once(struct factlog *l, const char *why)
{
	if (!l->is_warned)
		log_message(LOG_LEVEL_WARNING, "facts",
			"facts of judged messages are not kept: %s", why);
	l->is_warned = true;
}

/* False: not all of it is there. */
static bool write_all(struct factlog *l, struct slice text)
{
	if (l->file < 0 || l->size + text.len > l->file_max) {
		warn_once(l,
			l->file < 0 ? "no file could be made"
				    : "facts.file_max is reached");
		return false;
	}
	if (file_write_all(l->file, text) != RES_OK) {
		warn_once(l, strerror(errno));
		/* What follows would stand behind half a record. */
		close(l->file);
		l->file = -1;
		return false;
	}
	l->size += text.len;
	return true;
}

/* A new day has come: its file begins with the facts that come from now on.
 * With the lock held, the queue just taken away. */
static bool turns_page(struct factlog *l)
{
	char today[DAY_MAX];

	day_of(clock_wall_ms(l->clock), today);
	if (strcmp(today, l->day) == 0)
		return false;
	memcpy(l->day, today, sizeof(l->day));
	memset(&l->writer, 0, sizeof(l->writer));
	buf_add_text(&l->queue, FACTFILE_MAGIC);
	return true;
}

static void next_file(struct factlog *l)
{
	if (l->file >= 0)
		close(l->file);
	l->is_warned = false;
	if (open_file(l) != RES_OK)
		l->file = -1;
	remove_old(l);
}

/* ---- the thread ---- */

static void nap(struct factlog *l)
{
	const struct timespec until = wake_in(NAP_MS);

	if (l->queue.len >= WAKE_AT || l->is_over)
		return;
	pthread_cond_timedwait(&l->woken, &l->lock, &until);
}

static void *run(void *arg)
{
	struct factlog *l = arg;
	struct buf out;
	bool is_over = false;

	buf_init(&out, QUEUE_MAX);
	pthread_mutex_lock(&l->lock);
	while (!is_over) {
		struct buf full;
		unsigned facts;
		bool is_kept, is_new_day;

		nap(l);
		is_over = l->is_over;
		full = l->queue;
		l->queue = out;
		out = full;
		facts = l->queued;
		l->queued = 0;
		l->is_busy = true;
		is_new_day = turns_page(l);
		pthread_mutex_unlock(&l->lock);
		is_kept = write_all(l, buf_slice(&out));
		buf_reset(&out);
		if (is_new_day)
			next_file(l);
		pthread_mutex_lock(&l->lock);
		if (is_kept)
			l->counts.written += facts;
		else
			l->counts.lost += facts;
		l->is_busy = false;
		pthread_cond_broadcast(&l->idle);
	}
	pthread_mutex_unlock(&l->lock);
	buf_clear(&out);
	return NULL;
}

/* ---- what sessions call ---- */

static uint64_t session_number(const char *id)
{
	uint64_t n = 0;

	for (; *id != '\0' && hex_value(*id) >= 0; id++)
		n = n << 4 | (uint64_t)hex_value(*id);
	return n;
}

static void copy(char *to, struct slice text)
{
	size_t len = text.len < FACTFILE_DOMAIN_MAX - 1
		? text.len
		: FACTFILE_DOMAIN_MAX - 1;

	if (len > 0)
		memcpy(to, text.at, len);
	to[len] = '\0';
}

static enum fact_stage stage_of(const char *stage)
{
	if (strcmp(stage, "rcpt") == 0)
		return FACT_RCPT;
	return strcmp(stage, "eom") == 0 ? FACT_END : FACT_ABORT;
}

static bool is_correspondent(const struct verdict *v)
{
	return v->code == CODE_DEFERRED_CORRESPONDENT ||
		v->code == CODE_DEFERRED_CORRESPONDENT_END;
}

static void judged(void *at, const struct record *r)
{
	struct factlog *l = at;
	struct fact *f = malloc(sizeof(*f));
	bool is_full;

	if (f != NULL) {
		memset(f, 0, offsetof(struct fact, findings));
		f->wall_ms = clock_wall_ms(l->clock);
		f->session = session_number(r->conn->id);
		f->stage = stage_of(r->stage);
		f->is_exempt = r->verdict->is_exempt;
		f->is_correspondent = is_correspondent(r->verdict);
		f->action = r->verdict->action;
		f->would_be = r->verdict->would_be;
		f->score = r->verdict->score;
		snprintf(f->ref, sizeof(f->ref), "%s", r->ref);
		copy(f->rcpt_domain, r->rcpt_domain);
		copy(f->from_domain, r->envelope->sender.domain);
		f->findings.count = 0;
		if (r->findings != NULL)
			f->findings = *r->findings;
	}
	pthread_mutex_lock(&l->lock);
	is_full = f == NULL ||
		l->queue.len + FACTFILE_RECORD_MAX * 2 > l->queue.max;
	if (is_full) {
		l->counts.lost++;
	} else {
		factfile_add(&l->writer, f, &l->queue);
		l->queued++;
	}
	if (l->queue.len >= WAKE_AT)
		pthread_cond_signal(&l->woken);
	pthread_mutex_unlock(&l->lock);
	free(f);
}

/* ---- outside ---- */

static void clear(struct factlog *l)
{
	if (l->file >= 0)
		close(l->file);
	buf_clear(&l->queue);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->woken);
	pthread_cond_destroy(&l->idle);
	free(l->folder);
	free(l);
}

enum result factlog_open(struct factlog **out, const struct conf *conf,
	const struct clock *clock)
{
	struct factlog *l;
	enum result res;

	*out = NULL;
	if (*conf->facts.folder == '\0')
		return RES_OK;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return RES_NOMEM;
	l->clock = clock;
	l->keep_days = conf->facts.keep_days;
	l->file_max = conf->facts.file_max;
	l->file = -1;
	pthread_mutex_init(&l->lock, NULL);
	wake_init(&l->woken);
	pthread_cond_init(&l->idle, NULL);
	buf_init(&l->queue, QUEUE_MAX);
	l->folder = strdup(conf->facts.folder);
	res = l->folder == NULL ? RES_NOMEM : RES_OK;
	if (res == RES_OK) {
		day_of(clock_wall_ms(clock), l->day);
		res = open_file(l);
	}
	if (res == RES_OK) {
		buf_add_text(&l->queue, FACTFILE_MAGIC);
		remove_old(l);
		res = worker_start(&l->thread, "facts", run, l);
	}
	if (res != RES_OK) {
		clear(l);
		return res;
	}
	*out = l;
	return RES_OK;
}

void factlog_close(struct factlog *l)
{
	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	l->is_over = true;
	pthread_cond_signal(&l->woken);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	clear(l);
}

const struct session_watch *factlog_watch(
	struct factlog *l, const struct session_watch *next)
{
	if (l == NULL)
		return next;
	l->watch = (struct session_watch){ judged, l, next };
	return &l->watch;
}

void factlog_flush(struct factlog *l)
{
	pthread_mutex_lock(&l->lock);
	pthread_cond_signal(&l->woken);
	while (l->queued > 0 || l->is_busy)
		pthread_cond_wait(&l->idle, &l->lock);
	pthread_mutex_unlock(&l->lock);
}

void factlog_counts(struct factlog *l, struct factlog_counts *out)
{
	pthread_mutex_lock(&l->lock);
	*out = l->counts;
	pthread_mutex_unlock(&l->lock);
}
