/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mirrorloop.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/table.h"
#include "conf/conf.h"
#include "store/eviction.h"
#include "store/link.h"
#include "store/loss.h"
#include "store/mirrorapply.h"
#include "store/mirrorload.h"
#include "store/mirrorsave.h"
#include "store/mirrortrust.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
	BACKOFF_MS = 100, /* first pause, doubled up to ... */
	BACKOFF_MAX_MS = 500, /* an edit counts within a second */
	STABLE_MS = 1000, /* served that long: the next pause is short again */
	EVICTION_MS = 60000,
	CURRENT_MS = 3000, /* sentinels are asked this often */
	RESCAN_MS = 1000, /* during a grace, when something was pushed, and */
	RESCAN_LOADS = 10, /* that many times what a load takes */
	IDLE_MS = 1000,
	POUR_MS = 5000 /* no name waits longer to be asked about */
};

/* When to do what next, monotonic. */
struct timers {
	int64_t began_ms;
	int64_t ping_ms;
	int64_t eviction_ms;
	int64_t current_ms;
	int64_t rescan_ms;
	bool is_pinged; /* the answer is still to come */
};

/* What outlives a connection but is nobody else's. */
struct loop {
	struct mirror *m;
	unsigned backoff_ms;
	bool is_down; /* said so in the log */
	enum eviction eviction;
	struct timers at;
};

static int64_t now_ms(const struct loop *l)
{
	return clock_mono_ms(l->m->clock);
}

/* ---- pauses ---- */

static void pause_a_while(struct loop *l)
{
	uint64_t half = l->backoff_ms / 2;
	struct pollfd p = { .fd = l->m->stop_fd, .events = POLLIN };

	(void)poll(&p, 1, (int)(half + random_u64() % (half + 1)));
	l->backoff_ms = l->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS
							   : l->backoff_ms * 2;
}

/* ---- what people see ---- */

static void publish(struct mirror *m)
{
	int64_t now = clock_mono_ms(m->clock);

	pthread_mutex_lock(&m->status_lock);
	m->status.pending = mirror_waiting(m);
	m->status.lag_ms = now - pending_oldest_ms(m->pending, now);
	m->status.ignored = table_count(m->junk);
	/* Here, since growing changes it without the lock. */
	m->status.memory = prefixes_memory(m->table);
	pthread_mutex_unlock(&m->status_lock);
}

static void set_server(struct mirror *m, const char *name)
{
	struct buf text;

	buf_init(&text, sizeof(m->status.server) - 1);
	buf_add_text(&text, name);
	pthread_mutex_lock(&m->status_lock);
	memcpy(m->status.server, buf_text(&text), text.len + 1);
	pthread_mutex_unlock(&m->status_lock);
	buf_clear(&text);
}

/* The table is no longer in step; a grace goes on, and what came from disk
 * stays what it is. */
static void set_stale(struct mirror *m)
{
	enum mirror_state state;

	pthread_mutex_lock(&m->status_lock);
	state = m->status.state;
	pthread_mutex_unlock(&m->status_lock);
	if (state == MIRROR_LIVE)
		mirror_set_state(m, MIRROR_STALE);
}

static void say_lost(struct loop *l, const char *text)
{
	struct mirror *m = l->m;

	set_stale(m);
	set_server(m, "");
	mirror_set_error(m, text);
	if (l->is_down)
		return;
	l->is_down = true;
	log_message(LOG_LEVEL_ERROR, "mirror",
		"out of step with Redis (%s); %s", text,
		m->has_table ? "serving the last list" : "there is no list");
}

static void say_live(struct loop *l)
{
	struct mirror *m = l->m;

	mirror_set_error(m, m->is_full ? MIRROR_FULL : "");
	set_server(m, m->feed.name);
	if (!l->is_down)
		return;
	l->is_down = false;
	log_message(LOG_LEVEL_NOTICE, "mirror", "in step with %s again",
		m->feed.name);
}

/* ---- eviction ---- */

static enum result check_eviction(struct loop *l)
{
	char policy[EVICTION_POLICY_MAX] = "";
	enum eviction now = EVICTION_UNKNOWN;
	enum result res = eviction_read(l->m->feed.ask, &now, policy);

