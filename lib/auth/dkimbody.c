/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkimbody.h"

#include "auth/canon.h"
#include "auth/dkimsig.h"
#include "base/arena.h"
#include "base/digest.h"

struct view {
	enum canon how;
	uint64_t limit; /* l=, or UINT64_MAX */
	struct digest *digest;
	struct canon_sink sink;
	struct canon_body body;
	/* All of it, to compare l= with; not for UINT64_MAX. */
	struct canon_sink whole_sink;
	struct canon_body whole;
	uint64_t octets;
	uint8_t hash[SHA256_LEN];
};

struct dkimbody {
	struct arena *arena;
	struct view *view[DKIMBODY_VIEWS_MAX];
	size_t count;
};

struct dkimbody *dkimbody_new(struct arena *a)
{
	struct dkimbody *b = arena_alloc(a, sizeof(*b));

	if (b != NULL)
		b->arena = a;
	return b;
}

void dkimbody_free(struct dkimbody *b)
{
	for (size_t i = 0; b != NULL && i < b->count; i++)
		digest_free(b->view[i]->digest);
}

static bool is_limited(const struct view *v)
{
	return v->limit != UINT64_MAX;
}

static void count_octets(void *ctx, struct slice text)
{
	uint64_t *octets = ctx;

	*octets += text.len;
}

static enum result add_view(struct dkimbody *b, enum canon how, uint64_t limit)
{
	struct view *v;

	if (b->count == DKIMBODY_VIEWS_MAX)
		return RES_TOOBIG;
	v = arena_alloc(b->arena, sizeof(*v));
	if (v == NULL)
		return RES_NOMEM;
	v->how = how;
	v->limit = limit;
	v->digest = digest_new();
	if (v->digest == NULL)
		return RES_NOMEM;
	canon_sink_digest(&v->sink, v->digest);
	canon_body_init(&v->body, how, limit, &v->sink);
	canon_sink_init(&v->whole_sink, count_octets, &v->octets);
	canon_body_init(&v->whole, how, UINT64_MAX, &v->whole_sink);
	b->view[b->count++] = v;
	return RES_OK;
}

enum result dkimbody_want(
	struct dkimbody *b, const struct dkimsig *sig, size_t *view)
{
	enum canon how = sig->is_relaxed_body ? CANON_RELAXED : CANON_SIMPLE;
	uint64_t limit = sig->has_length ? sig->length : UINT64_MAX;
	size_t i = 0;

	while (i < b->count &&
		(b->view[i]->how != how || b->view[i]->limit != limit))
		i++;
	*view = i;
	return i < b->count ? RES_OK : add_view(b, how, limit);
}

bool dkimbody_is_wanted(const struct dkimbody *b)
{
	return b->count > 0;
}

void dkimbody_add(struct dkimbody *b, struct slice piece)
{
	for (size_t i = 0; i < b->count; i++) {
		canon_body_add(&b->view[i]->body, piece);
		if (is_limited(b->view[i]))
			canon_body_add(&b->view[i]->whole, piece);
	}
}

enum result dkimbody_end(struct dkimbody *b)
{
	enum result res = RES_OK;

	for (size_t i = 0; i < b->count; i++) {
		struct view *v = b->view[i];

		canon_body_end(&v->body);
		canon_body_end(&v->whole);
		if (digest_end(v->digest, v->hash) != RES_OK)
			res = RES_NOMEM;
	}
	return res;
}

const uint8_t *dkimbody_hash(const struct dkimbody *b, size_t view)
{
	return b->view[view]->hash;
}

uint64_t dkimbody_octets(const struct dkimbody *b, size_t view)
{
	return b->view[view]->octets;
}
