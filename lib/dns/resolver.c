/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/resolver.h"

#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "dns/dnscache.h"

#include <unbound.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	BUCKETS = 4096,
	PUMP_MS = 100, /* an asker has its own, finer deadline */
	RECORDS_MAX = 1000,
	FAILURE_MS = 1000, /* how long a failure is believed */
	ESCAPED_MAX = 4 * 256 + 2,
	CLASS_IN = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3
};

struct waiter;

/* One question on its way, for whoever has asked it. */
struct flight {
	struct flight *chain;
	struct flight *earlier; /* by start, which is by deadline */
	struct flight *later;
	struct waiter *waiters;
	struct resolver *resolver;
	int id; /* libunbound's */
	int64_t deadline_ms;
	enum dns_type type;
	size_t len;
	char name[];
};

/* A ticket: one session's interest in a flight; NULL once it has landed. */
struct waiter {
	struct flight *flight;
	struct waiter *next;
	dns_done *done;
	void *at;
};

struct resolver {
	struct dns_source source;
	struct resolver_options options;
	struct ub_ctx *ub;
	struct dnscache *cache;
	pthread_t pump;
	bool has_pump;
	atomic_bool stop;
	pthread_mutex_t lock; /* of all flights and waiters */
	struct flight *bucket[BUCKETS];
	struct flight *first;
	struct flight *last;
	atomic_uint pending;
	_Atomic uint64_t asked;
	_Atomic uint64_t hits;
	_Atomic uint64_t sent;
	_Atomic uint64_t answered;
	_Atomic uint64_t failed;
	_Atomic uint64_t timeouts;
	_Atomic uint64_t refused;
};

/* ---- flights; all under the lock ---- */

static struct flight **bucket_of(
	struct resolver *r, struct slice name, enum dns_type type)
{
	uint32_t h = 2166136261U ^ (uint32_t)type;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.at[i]) * 16777619U;
	return &r->bucket[(h ^ h >> 16) % BUCKETS];
}

static struct flight *flight_find(
	struct resolver *r, struct slice name, enum dns_type type)
{
	struct flight *f = *bucket_of(r, name, type);

	while (f != NULL &&
		(f->type != type || f->len != name.len ||
			memcmp(f->name, name.at, name.len) != 0))
		f = f->chain;
	return f;
}

static struct flight *flight_add(
	struct resolver *r, struct slice name, enum dns_type type)
{
	struct flight **bucket = bucket_of(r, name, type);
	struct flight *f = malloc(sizeof(*f) + name.len);

	if (f == NULL)
		return NULL;
	*f = (struct flight){ .resolver = r,
		.chain = *bucket,
		.earlier = r->last,
		.type = type,
		.len = name.len,
		.deadline_ms = clock_mono_ms(r->options.clock) +
			(int64_t)r->options.timeout_ms };
	memcpy(f->name, name.at, name.len);
	*bucket = f;
	*(r->last != NULL ? &r->last->later : &r->first) = f;
	r->last = f;
	atomic_fetch_add(&r->pending, 1);
	return f;
}

static void flight_free(struct resolver *r, struct flight *f)
{
	struct flight **at = bucket_of(r, slice_make(f->name, f->len), f->type);

	while (*at != f)
		at = &(*at)->chain;
	*at = f->chain;
	*(f->earlier != NULL ? &f->earlier->later : &r->first) = f->later;
	*(f->later != NULL ? &f->later->earlier : &r->last) = f->earlier;
	atomic_fetch_sub(&r->pending, 1);
	free(f);
}

/* Tells all who wait. An asker's lock is taken below ours, never above. */
static void land(struct resolver *r, struct flight *f, struct dns_answer *a)
{
	struct waiter *w = f->waiters;

	while (w != NULL) {
		struct waiter *next = w->next;

		w->flight = NULL;
		w->done(w->at, a);
		w = next;
	}
	flight_free(r, f);
}

/* ---- what comes back ---- */

static void read_rdata(const struct resolver *r, const struct ub_result *ub,
	struct slice *rdata, struct dns_answer *model)
{
	size_t octets = 0;

	for (size_t i = 0; ub->data[i] != NULL; i++) {
		if (i < RECORDS_MAX)
			rdata[i] = slice_make(ub->data[i], (size_t)ub->len[i]);
		octets += (size_t)ub->len[i];
		model->count = i + 1;
	}
	if (model->count <= RECORDS_MAX && octets <= r->options.answer_max) {
		model->status = DNS_FOUND;
		model->ttl_s = ub->ttl < 0 ? 0 : (uint32_t)ub->ttl;
		return;
	}
	model->count = 0;
	model->why = DNS_WHY_TOOBIG;
}

