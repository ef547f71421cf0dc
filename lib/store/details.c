/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/details.h"

#include "base/arena.h"
#include "store/facts.h"
#include "store/redis.h"

#include <stdlib.h>

enum field {
	/* 0 to DETAILS_TEXTS - 1 are the texts. */
	FIELD_CLASS = DETAILS_TEXTS,
	FIELD_SHADOW,
	FIELD_FORCE,
	FIELD_LOCK,
	FIELD_LEVEL,
	FIELDS
};

static const char *const field_name[FIELDS] = {
	[DETAILS_REASON] = "reason",
	[DETAILS_CODE] = "code",
	[DETAILS_ORIGIN] = "origin",
	[DETAILS_SINCE] = "since",
	[DETAILS_BY] = "by",
	[DETAILS_NOTE] = "note",
	[DETAILS_REF] = "ref",
	[FIELD_CLASS] = "class",
	[FIELD_SHADOW] = "shadow",
	[FIELD_FORCE] = "force",
	[FIELD_LOCK] = "lock",
	[FIELD_LEVEL] = "level",
};

enum shape { SHAPE_NONE = 0, SHAPE_STRING, SHAPE_HASH, SHAPE_OTHER };

/* What the first round trip told of one key. */
struct outline {
	enum shape shape;
	unsigned wanted; /* bit of each field worth fetching */
	bool is_too_long;
};

struct reading {
	struct redis *redis;
	const struct details_bounds *bounds;
	struct arena *arena;
	enum result refused; /* the first word of the server against us */
};

static enum result ask(struct reading *t, const char *verb, struct slice key,
	const char *field)
{
	const struct slice argv[] = { slice_of(verb), key, slice_of(field) };

	return redis_append(t->redis, argv, field != NULL ? 3 : 2);
}

/* An error of the server is an answer too: the ones behind it still come. */
static enum result hear(struct reading *t, struct redis_reply *reply)
{
	enum result res = redis_read(t->redis, reply);
	enum result kind;

	if (res != RES_OK || reply->type != REDIS_ERROR)
		return res;
	kind = redis_error_kind(reply->text);
	/* STRLEN of a HASH: the answer to TYPE tells. */
	if (kind != RES_TYPE && t->refused == RES_OK)
		t->refused = kind;
	return RES_OK;
}

static enum result ask_outline(struct reading *t, struct slice key)
{
	enum result res;
	unsigned i;

	res = ask(t, "TYPE", key, NULL);
	if (res == RES_OK)
		res = ask(t, "PTTL", key, NULL);
	if (res == RES_OK)
		res = ask(t, "STRLEN", key, NULL);
	for (i = 0; i < FIELDS && res == RES_OK; i++)
		res = ask(t, "HSTRLEN", key, field_name[i]);
	return res;
}

static enum shape shape_of(struct slice type)
{
	if (slice_is_equal(type, slice_of("none")))
		return SHAPE_NONE;
	if (slice_is_equal(type, slice_of("string")))
		return SHAPE_STRING;
	if (slice_is_equal(type, slice_of("hash")))
		return SHAPE_HASH;
	return SHAPE_OTHER;
}

/* A length; 0 when the type was wrong for the question. */
static enum result hear_length(struct reading *t, uint64_t *len)
{
	struct redis_reply reply;
	enum result res = hear(t, &reply);

	*len = 0;
	if (res == RES_OK && reply.type == REDIS_NUMBER && reply.number > 0)
		*len = (uint64_t)reply.number;
	return res;
}

static enum result hear_outline(
	struct reading *t, struct details *d, struct outline *o)
{
	struct redis_reply reply;
	uint64_t len = 0;
	enum result res;
	unsigned i;

	res = hear(t, &reply);
	if (res != RES_OK)
		return res;
	o->shape =
		reply.type == REDIS_STRING ? shape_of(reply.text) : SHAPE_OTHER;
	res = hear(t, &reply);
	if (res != RES_OK)
		return res;
	d->life_ms = reply.type == REDIS_NUMBER && reply.number >= 0
		? reply.number
		: -1;
	/* It ended between the two questions. */
	if (reply.type == REDIS_NUMBER && reply.number == -2)
		o->shape = SHAPE_NONE;
	res = hear_length(t, &len);
	o->is_too_long = len > t->bounds->value_max;
	for (i = 0; i < FIELDS && res == RES_OK; i++) {
		res = hear_length(t, &len);
		if (len > t->bounds->value_max)
			o->is_too_long = true;
		else if (len > 0)
			o->wanted |= 1u << i;
	}
	return res;
}

static void settle(struct details *d, const struct outline *o)
{
	switch (o->shape) {
	case SHAPE_NONE:
		d->state = DETAILS_GONE;
		return;
	case SHAPE_OTHER:
		d->state = DETAILS_IGNORED;
		d->why = "neither HASH nor STRING";
		return;
	case SHAPE_STRING:
	case SHAPE_HASH:
		break;
	}
	d->state = o->is_too_long ? DETAILS_IGNORED : DETAILS_LISTED;
	if (o->is_too_long)
		d->why = "a value is too long";
}

