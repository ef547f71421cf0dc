/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/petition.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "geo/geoip.h"
#include "store/client.h"
#include "store/details.h"
#include "store/mirror.h"
#include "store/prefixes.h"

#include <string.h>

static bool is_in_force(const struct listing *l)
{
	return l->kind == LIST_BLOCK && !l->shadow && !l->is_scoped;
}

/* ---- looking ---- */

/* The mirror need not know whether an entry is locked: Redis does. */
static enum result read_details(struct redis *r, const struct conf *conf,
	struct arena *a, struct listing *l)
{
	const struct details_bounds bounds = { conf->lists.reason_max,
		conf->lists.value_max };
	struct details d = { .key = l->key };
	enum result res = details_read(r, &bounds, a, &d, 1);

	if (res != RES_OK || d.state != DETAILS_LISTED)
		return res;
	l->is_detailed = true;
	l->class = d.class;
	l->shadow = d.shadow;
	l->force = d.force;
	l->lock = d.lock;
	l->level = d.level;
	l->reason = d.text[DETAILS_REASON];
	l->code = d.text[DETAILS_CODE];
	l->origin = d.text[DETAILS_ORIGIN];
	l->since = d.text[DETAILS_SINCE];
	l->by = d.text[DETAILS_BY];
	l->note = d.text[DETAILS_NOTE];
	l->ref = d.text[DETAILS_REF];
	return RES_OK;
}

/*
 * A table from disk, or one that lost its Redis, is good enough to judge a
 * message by, which may be sent again; what is decided here is final. "Not
 * listed" from an old table would end a request and remove nothing.
 */
static bool is_in_step(struct mirror *m)
{
	struct mirror_status status;

	mirror_read_status(m, &status);
	return status.state == MIRROR_LIVE;
}

static enum result match(struct redis *r, const struct petition_env *env,
	const struct ipaddr *ip, struct arena *a, struct blocklist_result *out)
{
	struct list_client client = { .ip = *ip };
	struct geoip_place place;
	bool has_asked = false;
	enum result res;

	geoip_find(env->geo, ip, &place);
	client.asn = place.asn;
	memcpy(client.country, place.country, sizeof(client.country));
	res = blocklist_match_client(
		env->blocklist, &client, slice_of(""), a, out);

	for (size_t i = 0; res == RES_OK && i < out->count; i++) {
		struct listing *l = &out->entry[i];

		if (!is_in_force(l) || l->is_detailed)
			continue;
		res = read_details(r, env->conf, a, l);
		has_asked = true;
	}
	if (res == RES_OK && has_asked)
		blocklist_decide(out);
	return res;
}

enum result petition_look(struct redis *r, const struct petition_env *env,
	const struct ipaddr *ip, enum grant_proof proof, enum grant_ptr ptr,
	struct arena *a, struct petition *out)
{
	struct cidr net = cidr_of_client(ip);
	struct grant_question q = { .conf = env->conf,
		.now_ms = env->now_ms,
		.listed = &out->listed,
		.ip = ip,
		.standing = &out->standing,
		.proof = proof,
		.ptr = ptr };
	enum result res = RES_OK;

	memset(out, 0, sizeof(*out));
	if (is_in_step(env->mirror))
		res = match(r, env, ip, a, &out->listed);
	if (res == RES_OK)
		res = standing_read(
			r, env->conf, &net, env->now_ms, &out->standing);
	if (res == RES_OK)
		grant_decide(&q, &out->grant);
	return res;
}

/* ---- keys of what goes ---- */

struct keys {
	struct arena *arena;
	struct slice key[DELIST_KEYS_MAX];
	size_t count;
	enum result failed;
};

static void add_key(void *ctx, struct slice key)
{
	struct keys *k = ctx;

	if (k->count == DELIST_KEYS_MAX)
		k->failed = RES_TOOBIG;
	if (k->failed == RES_OK)
		k->failed = arena_copy(k->arena, key, &k->key[k->count]);
	if (k->failed == RES_OK)
		k->count++;
}

static enum result gather(const struct petition_env *env,
	const struct blocklist_result *listed, struct keys *k)
{
	for (size_t i = 0; i < listed->count; i++) {
		const struct listing *l = &listed->entry[i];
		struct prefix_hit hit = { .net = l->net, .kind = l->kind };

		if (is_in_force(l))
			mirror_keys_of(
				env->mirror, &hit, slice_of(""), add_key, k);
	}
	return k->failed;
}

/* ---- confirming ---- */

static unsigned parole_level(const struct petition *p)
{
	unsigned level = p->standing.level;

	for (size_t i = 0; i < p->listed.count; i++) {
		const struct listing *l = &p->listed.entry[i];

		if (is_in_force(l) && l->level > level)
			level = l->level;
	}
	return level > 0 ? level : 1;
}

