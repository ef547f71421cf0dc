/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mirror.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fairlock.h"
#include "base/once.h"
#include "base/table.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "store/client.h"
#include "store/mirrorcore.h"
#include "store/mirrorloop.h"
#include "store/mirrorsave.h"
#include "store/prefixes.h"
#include "store/trustnames.h"
#include "store/worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ONCE_MAX = 4096 };

const char *mirror_state_name(enum mirror_state s)
{
	switch (s) {
	case MIRROR_EMPTY:
		return "empty";
	case MIRROR_SNAPSHOT:
		return "snapshot";
	case MIRROR_LIVE:
		return "live";
	case MIRROR_STALE:
		return "stale";
	case MIRROR_GRACE:
		return "grace";
	}
	return "unknown";
}

/* ---- for the parts ---- */

void mirror_set_state(struct mirror *m, enum mirror_state state)
{
	pthread_mutex_lock(&m->status_lock);
	m->status.state = state;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->status_lock);
}

void mirror_set_error(struct mirror *m, const char *text)
{
	size_t len = strnlen(text, MIRROR_ERROR_MAX - 1);

	pthread_mutex_lock(&m->status_lock);
	memcpy(m->status.error, text, len);
	m->status.error[len] = '\0';
	pthread_mutex_unlock(&m->status_lock);
}

void mirror_read_error(struct mirror *m, char out[MIRROR_ERROR_MAX])
{
	pthread_mutex_lock(&m->status_lock);
	memcpy(out, m->status.error, MIRROR_ERROR_MAX);
	pthread_mutex_unlock(&m->status_lock);
}

void mirror_set_synced(struct mirror *m)
{
	m->synced_ms = clock_mono_ms(m->clock);
	pthread_mutex_lock(&m->status_lock);
	m->status.synced_ms = clock_wall_ms(m->clock);
	pthread_mutex_unlock(&m->status_lock);
}

bool mirror_is_stopping(struct mirror *m)
{
	return m->stopping;
}

void mirror_tell(struct mirror *m, struct slice key)
{
	/* Held while it runs: who takes the hook away frees its ctx next. */
	pthread_mutex_lock(&m->hook_lock);
	if (m->hook.fn != NULL)
		m->hook.fn(m->hook.ctx, key);
	pthread_mutex_unlock(&m->hook_lock);
}

/* ---- birth and death ---- */

/* Readers are many and quick; without a preference for writers a stream of
 * them would keep the one writer out for ever. */
static void init_locks(struct mirror *m)
{
	fairlock_init(&m->lock);
	wake_init(&m->changed);
	pthread_mutex_init(&m->status_lock, NULL);
	pthread_mutex_init(&m->hook_lock, NULL);
}

static void free_mirror(struct mirror *m)
{
	if (m->stop_fd >= 0)
		close(m->stop_fd);
	if (m->wake_fd >= 0)
		close(m->wake_fd);
	pthread_rwlock_destroy(&m->lock);
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->status_lock);
	pthread_mutex_destroy(&m->hook_lock);
	once_free(m->once);
	pending_free(m->pending);
	pending_free(m->trust_pending);
	trustnames_free(m->trust);
	trustnames_free(m->trust_aside);
	prefixes_free(m->aside);
	prefixes_free(m->table);
	table_free(m->junk);
	table_free(m->junk_aside);
	conf_release(m->conf);
	free(m);
}

enum result mirror_open(
	struct mirror **out, struct conf *conf, const struct clock *clock)
{
	struct mirror *m = calloc(1, sizeof(*m));

	*out = NULL;
	if (m == NULL)
		return RES_NOMEM;
	init_locks(m);
	m->conf = conf_hold(conf);
	m->clock = clock;
	m->prefix = slice_of(conf->redis.prefix);
	m->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->once = once_new(ONCE_MAX);
	m->pending = pending_new(PENDING_MAX);
	m->table =
		prefixes_new(conf->lists.entries_max, conf->lists.scopes_max);
	m->trust_pending = pending_new(2 * (size_t)conf->lists.trust_max);
	m->trust = trustnames_new(conf->lists.trust_max);
	m->junk = table_new(JUNK_MAX, NULL);
	if (m->stop_fd < 0 || m->wake_fd < 0 || m->once == NULL ||
		m->pending == NULL || m->table == NULL || m->junk == NULL ||
		m->trust_pending == NULL || m->trust == NULL) {
		free_mirror(m);
		return RES_NOMEM;
	}
	mirror_restore(m);
	*out = m;
	return RES_OK;
}

void mirror_on_change(struct mirror *m,
	void (*fn)(void *ctx, struct slice key_or_empty_for_all), void *ctx)
{
	pthread_mutex_lock(&m->hook_lock);
	m->hook = (struct mirror_hook){ .fn = fn, .ctx = ctx };
	pthread_mutex_unlock(&m->hook_lock);
}

void mirror_observe(struct mirror *m)
{
	m->is_observer = true;
}