	if (res != RES_OK)
		return res;
	pthread_mutex_lock(&l->m->status_lock);
	l->m->status.eviction_risk =
		now == EVICTION_RISK || now == EVICTION_LATER;
	pthread_mutex_unlock(&l->m->status_lock);
	/* A risk is repeated each minute: blocks may vanish any time. */
	if (now == EVICTION_RISK)
		log_message(LOG_LEVEL_ERROR, "mirror",
			"maxmemory-policy %s lets Redis delete our lists; use "
			"noeviction or volatile-ttl",
			policy);
	if (now == EVICTION_LATER && l->eviction != now)
		log_message(LOG_LEVEL_WARNING, "mirror",
			"maxmemory-policy %s would let Redis delete our lists "
			"once maxmemory is set",
			policy);
	l->eviction = now;
	return RES_OK;
}

/* ---- loss and grace ---- */

/* What we serve, without what has expired by itself. */
static size_t count_alive(const struct mirror *m)
{
	int64_t now_s = clock_mono_ms(m->clock) / 1000;
	struct prefix_cursor c = { 0 };
	struct prefix_entry e;
	size_t count = 0;

	if (!m->has_table)
		return 0;
	while (prefixes_next(m->table, &c, &e))
		count += e.expire_s == 0 || (int64_t)e.expire_s > now_s;
	return count;
}

static bool is_lost(const struct mirror *m, const char *generation)
{
	struct loss_facts f = {
		.old_count = m->has_table ? prefixes_count(m->table) : 0,
		.new_count = prefixes_count(m->aside),
		.remembered = slice_of(m->generation),
		.generation = slice_of(generation),
	};

	if (loss_judge(&f) != LOSS_LOST)
		return false;
	f.old_count = count_alive(m);
	return loss_judge(&f) == LOSS_LOST;
}

static void set_grace(struct mirror *m, int64_t until_ms)
{
	int64_t left = until_ms - clock_mono_ms(m->clock);

	m->grace_until_ms = until_ms;
	pthread_mutex_lock(&m->status_lock);
	m->status.grace_until_ms =
		until_ms == 0 ? 0 : clock_wall_ms(m->clock) + left;
	pthread_mutex_unlock(&m->status_lock);
}

static void keep_old(struct loop *l)
{
	struct mirror *m = l->m;
	unsigned grace_s = m->conf->lists.loss_grace_s;

	if (m->grace_until_ms == 0) {
		set_grace(m, now_ms(l) + (int64_t)grace_s * 1000);
		log_message(LOG_LEVEL_CRIT, "mirror",
			"Redis at %s lost its data: %zu entries instead of "
			"%zu; serving the last list for %u s, then following "
			"Redis; to follow at once: SET %slists:generation",
			m->feed.name, prefixes_count(m->aside),
			prefixes_count(m->table), grace_s,
			m->conf->redis.prefix);
	}
	mirror_drop_aside(m);
	mirror_set_state(m, MIRROR_GRACE);
	mirror_set_error(m, "Redis lost its data");
	set_server(m, m->feed.name);
	mirror_set_synced(m);
	l->is_down = false;
}

static void end_grace(struct mirror *m)
{
	if (m->grace_until_ms == 0)
		return;
	log_message(LOG_LEVEL_NOTICE, "mirror",
		m->is_accepted ? "the loss of data was accepted, %zu entries"
			: clock_mono_ms(m->clock) >= m->grace_until_ms
			? "the grace is over, following Redis with %zu entries"
			: "the data is back, %zu entries",
		prefixes_count(m->aside));
	set_grace(m, 0);
}

/* A load is complete: is it to be believed? */
static enum result settle(struct loop *l)
{
	struct mirror *m = l->m;
	char generation[GENERATION_MAX];
	bool may_keep = m->conf->lists.loss_grace_s > 0 && !m->is_accepted &&
		(m->grace_until_ms == 0 || now_ms(l) < m->grace_until_ms);
	enum result res;

	m->generation_touched = false;
	res = mirror_read_generation(m, generation);
	if (res != RES_OK) {
		mirror_drop_aside(m);
		return res;
	}
	if (may_keep && is_lost(m, generation)) {
		keep_old(l);
		return RES_OK;
	}
	end_grace(m);
	m->is_accepted = false;
	mirror_swap(m);
	mirror_ensure_generation(m);
	say_live(l);
	mirror_set_synced(m);
	mirror_set_state(m, MIRROR_LIVE);
	return RES_OK;
}

/* ---- serving ---- */

/* The generation key was touched. *reload: what it says changes what we
 * serve. */
static enum result look_at_generation(struct mirror *m, bool *reload)
{
	char now[GENERATION_MAX];
	enum result res;