/* What was proved in all; a mailbox that fits the address proves more. */
static enum grant_proof proof_of(
	const struct delist_request *q, const struct petition_showing *showing)
{
	enum grant_proof proof = grant_proof_parse(q->proof);

	if (proof == GRANT_PROOF_ADMIN)
		proof = GRANT_PROOF_NONE; /* a word that was not said now */
	if (showing->proof > proof)
		proof = showing->proof;
	if (proof == GRANT_PROOF_MAIL &&
		slice_is_equal(q->fits, slice_of("yes")))
		proof = GRANT_PROOF_DOMAIN;
	return proof;
}

/* To which state the answer leads. A name in DNS can be repaired, and old
 * answers are kept for a while: who has done it goes on with the same link. */
static enum delist_state leads_to(const struct grant *g, enum delist_state now)
{
	switch (g->answer) {
	case GRANT_GIVEN:
	case GRANT_EXCEPTION:
		return DELIST_GRANTED;
	case GRANT_WAIT:
		return DELIST_WAIT;
	case GRANT_REVIEW:
		return DELIST_REVIEW;
	case GRANT_DENIED:
		return g->reason == GRANT_PTR && delist_is_open(now)
			? now
			: DELIST_DENIED;
	case GRANT_UNKNOWN:
	case GRANT_PROOF:
		break;
	}
	return now;
}

struct confirmation {
	struct redis *redis;
	const struct petition_env *env;
	const struct petition_showing *showing;
	struct arena *arena;
	struct delist_request *request;
	struct petition *petition;
	enum grant_proof proof;
};

/* A removal, or an exception: what goes, and what is remembered. */
static enum result fill_grant(const struct confirmation *c, struct keys *keys,
	struct delist_settlement *s)
{
	const struct grant *g = &c->petition->grant;
	enum result res;

	if (g->reason == GRANT_NOT_LISTED)
		return RES_OK;
	s->counts = c->proof != GRANT_PROOF_ADMIN;
	s->is_exception = g->answer == GRANT_EXCEPTION;
	if (s->is_exception)
		return RES_OK;
	res = gather(c->env, &c->petition->listed, keys);
	s->keys = keys->key;
	s->key_count = keys->count;
	s->level = parole_level(c->petition);
	return res;
}

static enum result settle(const struct confirmation *c)
{
	const struct petition_showing *showing = c->showing;
	const struct grant *g = &c->petition->grant;
	struct keys keys = { .arena = c->arena };
	struct delist_settlement s = { .rid = slice_of(c->request->rid),
		.token = showing->token,
		.to = leads_to(g, c->request->state),
		.reason = grant_reason_name(g->reason),
		.proof = grant_proof_name(c->proof),
		.needed = grant_proof_name(g->needed),
		.until_ms = g->until_ms,
		.who = showing->who,
		.why = showing->why };
	enum result res = RES_OK;

	if (showing->is_denied) {
		/* An admin's "no" says nothing of our rules. */
		s.to = DELIST_DENIED;
		s.reason = grant_reason_name(GRANT_REASON_NONE);
	} else if (g->answer == GRANT_UNKNOWN && !delist_is_open(s.to)) {
		return RES_OK; /* it waits for a person, and goes on so */
	}
	if (s.to == DELIST_GRANTED)
		res = fill_grant(c, &keys, &s);
	return res == RES_OK
		? delist_settle(c->redis, c->env->conf, &s, c->env->now_ms)
		: res;
}

static enum result read_request(struct confirmation *c)
{
	return delist_read(c->redis, c->env->conf, c->showing->rid,
		c->env->now_ms, c->arena, c->request);
}

enum result petition_confirm(struct redis *r, const struct petition_env *env,
	const struct petition_showing *showing, struct arena *a,
	struct delist_request *after, struct petition *out)
{
	struct confirmation c = { r, env, showing, a, after, out,
		GRANT_PROOF_NONE };
	bool is_admin = showing->proof == GRANT_PROOF_ADMIN;
	enum result res;

	memset(out, 0, sizeof(*out));
	memset(after, 0, sizeof(*after));
	res = read_request(&c);
	if (res != RES_OK)
		return res;
	if (!delist_is_open(after->state) &&
		!(is_admin && after->state == DELIST_REVIEW))
		return RES_MISSING;
	c.proof = proof_of(after, showing);
	res = petition_look(r, env, &after->ip, c.proof,
		grant_ptr_parse(after->ptr), a, out);
	if (res == RES_OK)
		res = settle(&c);
	if (res != RES_OK && res != RES_EXISTS)
		return res;
	return read_request(&c);
}
