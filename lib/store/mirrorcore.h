/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mirrorcore - what the parts of the mirror share; for nobody else.
 *
 * mirror.c answers, from any thread; mirrorloop.c is the thread and decides
 * when; mirrorload.c reads a whole list aside; mirrorapply.c changes tables.
 * "Thread" below means that only the mirror's own thread touches it.
 */
#pragma once

#include "store/feed.h"
#include "store/mirror.h"
#include "store/pending.h"
#include "store/prefixes.h"

#include <pthread.h>
#include <stdatomic.h>

struct once;
struct table;
struct trustnames;

enum {
	APPLY_MAX = 256, /* names in one pipeline */
	APPLY_MIN = 64, /* up to here their flags are read at once, too */
	MARKS_MAX = 256, /* marks that wait */
	JUNK_MAX = 65536, /* names of nonsense that are remembered */
	PENDING_MAX = 1 << 20,
	GENERATION_MAX = 128,
	MIRROR_ERROR_MAX = 256
};

/* The error while is_full. */
#define MIRROR_FULL "not all entries have room"

struct mark {
	struct list_name name;
};

struct mirror_hook {
	void (*fn)(void *ctx, struct slice key);
	void *ctx;
};

struct mirror {
	struct conf *conf;
	const struct clock *clock;
	struct slice prefix;
	struct mirror_hook hook; /* under hook_lock */
	pthread_mutex_t hook_lock;
	struct once *once; /* lines about bad keys */
	pthread_t thread;
	bool is_started;
	bool is_observer; /* writes nothing; set before start */
	int stop_fd; /* eventfd: end every wait */
	int wake_fd; /* eventfd: look at the marks */
	atomic_bool stopping;

	/* What readers look at. table and has_table change under the lock. */
	pthread_rwlock_t lock;
	struct prefixes *table;
	struct trustnames *trust;
	bool is_trust_unread; /* Redis does not tell */
	bool has_table;
	_Atomic uint64_t version;
	_Atomic int64_t synced_ms; /* monotonic: last proof of being in step */

	/* What people look at. */
	pthread_mutex_t status_lock;
	pthread_cond_t changed;
	struct mirror_status status;
	struct mark marks[MARKS_MAX];
	size_t mark_count;

	/* Thread. */
	struct feed feed;
	struct pending *pending;
	struct prefixes *aside; /* being loaded, or NULL */
	struct pending *trust_pending; /* names of store/mirrortrust */
	struct trustnames *trust_aside; /* being loaded, or NULL */
	struct table *junk; /* names that are nonsense */
	struct table *junk_aside; /* the same of aside */
	struct prefix_cursor flags_at;
	int64_t flags_after_ms; /* no reading of flags before */
	bool take_oldest; /* which end is next */
	bool is_full; /* entries were left out */
	bool flushed; /* a nil was pushed */
	bool overflown; /* more was pushed than we can hold */
	bool generation_touched;
	uint64_t touched; /* names pushed since the last load */
	char generation[GENERATION_MAX]; /* remembered */
	int64_t grace_until_ms; /* monotonic, 0: none */
	bool is_accepted; /* a person ended the grace */
	int64_t lines_minute; /* lines about bad keys in it */
	unsigned lines;
	uint64_t saved_version; /* of the snapshot on disk */
	int64_t saved_ms;
	bool save_failed;
};

/* Names pushed and not asked about yet. */
static inline size_t mirror_waiting(const struct mirror *m)
{
	return pending_count(m->pending) + pending_count(m->trust_pending);
}

/* ---- mirror.c ---- */

/* The thread's news for people. Text "" clears the error. */
void mirror_set_state(struct mirror *m, enum mirror_state state);
void mirror_set_error(struct mirror *m, const char *text);
void mirror_read_error(struct mirror *m, char out[MIRROR_ERROR_MAX]);
/* Proof that the table is as Redis is, now. */
void mirror_set_synced(struct mirror *m);
bool mirror_is_stopping(struct mirror *m);
/* Tells the details cache; the empty slice means everything. */
void mirror_tell(struct mirror *m, struct slice key);