	m->generation_touched = false;
	if (m->grace_until_ms == 0) {
		/* Remembers a new value; one that was deleted is written
		 * again after the next load, when we know it is no loss. */
		res = mirror_read_generation(m, now);
		if (res == RES_OK && now[0] != '\0')
			mirror_ensure_generation(m);
		return res;
	}
	res = mirror_read_generation(m, now);
	if (res != RES_OK)
		return res;
	m->is_accepted =
		loss_is_accepted(slice_of(m->generation), slice_of(now));
	*reload = m->is_accepted ||
		(now[0] != '\0' && strcmp(now, m->generation) == 0);
	return RES_OK;
}

static enum result ping(struct loop *l)
{
	const struct slice word = slice_of("PING");
	struct mirror *m = l->m;
	struct redis_reply reply;
	int64_t now = now_ms(l);
	enum result res;

	if (m->feed.ping_ms != 0 &&
		now - m->feed.ping_ms > m->conf->redis.sync_timeout_ms)
		return RES_TIMEOUT;
	/* Answered, and nothing waits: what we serve is what Redis has. */
	if (l->at.is_pinged && m->feed.ping_ms == 0 && mirror_waiting(m) == 0) {
		l->at.is_pinged = false;
		mirror_set_synced(m);
	}
	if (now < l->at.ping_ms)
		return RES_OK;
	l->at.ping_ms = now + m->conf->redis.ping_ms;
	res = feed_ping(&m->feed, now);
	l->at.is_pinged = true;
	/* The other connection too, or a server with "timeout" set hangs up
	 * on it. */
	if (res == RES_OK)
		res = redis_command(m->feed.ask, &word, 1, &reply);
	return res;
}

/* Do the sentinels still name this server? Asked with little patience, and
 * less often when they are slow: edits wait meanwhile. */
static bool is_current(struct loop *l, int64_t now)
{
	struct mirror *m = l->m;
	const struct link_request q = { .purpose = LINK_READ,
		.timeout_ms = m->conf->redis.timeout_ms,
		.cancel = m->stop_fd };
	bool is;

	if (now < l->at.current_ms)
		return true;
	is = link_is_current(m->conf, &q, &m->feed.server);
	l->at.current_ms = now_ms(l) + CURRENT_MS + 20 * (now_ms(l) - now);
	return is;
}

static enum result run_timers(struct loop *l, bool *reload)
{
	struct mirror *m = l->m;
	int64_t now = now_ms(l);
	enum result res = ping(l);

	if (res == RES_OK && now >= l->at.eviction_ms) {
		l->at.eviction_ms = now + EVICTION_MS;
		res = check_eviction(l);
	}
	if (res == RES_OK && !is_current(l, now))
		res = RES_READONLY;
	if (m->grace_until_ms != 0 &&
		(now >= m->grace_until_ms ||
			(m->touched > 0 && now >= l->at.rescan_ms)))
		*reload = true;
	mirror_save_if_due(m, l->at.began_ms);
	return res;
}

/*
 * Is it time to ask Redis about pushed names? While an import pours them in,
 * announcing them is enough, and asking would make the next ones wait.
 */
static bool is_time_to_apply(const struct loop *l, bool is_pouring)
{
	const struct mirror *m = l->m;
	size_t count = pending_count(m->pending);
	int64_t now = now_ms(l);

	if (count <= APPLY_MIN || !is_pouring || m->grace_until_ms != 0)
		return count > 0;
	return count > PENDING_MAX / 2 ||
		now - pending_oldest_ms(m->pending, now) > POUR_MS;
}

/* Some work, if there is any. is_pouring: names came in this turn. */
static enum result work(struct loop *l, bool is_pouring, bool *did)
{
	struct mirror *m = l->m;
	bool applied = is_time_to_apply(l, is_pouring);
	enum result res = RES_OK;

	mirror_announce(m);
	if (applied)
		res = mirror_apply_pending(m);
	if (res == RES_OK)
		res = mirror_trust_apply(m);
	*did = applied;
	/* Edits first; but a steady trickle of them must not keep the rest
	 * waiting for ever. */
	if (res != RES_OK || pending_count(m->pending) > APPLY_MIN)
		return res;
	res = mirror_apply_marks(m);
	if (res == RES_OK)
		res = mirror_read_flags(m, did);
	*did = *did || applied;
	return res;
}