static void read_negative(const struct ub_result *ub, struct dns_answer *model)
{
	model->ttl_s = ub->ttl < 0 ? 0 : (uint32_t)ub->ttl;
	if (ub->rcode == RCODE_NXDOMAIN)
		model->status = DNS_NXDOMAIN;
	else if (ub->rcode == 0)
		model->status = DNS_NODATA;
	else
		model->why = ub->rcode == RCODE_SERVFAIL ? DNS_WHY_SERVFAIL
							 : DNS_WHY_REFUSED;
}

/* NULL: no memory. */
static struct dns_answer *read_result(
	const struct resolver *r, int err, const struct ub_result *ub)
{
	struct dns_answer model = { .status = DNS_UNKNOWN,
		.why = DNS_WHY_SERVFAIL };
	struct slice *rdata = NULL;
	struct dns_answer *a;

	if (err == UB_NOERROR && ub != NULL && ub->bogus) {
		model.why = DNS_WHY_BOGUS;
		model.why_bogus = slice_of(ub->why_bogus);
	} else if (err == UB_NOERROR && ub != NULL) {
		model.why = DNS_WHY_NONE;
		model.is_secure = ub->secure;
		if (ub->havedata && ub->rcode == 0) {
			rdata = calloc(RECORDS_MAX, sizeof(*rdata));
			if (rdata == NULL)
				return NULL;
			read_rdata(r, ub, rdata, &model);
		} else {
			read_negative(ub, &model);
		}
	}
	model.rdata = rdata;
	a = dns_answer_new(&model);
	free(rdata);
	return a;
}

static int64_t life_ms(const struct resolver *r, const struct dns_answer *a)
{
	unsigned cap = r->options.cache_negative_s;

	if (a->status == DNS_UNKNOWN)
		return FAILURE_MS;
	if (a->status == DNS_FOUND)
		cap = r->options.cache_positive_s;
	return (int64_t)(a->ttl_s < cap ? a->ttl_s : cap) * 1000;
}

static void keep(
	struct resolver *r, const struct flight *f, struct dns_answer *a)
{
	int64_t life = life_ms(r, a);

	if (life > 0)
		dnscache_put(r->cache, slice_make(f->name, f->len), f->type, a,
			clock_mono_ms(r->options.clock) + life);
}

/* Of libunbound, on the pump's thread. */
static void on_result(void *at, int err, struct ub_result *ub)
{
	static const struct dns_answer nothing = { .why = DNS_WHY_NOMEM };
	struct flight *f = at;
	struct resolver *r = f->resolver;
	struct dns_answer *a = read_result(r, err, ub);

	ub_resolve_free(ub);
	atomic_fetch_add(&r->answered, 1);
	if (a == NULL)
		a = dns_answer_new(&nothing);
	if (a == NULL)
		return; /* Its deadline comes. */
	if (a->status == DNS_UNKNOWN)
		atomic_fetch_add(&r->failed, 1);
	pthread_mutex_lock(&r->lock);
	keep(r, f, a);
	land(r, f, a);
	pthread_mutex_unlock(&r->lock);
	dns_answer_release(a);
}

static void drop_late(struct resolver *r)
{
	static const struct dns_answer model = { .why = DNS_WHY_TIMEOUT };
	struct dns_answer *late = NULL;
	int64_t now = clock_mono_ms(r->options.clock);

	pthread_mutex_lock(&r->lock);
	while (r->first != NULL && r->first->deadline_ms <= now) {
		struct flight *f = r->first;

		if (late == NULL)
			late = dns_answer_new(&model);
		if (late == NULL)
			break;
		ub_cancel(r->ub, f->id);
		atomic_fetch_add(&r->timeouts, 1);
		keep(r, f, late);
		land(r, f, late);
	}
	pthread_mutex_unlock(&r->lock);
	dns_answer_release(late);
}

static void *pump(void *at)
{
	struct resolver *r = at;
	struct pollfd fd = { .fd = ub_fd(r->ub), .events = POLLIN };

	while (!atomic_load(&r->stop)) {
		if (poll(&fd, 1, PUMP_MS) > 0)
			ub_process(r->ub);
		drop_late(r);
	}
	return NULL;
}

/* ---- asking ---- */

/* Text as libunbound reads it, RFC 1035 s5.1. */
static void escape(struct slice name, char out[ESCAPED_MAX])
{
	char *to = out;

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (c > ' ' && c <= '~' && c != '\\')
			*to++ = (char)c;
		else
			to += snprintf(to, 5, "\\%03u", c);
	}
	*to++ = '.';
	*to = '\0';
}