enum result mirror_start(struct mirror *m)
{
	enum result res = worker_start(&m->thread, "mirror", mirror_run, m);

	m->is_started = res == RES_OK;
	return res;
}

static void wake(int fd)
{
	uint64_t one = 1;

	/* It fails only when the counter is full: then it is awake. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void mirror_close(struct mirror *m)
{
	if (m == NULL)
		return;
	if (m->is_started) {
		m->stopping = true;
		wake(m->stop_fd);
		pthread_join(m->thread, NULL);
		mirror_save(m);
	}
	free_mirror(m);
}

/* ---- questions ---- */

/* Under the read lock. */
static bool is_usable(const struct mirror *m, int64_t now_ms)
{
	return m->has_table &&
		now_ms - m->synced_ms <=
		(int64_t)m->conf->lists.max_age_s * 1000;
}

void mirror_read_status(struct mirror *m, struct mirror_status *out)
{
	pthread_mutex_lock(&m->status_lock);
	*out = m->status;
	pthread_mutex_unlock(&m->status_lock);
	pthread_rwlock_rdlock(&m->lock);
	out->is_usable = is_usable(m, clock_mono_ms(m->clock));
	out->version = m->version;
	out->entries = prefixes_count(m->table);
	out->blocks = prefixes_count_kind(m->table, LIST_BLOCK);
	out->allows = prefixes_count_kind(m->table, LIST_ALLOW);
	out->details_unread = prefixes_count_unknown(m->table);
	pthread_rwlock_unlock(&m->lock);
}

enum result mirror_match(struct mirror *m, const struct ipaddr *ip,
	struct slice scope, struct prefix_hit *out, size_t *count,
	uint64_t *version)
{
	const struct list_client c = { .ip = *ip };

	return mirror_match_client(m, &c, scope, out, count, version);
}

enum result mirror_match_client(struct mirror *m, const struct list_client *c,
	struct slice scope, struct prefix_hit *out, size_t *count,
	uint64_t *version)
{
	int64_t now_ms = clock_mono_ms(m->clock);
	size_t found = 0, kept = 0;
	bool usable;

	pthread_rwlock_rdlock(&m->lock);
	usable = is_usable(m, now_ms);
	*version = m->version;
	if (usable)
		found = client_match(m->table, c, scope, out);
	pthread_rwlock_unlock(&m->lock);
	*count = 0;
	if (!usable)
		return RES_DOWN;
	for (size_t i = 0; i < found; i++)
		if (out[i].expire_s == 0 ||
			now_ms < (int64_t)out[i].expire_s * 1000)
			out[kept++] = out[i];
	*count = kept;
	return RES_OK;
}

enum result mirror_trusts(struct mirror *m, enum trust_kind kind,
	struct slice domain, bool *found)
{
	int64_t now_ms = clock_mono_ms(m->clock);
	bool usable;

	*found = false;
	pthread_rwlock_rdlock(&m->lock);
	usable = is_usable(m, now_ms) && !m->is_trust_unread;
	while (usable && !*found && domain.len > 0) {
		*found = trustnames_has(m->trust, kind, domain, now_ms / 1000);
		domain = slice_part(
			domain, slice_find(domain, '.') + 1, domain.len);
	}
	pthread_rwlock_unlock(&m->lock);
	return usable ? RES_OK : RES_DOWN;
}

void mirror_keys_of(struct mirror *m, const struct prefix_hit *hit,
	struct slice scope, void (*each)(void *ctx, struct slice key),
	void *ctx)
{
	struct list_name name;

	prefix_hit_name(hit, scope, &name);
	pthread_rwlock_rdlock(&m->lock);
	(void)prefixes_keys(m->table, &name, m->prefix, each, ctx);
	pthread_rwlock_unlock(&m->lock);
}

void mirror_mark_ignored(struct mirror *m, const struct prefix_hit *hit,
	struct slice scope, const char *why)
{
	struct list_name name;

	(void)why; /* the mirror finds out by itself, and logs that */
	prefix_hit_name(hit, scope, &name);
	pthread_mutex_lock(&m->status_lock);
	/* No room: whoever sees the entry next marks it again. */
	if (m->mark_count < MARKS_MAX)
		m->marks[m->mark_count++].name = name;
	pthread_mutex_unlock(&m->status_lock);
	wake(m->wake_fd);
}

enum result mirror_wait_live(struct mirror *m, int64_t deadline_ms)
{
	const struct timespec until = wake_in(deadline_ms);
	enum result res;
	int rc = 0;

	pthread_mutex_lock(&m->status_lock);
	while (m->status.state != MIRROR_LIVE && rc == 0)
		rc = pthread_cond_timedwait(
			&m->changed, &m->status_lock, &until);
	res = m->status.state == MIRROR_LIVE ? RES_OK : RES_TIMEOUT;
	pthread_mutex_unlock(&m->status_lock);
	return res;
}