static void sleep_until_news(struct loop *l)
{
	struct mirror *m = l->m;
	struct pollfd p[] = {
		{ .fd = redis_descriptor(m->feed.push), .events = POLLIN },
		{ .fd = m->stop_fd, .events = POLLIN },
		{ .fd = m->wake_fd, .events = POLLIN },
	};
	int64_t wait = l->at.ping_ms - now_ms(l);
	uint64_t count;

	if (m->grace_until_ms != 0 && m->grace_until_ms - now_ms(l) < wait)
		wait = m->grace_until_ms - now_ms(l);
	if (wait > IDLE_MS)
		wait = IDLE_MS;
	(void)poll(p, 3, wait > 0 ? (int)wait : 0);
	if (p[2].revents != 0 && read(m->wake_fd, &count, sizeof(count)) < 0)
		return; /* nothing lost: it wakes us again */
}

/* One turn. *reload: begin from anew; *idle: nothing left to do. */
static enum result turn(struct loop *l, bool *reload, bool *idle)
{
	struct mirror *m = l->m;
	uint64_t before = m->touched;
	bool more = false, did = false;
	enum result res = mirror_drain(m, &more);
	bool is_pouring = m->touched != before;

	if (m->flushed || m->overflown) {
		*reload = true;
		return res;
	}
	if (res == RES_OK && m->generation_touched)
		res = look_at_generation(m, reload);
	if (res == RES_OK)
		res = work(l, is_pouring, &did);
	if (res == RES_OK)
		res = run_timers(l, reload);
	*idle = !did && !more && mirror_waiting(m) == 0;
	return res;
}

/* Until a reload is wanted (RES_OK) or the link is lost. */
static enum result serve(struct loop *l)
{
	struct mirror *m = l->m;
	bool reload = false, idle = false;
	enum result res = RES_OK;

	l->at.began_ms = now_ms(l);
	l->at.ping_ms = l->at.began_ms;
	l->at.is_pinged = false;
	l->at.current_ms = l->at.began_ms + CURRENT_MS;
	l->at.rescan_ms =
		l->at.began_ms + RESCAN_MS + RESCAN_LOADS * m->status.load_ms;
	m->touched = 0;
	while (res == RES_OK && !reload) {
		if (mirror_is_stopping(m))
			return RES_DOWN;
		res = turn(l, &reload, &idle);
		publish(m);
		if (res == RES_OK && !reload && idle)
			sleep_until_news(l);
	}
	return res;
}

static void note_stable(struct loop *l)
{
	if (now_ms(l) - l->at.began_ms >= STABLE_MS)
		l->backoff_ms = BACKOFF_MS;
}

/* Load and serve, again and again, as long as the link holds. */
static enum result follow(struct loop *l)
{
	struct mirror *m = l->m;
	enum result res = check_eviction(l);

	l->at.eviction_ms = now_ms(l) + EVICTION_MS;
	while (res == RES_OK) {
		res = mirror_load(m);
		if (res == RES_OK)
			res = settle(l);
		if (res == RES_OK) {
			publish(m);
			res = serve(l);
			note_stable(l);
		}
		/* Too much was pushed, or all of it flushed: from anew. */
		if (res == RES_FULL && !redis_is_broken(m->feed.ask))
			res = RES_OK;
		if (res != RES_OK || mirror_is_stopping(m))
			break;
		if (m->flushed || m->overflown)
			set_stale(m);
		pause_a_while(l);
	}
	return res;
}

/* In words; "why" is what the connect said, the status what the server said
 * later. */
static const char *explain(enum result res, const char *why, const char *error)
{
	if (why[0] != '\0')
		return why;
	if (res == RES_TIMEOUT)
		return "no answer in time";
	if (res == RES_READONLY)
		return "another server is primary now";
	if (res != RES_DOWN && error[0] != '\0')
		return error;
	return "connection lost";
}

static void run_once(struct loop *l)
{
	struct mirror *m = l->m;
	char error[MIRROR_ERROR_MAX];
	struct buf why;
	enum result res;

	buf_init(&why, MIRROR_ERROR_MAX - 1);
	res = feed_open(&m->feed, m->conf, m->stop_fd, &why);
	if (res == RES_OK) {
		res = follow(l);
		feed_close(&m->feed);
		pending_clear(m->pending);
		pending_clear(m->trust_pending);
		publish(m);
	}
	mirror_read_error(m, error);
	if (!mirror_is_stopping(m))
		say_lost(l, explain(res, buf_text(&why), error));
	buf_clear(&why);
}

void *mirror_run(void *arg)
{
	struct loop l = { .m = arg, .backoff_ms = BACKOFF_MS };

	while (!mirror_is_stopping(l.m)) {
		run_once(&l);
		if (mirror_is_stopping(l.m))
			break;
		pause_a_while(&l);
	}
	return NULL;
}