static struct dns_answer *refuse(struct resolver *r, enum dns_why why)
{
	const struct dns_answer model = { .why = why };

	atomic_fetch_add(&r->refused, 1);
	return dns_answer_new(&model);
}

static struct flight *send_off(
	struct resolver *r, struct slice name, enum dns_type type)
{
	struct flight *f = flight_add(r, name, type);
	char text[ESCAPED_MAX];

	if (f == NULL)
		return NULL;
	escape(name, text);
	if (ub_resolve_async(r->ub, text, (int)type, CLASS_IN, f, on_result,
		    &f->id) != UB_NOERROR) {
		flight_free(r, f);
		return NULL;
	}
	atomic_fetch_add(&r->sent, 1);
	return f;
}

static struct dns_answer *known(
	struct resolver *r, struct slice name, enum dns_type type)
{
	struct dns_answer *a = dnscache_find(
		r->cache, name, type, clock_mono_ms(r->options.clock));

	if (a != NULL)
		atomic_fetch_add_explicit(&r->hits, 1, memory_order_relaxed);
	return a;
}

/* Waits for the flight of that question, or for a new one. An answer may have
 * come since the cache was looked at: *a is that. False: neither. */
static bool board(struct resolver *r, struct slice name, enum dns_type type,
	struct waiter *w, struct dns_answer **a)
{
	struct flight *f;

	pthread_mutex_lock(&r->lock);
	f = flight_find(r, name, type);
	*a = f == NULL ? known(r, name, type) : NULL;
	if (f == NULL && *a == NULL)
		f = send_off(r, name, type);
	if (f != NULL) {
		w->flight = f;
		w->next = f->waiters;
		f->waiters = w;
	}
	pthread_mutex_unlock(&r->lock);
	return f != NULL;
}

static struct dns_answer *start(void *ctx, struct slice name,
	enum dns_type type, dns_done *done, void *at, void **ticket)
{
	struct resolver *r = ctx;
	struct dns_answer *a = known(r, name, type);
	struct waiter *w;

	*ticket = NULL;
	atomic_fetch_add_explicit(&r->asked, 1, memory_order_relaxed);
	if (a != NULL)
		return a;
	if (atomic_load(&r->pending) >= r->options.pending_max)
		return refuse(r, DNS_WHY_QUEUE);
	w = malloc(sizeof(*w));
	if (w == NULL)
		return refuse(r, DNS_WHY_NOMEM);
	*w = (struct waiter){ .done = done, .at = at };
	if (board(r, name, type, w, &a)) {
		*ticket = w;
		return NULL;
	}
	free(w);
	return a != NULL ? a : refuse(r, DNS_WHY_DOWN);
}

/* The flight goes on without its waiters: the cache takes what it brings. */
static void finish(void *ctx, void *ticket)
{
	struct resolver *r = ctx;
	struct waiter *w = ticket;

	pthread_mutex_lock(&r->lock);
	if (w->flight != NULL) {
		struct waiter **at = &w->flight->waiters;

		while (*at != w)
			at = &(*at)->next;
		*at = w->next;
	}
	pthread_mutex_unlock(&r->lock);
	free(w);
}

/* ---- birth and death ---- */

/*
 * libunbound answers some zones by itself unless told otherwise, and tells so
 * only by a file. Private reverse zones are ours to ask: clients have such
 * addresses.
 */
static const char own_conf[] = "server:\n"
			       "  local-zone: \"test.\" nodefault\n"
			       "  local-zone: \"invalid.\" nodefault\n"
			       "  unblock-lan-zones: yes\n"
			       "  insecure-lan-zones: yes\n"
			       "  do-not-query-localhost: no\n"
			       "  msg-cache-size: 16m\n"
			       "  rrset-cache-size: 32m\n"
			       "  outgoing-range: 1024\n"
			       "  num-queries-per-thread: 4096\n"
			       "  outgoing-num-tcp: 64\n"
			       "  edns-buffer-size: 1232\n"
			       "  so-rcvbuf: 0\n"
			       "  prefetch: yes\n";

static enum result complain(struct buf *why, const char *what, int err)
{
	buf_add_format(why, "%s: %s", what, ub_strerror(err));
	return RES_SYNTAX;
}

static enum result load_own(struct resolver *r, struct buf *why)
{
	char path[64];
	int fd = memfd_create("reprieve-dns", MFD_CLOEXEC);
	int err = UB_NOMEM;

	if (fd >= 0 &&
		write(fd, own_conf, strlen(own_conf)) ==
			(ssize_t)strlen(own_conf)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		err = ub_ctx_config(r->ub, path);
	}
	if (fd >= 0)
		close(fd);
	return err == UB_NOERROR ? RES_OK
				 : complain(why, "options of libunbound", err);
}

