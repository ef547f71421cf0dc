/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/dashdata.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "portal/visit.h"
#include "store/blocklist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CANDIDATES_MAX = TRAFFIC_ADDRESSES_MAX + TRAFFIC_COUNTERS,
	MATCH_MEMORY = 64 * 1024
};

/* ---- numbers ---- */

uint64_t dashdata_delivered(const struct traffic_day *t)
{
	return t->count[TRAFFIC_ACCEPTED] + t->count[TRAFFIC_MARKED];
}

bool dashdata_is_empty(const struct traffic_day *t)
{
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		if (t->count[i] > 0)
			return false;
	return true;
}

void dashdata_sum(struct traffic_day *to, const struct traffic_day *more)
{
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		to->count[i] += more->count[i];
}

size_t dashdata_day_of(const struct dashdata *d, int64_t wall_ms)
{
	const int64_t today = d->now_ms / DASHDATA_DAY_MS;
	const int64_t day = wall_ms / DASHDATA_DAY_MS;

	if (wall_ms <= 0 || today - day > (int64_t)d->days)
		return d->days;
	return day > today ? 0 : (size_t)(today - day);
}

const char *dashdata_date(
	const struct dashdata *d, size_t day, char out[DASHDATA_DATE_MAX])
{
	char text[SUMS_DAY_MAX];

	sums_day(d->now_ms - (int64_t)day * DASHDATA_DAY_MS, text);
	snprintf(out, DASHDATA_DATE_MAX, "%.4s-%.2s-%.2s", text, text + 4,
		text + 6);
	return out;
}

static enum result read_numbers(struct redis *r, const struct conf *conf,
	const struct fbl_subject *s, struct dashdata *d)
{
	char subject[FBL_SUBJECT_MAX];
	enum result res = RES_OK;

	if (s->is_net)
		res = traffic_subject(&s->net, subject);
	else
		snprintf(subject, sizeof(subject), "domain:%s", s->domain);
	if (res == RES_OK)
		res = traffic_read(
			r, conf, slice_of(subject), d->now_ms, d->days, d->day);
	if (res != RES_OK || !s->is_net || !traffic_is_network(&s->net))
		return res;
	d->row = calloc(DASHDATA_ROWS_MAX, sizeof(*d->row));
	if (d->row == NULL)
		return RES_NOMEM;
	return traffic_rows(r, conf, &s->net, d->now_ms, d->days,
		DASHDATA_ROWS_MAX, d->row, &d->row_count, &d->row_days);
}

/* ---- who may be on the list ---- */

struct candidates {
	struct cidr net[CANDIDATES_MAX];
	enum dashdata_list list[CANDIDATES_MAX];
	bool known[CANDIDATES_MAX];
	size_t count;
};

static void add_candidate(struct candidates *c, const struct cidr *net)
{
	for (size_t i = 0; i < c->count; i++)
		if (cidr_is_equal(&c->net[i], net))
			return;
	if (c->count < CANDIDATES_MAX)
		c->net[c->count++] = *net;
}

/* All of an IPv4 network, of an IPv6 one those with numbers. */
static void find_candidates(struct candidates *c, const struct dashdata *d)
{
	const struct cidr *net = &d->subject->net;
	struct ipaddr ip = net->net;

	if (!traffic_is_network(net)) {
		add_candidate(c, net);
	} else if (cidr_is_v4(net)) {
		for (unsigned i = 0; i < 256; i++) {
			struct cidr one;

			ip.octet[sizeof(ip.octet) - 1] = (uint8_t)i;
			one = cidr_of_client(&ip);
			add_candidate(c, &one);
		}
	} else {
		for (size_t i = 0; i < d->row_count; i++)
			add_candidate(c, &d->row[i].net);
	}
}

static enum result ask_list(struct visit *v, struct candidates *c)
{
	struct blocklist *list = context_blocklist(v->site.context);
	struct arena *a = arena_new(MATCH_MEMORY);
	enum result res = a == NULL ? RES_NOMEM : RES_OK;

	for (size_t i = 0; i < c->count && res == RES_OK && list != NULL; i++) {
		struct blocklist_result found;

		arena_reset(a);
		res = blocklist_match(
			list, &c->net[i].net, slice_of(""), a, &found);
		if (res != RES_OK || found.answer == BLOCKLIST_UNKNOWN)
			continue;
		c->list[i] = found.answer == BLOCKLIST_BLOCKED ? DASHDATA_LISTED
							       : DASHDATA_CLEAR;
	}
	arena_free(a);
	return res;
}

static bool has_event(const struct dashdata *d, const struct standing *s)
{
	for (size_t i = 0; i < s->log_count; i++)
		if (dashdata_day_of(d, s->log[i].at_ms) < d->days)
			return true;
	return s->state == STANDING_PAROLE;
}

static enum result look_at(struct redis *r, const struct conf *conf,
	struct dashdata *d, const struct candidates *c, size_t i)
{
	struct standing s = { .state = STANDING_UNKNOWN };
	enum result res = RES_OK;

	if (c->known[i])
		res = standing_read(r, conf, &c->net[i], d->now_ms, &s);
	if (res != RES_OK ||
		(c->list[i] != DASHDATA_LISTED && !has_event(d, &s)))
		return res;
	if (d->address_count == DASHDATA_ADDRESSES_MAX) {
		d->has_more = true;
		return RES_OK;
	}
	d->address[d->address_count++] = (struct dashdata_address){
		.net = c->net[i],
		.list = c->list[i],
		.standing = s,
	};
	return RES_OK;
}

static enum result read_list(struct redis *r, struct visit *v,
	struct candidates *c, struct dashdata *d)
{
	enum result res;

	find_candidates(c, d);
	d->address = calloc(DASHDATA_ADDRESSES_MAX, sizeof(*d->address));
	if (d->address == NULL)
		return RES_NOMEM;
	res = ask_list(v, c);
	if (res == RES_OK)
		res = standing_known(
			r, v->site.conf, c->net, c->count, c->known);
	d->is_list_known = true;
	for (size_t i = 0; i < c->count && res == RES_OK; i++) {
		if (c->list[i] == DASHDATA_UNKNOWN)
			d->is_list_known = false;
		if (!d->has_more)
			res = look_at(r, v->site.conf, d, c, i);
	}
	return res;
}

/* ---- both ---- */

enum result dashdata_read(struct redis *r, struct visit *v,
	const struct fbl_subject *subject, struct dashdata *out)
{
	const struct conf *conf = v->site.conf;
	struct candidates *c = calloc(1, sizeof(*c));
	enum result res = RES_NOMEM;

	*out = (struct dashdata){
		.subject = subject,
		.now_ms = v->now_ms,
		.days = conf->traffic.keep_days,
	};
	out->day = calloc(out->days, sizeof(*out->day));
	if (c != NULL && out->day != NULL)
		res = read_numbers(r, conf, subject, out);
	if (res == RES_OK && subject->is_net)
		res = read_list(r, v, c, out);
	free(c);
	if (res != RES_OK)
		dashdata_clear(out);
	return res;
}

void dashdata_clear(struct dashdata *d)
{
	free(d->day);
	free(d->row);
	free(d->address);
	*d = (struct dashdata){ .days = 0 };
}
