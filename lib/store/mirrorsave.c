/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mirrorsave.h"

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "store/snapshot.h"

#include <stdlib.h>
#include <string.h>

enum {
	FLAGS_WAIT_MS = 60000, /* a copy without all flags after that long */
	RETRY_MS = 60000 /* after a disk that failed */
};

void mirror_restore(struct mirror *m)
{
	struct snapshot_load load = { .prefix = m->prefix,
		.entries_max = m->conf->lists.entries_max,
		.scopes_max = m->conf->lists.scopes_max,
		.trust_max = m->conf->lists.trust_max };
	const char *path = m->conf->lists.snapshot;
	struct prefixes *table = NULL;
	int64_t age_ms;
	enum result res;

	if (path[0] == '\0')
		return;
	res = snapshot_load(path, &load, m->clock, &table);
	if (res != RES_OK) {
		if (res != RES_MISSING)
			log_message(LOG_LEVEL_ERROR, "snapshot",
				"%s is not used (%s): %s", path,
				result_name(res), load.why);
		return;
	}
	/* A clock that went back makes it young, not younger than now. */
	age_ms = clock_wall_ms(m->clock) - load.facts.synced_ms;
	if (age_ms < 0)
		age_ms = 0;
	prefixes_free(m->table);
	trustnames_free(m->trust);
	m->table = table;
	m->trust = load.facts.trust;
	m->has_table = true;
	m->version = 1;
	m->saved_version = 1;
	m->synced_ms = clock_mono_ms(m->clock) - age_ms;
	m->status.state = MIRROR_SNAPSHOT;
	m->status.synced_ms = load.facts.synced_ms;
	m->status.memory = prefixes_memory(table);
	memcpy(m->generation, load.facts.generation, sizeof(m->generation));
	m->generation[GENERATION_MAX - 1] = '\0';
	memcpy(m->status.generation, m->generation, sizeof(m->generation));
	log_message(LOG_LEVEL_INFO, "snapshot",
		"%s: %zu entries, %lld s old, %zu expired meanwhile", path,
		prefixes_count(table), (long long)(age_ms / 1000),
		load.expired);
}

static void save(struct mirror *m)
{
	const char *path = m->conf->lists.snapshot;
	struct snapshot_facts facts = { .generation = "", .trust = m->trust };
	int64_t before_ms = clock_mono_ms(m->clock);
	enum result res;

	memcpy(facts.generation, m->generation, sizeof(facts.generation));
	pthread_mutex_lock(&m->status_lock);
	facts.synced_ms = m->status.synced_ms;
	pthread_mutex_unlock(&m->status_lock);
	m->saved_ms = before_ms;
	res = snapshot_save(path, m->table, m->prefix, &facts, m->clock);
	if (res == RES_OK) {
		m->saved_version = m->version;
		m->save_failed = false;
		log_message(LOG_LEVEL_DEBUG, "snapshot",
			"%s: %zu entries in %lld ms", path,
			prefixes_count(m->table),
			(long long)(clock_mono_ms(m->clock) - before_ms));
		return;
	}
	/* RES_EXISTS: another process of ours writes it just now. */
	if (!m->save_failed && res != RES_EXISTS)
		log_message(LOG_LEVEL_ERROR, "snapshot",
			"cannot write %s: %s; a start without Redis would know "
			"an older list or none",
			path, result_name(res));
	m->save_failed = res != RES_EXISTS;
}

static bool is_wanted(const struct mirror *m)
{
	return m->conf->lists.snapshot[0] != '\0' && m->has_table &&
		m->version != m->saved_version;
}

void mirror_save_if_due(struct mirror *m, int64_t began_ms)
{
	int64_t now = clock_mono_ms(m->clock);
	int64_t every = (int64_t)m->conf->lists.snapshot_s * 1000;

	if (!is_wanted(m) || pending_count(m->pending) > 0)
		return;
	if (m->save_failed && every < RETRY_MS)
		every = RETRY_MS;
	if (m->saved_ms != 0 && now - m->saved_ms < every)
		return;
	/* Without its flags a shadow entry would be enforced by a milter
	 * that starts from this copy alone. */
	if (prefixes_count_unknown(m->table) > 0 &&
		now - began_ms < FLAGS_WAIT_MS)
		return;
	save(m);
}

void mirror_save(struct mirror *m)
{
	if (is_wanted(m))
		save(m);
}
