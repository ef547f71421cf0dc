/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/node.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "store/keys.h"
#include "store/mirror.h"
#include "store/worker.h"
#include "store/writer.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BEAT_MS = 2000,
	LOOK_MS = 100, /* how often a change is looked for */
	HOST_MAX = 64,
	SCRATCH_MAX = 2048,
	FIELDS_MAX = 16
};

struct node {
	struct conf *conf;
	struct mirror *mirror;
	struct writer *writer;
	const struct clock *clock;
	char id[NODE_ID_MAX];
	char host[HOST_MAX + 1];
	int64_t started_ms; /* wall */
	pthread_t thread;
	bool is_started;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
};

struct beat {
	struct slice argv[2 + 2 * FIELDS_MAX];
	size_t argc;
	struct buf scratch; /* reserved whole, never moves */
};

static void put_text(struct beat *b, const char *name, const char *text)
{
	size_t from = b->scratch.len;

	if (b->argc + 2 > 2 + 2 * FIELDS_MAX)
		return;
	buf_add_text(&b->scratch, text);
	if (buf_result(&b->scratch) != RES_OK)
		return;
	b->argv[b->argc++] = slice_of(name);
	b->argv[b->argc++] =
		slice_part(buf_slice(&b->scratch), from, b->scratch.len);
}

static void put_number(struct beat *b, const char *name, int64_t value)
{
	struct buf text;

	buf_init(&text, 32);
	buf_add_format(&text, "%lld", (long long)value);
	put_text(b, name, buf_text(&text));
	buf_clear(&text);
}

static void put_time(struct beat *b, const char *name, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (wall_ms != 0)
		put_text(b, name, clock_format_utc(wall_ms, text));
}

static void put_status(
	struct beat *b, const struct node *n, const struct mirror_status *s)
{
	put_number(b, "version", (int64_t)s->version);
	put_number(b, "entries", (int64_t)s->entries);
	put_text(b, "state", mirror_state_name(s->state));
	put_number(b, "lag_ms", s->lag_ms);
	put_number(b, "pending", (int64_t)s->pending);
	put_text(b, "build", PACKAGE_VERSION);
	put_text(b, "host", n->host);
	put_number(b, "pid", getpid());
	put_time(b, "started", n->started_ms);
	put_time(b, "synced", s->synced_ms);
	/* Whoever reads these has another clock: see store/nodes. */
	put_number(b, "synced_ms", s->synced_ms);
	put_number(b, "clock_ms", clock_wall_ms(n->clock));
	put_text(b, "generation", s->generation);
	put_text(b, "error", s->error);
}

static void format_key(const struct node *n, const char *id, struct buf *key)
{
	buf_init(key, LIST_NAME_MAX);
	keys_format(
		key, slice_of(n->conf->redis.prefix), "node:", slice_of(id));
}

static void add_life(struct writer_job *job, struct slice key)
{
	const struct slice argv[] = { slice_of("EXPIRE"), key, slice_of("60") };

	writer_job_command(job, argv, 3);
}

/* Who lives is found without a walk through all keys. */
static void add_id(struct writer_job *job, const struct node *n)
{
	struct buf key, now;

	format_key(n, NODE_IDS, &key);
	buf_init(&now, 32);
	buf_add_format(&now, "%lld", (long long)clock_wall_ms(n->clock));
	writer_job_command(job,
		(struct slice[]){ slice_of("HSET"), buf_slice(&key),
			slice_of(n->id), buf_slice(&now) },
		4);
	add_life(job, buf_slice(&key));
	buf_clear(&key);
	buf_clear(&now);
}

static void write_beat(struct node *n, const struct mirror_status *s)
{
	struct beat b = { .argc = 2 };
	struct writer_job *job = writer_job_new();
	struct buf key;

	buf_init(&b.scratch, SCRATCH_MAX);
	format_key(n, n->id, &key);
	if (job == NULL || buf_reserve(&b.scratch, SCRATCH_MAX) == NULL) {
		writer_job_free(job);
		goto done;
	}
	b.argv[0] = slice_of("HSET");
	b.argv[1] = buf_slice(&key);
	put_status(&b, n, s);
	writer_job_command(job, b.argv, b.argc);
	add_life(job, b.argv[1]);
	add_id(job, n);
	/* A full queue is counted and logged there; the next beat follows. */
	if (writer_add(n->writer, job) != RES_OK)
		goto done;
done:
	buf_clear(&b.scratch);
	buf_clear(&key);
}

