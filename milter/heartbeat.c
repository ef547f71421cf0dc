/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/heartbeat.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "store/mirror.h"
#include "store/writer.h"

#include <stdio.h>
#include <unistd.h>

enum { NUMBER_MAX = 32, FIELDS_MAX = 12 };

void heartbeat_init(struct heartbeat *h, const struct conf *conf,
	struct writer *writer, const struct clock *clock)
{
	const char *id = conf->milter.id;

	*h = (struct heartbeat){
		.conf = conf,
		.writer = writer,
		.clock = clock,
		.start_ms = clock_wall_ms(clock),
		.state = -1,
	};
	snprintf(h->id, sizeof(h->id), "%s", id);
	if (h->id[0] == '\0' && gethostname(h->id, sizeof(h->id) - 1) != 0)
		snprintf(h->id, sizeof(h->id), "%s", conf->host);
}

/* One HSET in the making. */
struct fields {
	struct slice argv[2 + 2 * FIELDS_MAX];
	size_t argc;
	char number[FIELDS_MAX][NUMBER_MAX];
	size_t numbers;
};

static void add_text(struct fields *f, const char *name, const char *value)
{
	f->argv[f->argc++] = slice_of(name);
	f->argv[f->argc++] = slice_of(value);
}

static void add_number(struct fields *f, const char *name, int64_t value)
{
	char *text = f->number[f->numbers++];

	snprintf(text, NUMBER_MAX, "%lld", (long long)value);
	add_text(f, name, text);
}

static void write_node(
	struct heartbeat *h, const struct mirror_status *status, long sessions)
{
	struct fields f = { .argc = 0 };
	struct writer_job *job = writer_job_new();
	struct slice expire[3];
	struct buf key;

	buf_init(&key, 512);
	keys_format(&key, slice_of(h->conf->redis.prefix),
		"node:", slice_of(h->id));
	f.argv[f.argc++] = slice_of("HSET");
	f.argv[f.argc++] = buf_slice(&key);
	add_number(&f, "version", (int64_t)status->version);
	add_number(&f, "entries", (int64_t)status->entries);
	add_text(&f, "state", mirror_state_name(status->state));
	add_text(&f, "usable", status->is_usable ? "yes" : "no");
	add_number(&f, "synced", status->synced_ms / 1000);
	add_number(&f, "lag_ms", status->lag_ms);
	add_number(&f, "sessions", sessions);
	add_text(&f, "build", PACKAGE_VERSION);
	add_number(&f, "started", h->start_ms / 1000);
	add_number(&f, "at", clock_wall_ms(h->clock) / 1000);
	expire[0] = slice_of("EXPIRE");
	expire[1] = buf_slice(&key);
	snprintf(f.number[f.numbers], NUMBER_MAX, "%d", HEARTBEAT_LIFE_S);
	expire[2] = slice_of(f.number[f.numbers]);
	writer_job_command(job, f.argv, f.argc);
	writer_job_command(job, expire, 3);
	/* The next one is not far; what does not fit is counted there. */
	if (writer_add(h->writer, job) != RES_OK)
		log_message(LOG_LEVEL_DEBUG, "heartbeat", "not queued");
	buf_clear(&key);
}

void heartbeat_run(
	struct heartbeat *h, const struct mirror_status *status, long sessions)
{
	int64_t now_ms = clock_mono_ms(h->clock);

	if (now_ms < h->due_ms && h->state == (int)status->state &&
		h->version == status->version)
		return;
	h->version = status->version;
	h->due_ms = now_ms + HEARTBEAT_EVERY_MS;
	h->state = (int)status->state;
	write_node(h, status, sessions);
}