static enum result load_servers(struct resolver *r, struct buf *why)
{
	const struct resolver_options *o = &r->options;

	for (size_t i = 0; i < o->forward_count; i++) {
		int err = ub_ctx_set_fwd(r->ub, o->forward[i]);

		if (err != UB_NOERROR)
			return complain(why, o->forward[i], err);
	}
	/* Without a resolv.conf libunbound asks from the root on. */
	if (o->forward_count == 0 && access("/etc/resolv.conf", R_OK) == 0 &&
		ub_ctx_resolvconf(r->ub, NULL) != UB_NOERROR)
		buf_add_text(why, "/etc/resolv.conf names no server");
	return RES_OK;
}

static enum result load_all(struct resolver *r, struct buf *why)
{
	const struct resolver_options *o = &r->options;
	enum result res = load_own(r, why);
	int err = UB_NOERROR;

	if (res == RES_OK)
		res = load_servers(r, why);
	if (res != RES_OK)
		return res;
	if (o->dnssec) {
		err = ub_ctx_add_ta_file(r->ub, o->trust_anchor);
		if (err != UB_NOERROR)
			return complain(why, o->trust_anchor, err);
	} else {
		/* No anchor: nothing is validated. */
		(void)ub_ctx_set_option(r->ub, "module-config:", "iterator");
	}
	if (o->unbound_conf[0] != '\0')
		err = ub_ctx_config(r->ub, o->unbound_conf);
	return err == UB_NOERROR ? RES_OK : complain(why, o->unbound_conf, err);
}

enum result resolver_open(struct resolver **out,
	const struct resolver_options *o, struct buf *why)
{
	struct resolver *r = calloc(1, sizeof(*r));
	enum result res = RES_NOMEM;

	*out = NULL;
	if (r == NULL)
		return RES_NOMEM;
	pthread_mutex_init(&r->lock, NULL);
	r->options = *o;
	r->source = (struct dns_source){ start, finish, r };
	r->cache = dnscache_new(o->cache_octets);
	r->ub = ub_ctx_create();
	if (r->cache == NULL || r->ub == NULL)
		goto fail;
	res = load_all(r, why);
	if (res != RES_OK)
		goto fail;
	res = RES_DOWN;
	if (ub_ctx_async(r->ub, 1) != UB_NOERROR ||
		pthread_create(&r->pump, NULL, pump, r) != 0) {
		buf_add_format(why, "no thread: %s", strerror(errno));
		goto fail;
	}
	r->has_pump = true;
	*out = r;
	return RES_OK;
fail:
	resolver_close(r);
	return res;
}

enum result resolver_open_conf(struct resolver **out, const struct conf *conf,
	const struct clock *clock, struct buf *why)
{
	const struct conf_dns *dns = &conf->dns;
	const struct resolver_options options = {
		.forward = (const char *const *)dns->forward,
		.forward_count = dns->forward_count,
		.unbound_conf = dns->unbound_conf,
		.dnssec = dns->dnssec,
		.trust_anchor = dns->trust_anchor,
		.timeout_ms = dns->timeout_ms,
		.pending_max = dns->pending_max,
		.cache_octets = dns->cache_octets,
		.cache_positive_s = dns->cache_positive_s,
		.cache_negative_s = dns->cache_negative_s,
		.answer_max = dns->answer_max,
		.clock = clock,
	};

	return resolver_open(out, &options, why);
}

void resolver_close(struct resolver *r)
{
	if (r == NULL)
		return;
	atomic_store(&r->stop, true);
	if (r->has_pump)
		pthread_join(r->pump, NULL);
	for (struct flight *f = r->first; f != NULL; f = f->later)
		ub_cancel(r->ub, f->id);
	if (r->ub != NULL)
		ub_ctx_delete(r->ub);
	while (r->first != NULL)
		flight_free(r, r->first);
	dnscache_free(r->cache);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

const struct dns_source *resolver_source(struct resolver *r)
{
	return &r->source;
}

void resolver_read_count(struct resolver *r, struct resolver_count *out)
{
	*out = (struct resolver_count){
		.asked = atomic_load(&r->asked),
		.hits = atomic_load(&r->hits),
		.sent = atomic_load(&r->sent),
		.answered = atomic_load(&r->answered),
		.failed = atomic_load(&r->failed),
		.timeouts = atomic_load(&r->timeouts),
		.refused = atomic_load(&r->refused),
		.pending = atomic_load(&r->pending),
		.cache_octets = dnscache_octets(r->cache),
	};
}