static void write_end(struct node *n)
{
	struct writer_job *job = writer_job_new();
	struct buf key;

	format_key(n, n->id, &key);
	writer_job_command(
		job, (struct slice[]){ slice_of("DEL"), buf_slice(&key) }, 2);
	if (writer_add(n->writer, job) != RES_OK)
		job = NULL; /* it goes by itself */
	buf_clear(&key);
}

/* False: told to stop. */
static bool wait_a_while(struct node *n)
{
	const struct timespec until = wake_in(LOOK_MS);
	bool go_on;
	int rc = 0;

	pthread_mutex_lock(&n->lock);
	while (!n->stopping && rc == 0)
		rc = pthread_cond_timedwait(&n->wake, &n->lock, &until);
	go_on = !n->stopping;
	pthread_mutex_unlock(&n->lock);
	return go_on;
}

/* What the last beat said, and when. */
struct said {
	int64_t at_ms; /* monotonic */
	uint64_t version;
	enum mirror_state state;
	int64_t synced_ms;
	bool owes_sync; /* a change whose proof is still to come */
};

static bool is_due(
	const struct said *said, const struct mirror_status *s, int64_t now_ms)
{
	return now_ms - said->at_ms >= BEAT_MS || s->version != said->version ||
		s->state != said->state ||
		(said->owes_sync && s->synced_ms != said->synced_ms);
}

static void *run(void *arg)
{
	struct node *n = arg;
	struct mirror_status s;
	struct writer_counts w;
	struct said said = { .at_ms = clock_mono_ms(n->clock) - BEAT_MS };

	do {
		int64_t now = clock_mono_ms(n->clock);

		mirror_read_status(n->mirror, &s);
		if (!is_due(&said, &s, now))
			continue;
		/* Old beats are of no use to anybody: none is queued behind
		 * others while Redis is away. */
		writer_count(n->writer, &w);
		if (w.waiting > 0 && !w.is_connected)
			continue;
		write_beat(n, &s);
		said.owes_sync = s.version != said.version;
		said.version = s.version;
		said.state = s.state;
		said.synced_ms = s.synced_ms;
		said.at_ms = now;
	} while (wait_a_while(n));
	return NULL;
}

static void make_id(struct node *n)
{
	const char *name = n->conf->milter.id;
	struct buf id;

	if (gethostname(n->host, sizeof(n->host) - 1) != 0)
		n->host[0] = '\0';
	if (name[0] == '\0')
		name = n->host[0] != '\0' ? n->host : "node";
	buf_init(&id, NODE_ID_MAX - 1);
	/* It becomes part of a key that people type. */
	for (size_t i = 0; name[i] != '\0' && i < HOST_MAX; i++)
		buf_add_char(&id,
			isalnum((unsigned char)name[i]) != 0 ||
					strchr("-._", name[i]) != NULL
				? name[i]
				: '_');
	buf_add_format(&id, ".%08x", (unsigned)(random_u64() & 0xffffffffU));
	memcpy(n->id, buf_text(&id), id.len + 1);
	buf_clear(&id);
}

enum result node_open(struct node **out, struct conf *conf,
	struct mirror *mirror, struct writer *writer, const struct clock *clock)
{
	struct node *n = calloc(1, sizeof(*n));

	*out = NULL;
	if (n == NULL)
		return RES_NOMEM;
	wake_init(&n->wake);
	pthread_mutex_init(&n->lock, NULL);
	n->conf = conf_hold(conf);
	n->mirror = mirror;
	n->writer = writer;
	n->clock = clock;
	n->started_ms = clock_wall_ms(clock);
	make_id(n);
	*out = n;
	return RES_OK;
}

enum result node_start(struct node *n)
{
	enum result res = worker_start(&n->thread, "node", run, n);

	n->is_started = res == RES_OK;
	return res;
}

void node_close(struct node *n)
{
	if (n == NULL)
		return;
	if (n->is_started) {
		pthread_mutex_lock(&n->lock);
		n->stopping = true;
		pthread_cond_signal(&n->wake);
		pthread_mutex_unlock(&n->lock);
		pthread_join(n->thread, NULL);
		write_end(n);
	}
	pthread_cond_destroy(&n->wake);
	pthread_mutex_destroy(&n->lock);
	conf_release(n->conf);
	free(n);
}

const char *node_id(const struct node *n)
{
	return n->id;
}