/* GETRANGE: the end is part of what it gives. */
static enum result ask_string(struct reading *t, struct slice key)
{
	struct slice argv[] = { slice_of("GETRANGE"), key, slice_of("0"),
		slice_of(NULL) };
	struct buf end;
	enum result res;

	buf_init(&end, 24);
	buf_add_format(&end, "%zu", t->bounds->reason_max - 1);
	argv[3] = buf_slice(&end);
	res = buf_result(&end);
	if (res == RES_OK)
		res = redis_append(t->redis, argv, 4);
	buf_clear(&end);
	return res;
}

static enum result ask_values(
	struct reading *t, const struct details *d, const struct outline *o)
{
	enum result res = RES_OK;
	unsigned i;

	if (d->state != DETAILS_LISTED)
		return RES_OK;
	if (o->shape == SHAPE_STRING)
		return ask_string(t, d->key);
	for (i = 0; i < FIELDS && res == RES_OK; i++) {
		if ((o->wanted & 1u << i) != 0)
			res = ask(t, "HGET", d->key, field_name[i]);
	}
	return res;
}

static void take_text(struct reading *t, struct slice value, struct slice *out)
{
	struct slice cut = slice_part(value, 0, t->bounds->reason_max);

	if (arena_copy(t->arena, cut, out) != RES_OK)
		*out = slice_make("", 0);
}

static void take(struct reading *t, struct details *d, unsigned field,
	struct slice value)
{
	struct slice word = slice_trim(value);
	uint64_t number;

	if (field < DETAILS_TEXTS) {
		take_text(t, value, &d->text[field]);
		return;
	}
	if (field == FIELD_CLASS)
		(void)listing_class_parse(word, &d->class);
	else if (field == FIELD_SHADOW)
		d->shadow = facts_is_yes(word);
	else if (field == FIELD_FORCE)
		d->force = facts_is_yes(word);
	else if (field == FIELD_LOCK)
		d->lock = facts_is_yes(word);
	else if (slice_parse_u64(word, 0, UINT32_MAX, &number) == RES_OK)
		d->level = (unsigned)number;
}

static enum result hear_value(
	struct reading *t, struct details *d, unsigned field)
{
	struct redis_reply reply;
	enum result res = hear(t, &reply);

	if (res == RES_OK && reply.type == REDIS_STRING)
		take(t, d, field, reply.text);
	return res;
}

static enum result hear_values(
	struct reading *t, struct details *d, const struct outline *o)
{
	enum result res = RES_OK;
	unsigned i;

	if (d->state != DETAILS_LISTED)
		return RES_OK;
	if (o->shape == SHAPE_STRING)
		return hear_value(t, d, DETAILS_REASON);
	for (i = 0; i < FIELDS && res == RES_OK; i++) {
		if ((o->wanted & 1u << i) != 0)
			res = hear_value(t, d, i);
	}
	return res;
}

static enum result read_outlines(
	struct reading *t, struct details *d, struct outline *o, size_t count)
{
	enum result res = RES_OK;
	size_t i;

	for (i = 0; i < count && res == RES_OK; i++)
		res = ask_outline(t, d[i].key);
	for (i = 0; i < count && res == RES_OK; i++)
		res = hear_outline(t, &d[i], &o[i]);
	if (res == RES_OK)
		res = t->refused;
	for (i = 0; i < count && res == RES_OK; i++)
		settle(&d[i], &o[i]);
	return res;
}

static enum result read_values(struct reading *t, struct details *d,
	const struct outline *o, size_t count)
{
	enum result res = RES_OK;
	size_t i;

	for (i = 0; i < count && res == RES_OK; i++)
		res = ask_values(t, &d[i], &o[i]);
	for (i = 0; i < count && res == RES_OK; i++)
		res = hear_values(t, &d[i], &o[i]);
	return res == RES_OK ? t->refused : res;
}

static struct details unknown(struct slice key)
{
	const struct details d = { .key = key, .life_ms = -1 };

	return d;
}

enum result details_read(struct redis *r, const struct details_bounds *bounds,
	struct arena *a, struct details *d, size_t count)
{
	struct reading t = { r, bounds, a, RES_OK };
	struct outline *o;
	enum result res;
	size_t i;

	for (i = 0; i < count; i++)
		d[i] = unknown(d[i].key);
	if (count == 0)
		return RES_OK;
	o = calloc(count, sizeof(*o));
	if (o == NULL)
		return RES_NOMEM;
	res = read_outlines(&t, d, o, count);
	if (res == RES_OK)
		res = read_values(&t, d, o, count);
	for (i = 0; i < count && res != RES_OK; i++)
		d[i] = unknown(d[i].key);
	free(o);
	return res;
}

static unsigned rank(const struct details *d)
{
	switch (d->state) {
	case DETAILS_UNKNOWN:
	case DETAILS_GONE:
		return 0;
	case DETAILS_IGNORED:
		return 1;
	case DETAILS_LISTED:
		break;
	}
	return 2 + (d->shadow ? 0 : 2) + (d->force ? 1 : 0);
}

const struct details *details_choose(const struct details *d, size_t count)
{
	const struct details *best = count > 0 ? d : NULL;
	size_t i;

	for (i = 1; i < count; i++) {
		if (rank(&d[i]) > rank(best))
			best = &d[i];
	}
	return best;
}
