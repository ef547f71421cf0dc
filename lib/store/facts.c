/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/facts.h"

#include "base/buf.h"
#include "store/redis.h"

enum { FLAG_MAX = 15 /* octets of a flag's value that are looked at */ };

/* What a listing may hold, see store/listing. */
static const char *const field_names[] = { "reason", "class", "code", "level",
	"origin", "since", "by", "note", "lock", "ref" };
enum { FIELDS = sizeof(field_names) / sizeof(field_names[0]) };

/* One reading of many answers: goes on after an error of the server, so that
 * questions and answers stay in step, and remembers the first. */
struct reading {
	struct redis *redis;
	size_t value_max;
	enum result refused;
	struct buf *why;
};

bool facts_is_yes(struct slice text)
{
	static const char *const words[] = { "yes", "true", "on", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is_equal_nocase(text, slice_of(words[i])))
			return true;
	return false;
}

static enum result ask(struct reading *t, const char *verb, struct slice key,
	const char *field)
{
	const struct slice argv[] = { slice_of(verb), key, slice_of(field) };

	return redis_append(t->redis, argv, field != NULL ? 3 : 2);
}

/* RES_OK also for a server's error: see *is_wrong_type and t->refused. */
static enum result hear(
	struct reading *t, struct redis_reply *reply, bool *is_wrong_type)
{
	enum result kind, res = redis_read(t->redis, reply);

	*is_wrong_type = false;
	if (res != RES_OK || reply->type != REDIS_ERROR)
		return res;
	kind = redis_error_kind(reply->text);
	*is_wrong_type = kind == RES_TYPE;
	if (kind != RES_TYPE && t->refused == RES_OK) {
		t->refused = kind;
		if (t->why != NULL)
			buf_add(t->why, reply->text);
	}
	return RES_OK;
}

static enum result ask_first(
	struct reading *t, enum facts_wish wish, struct facts *f)
{
	enum result res = ask(t, "PTTL", f->key, NULL);

	if (res == RES_OK && wish != FACTS_LIFE)
		res = ask(t, "HSTRLEN", f->key, "shadow");
	if (res == RES_OK && wish != FACTS_LIFE)
		res = ask(t, "HSTRLEN", f->key, "class");
	if (res == RES_OK && wish != FACTS_LIFE && f->is_wide)
		res = ask(t, "HSTRLEN", f->key, "force");
	return res;
}

/* The length of a flag: *wanted when it is worth fetching. */
static enum result hear_length(struct reading *t, struct facts *f, bool *wanted)
{
	struct redis_reply reply;
	bool is_wrong_type;
	enum result res = hear(t, &reply, &is_wrong_type);

	if (res != RES_OK)
		return res;
	if (is_wrong_type)
		f->is_hash = false;
	*wanted = reply.type == REDIS_NUMBER && reply.number > 0 &&
		reply.number <= FLAG_MAX;
	if (reply.type == REDIS_NUMBER && reply.number > 0 &&
		(uint64_t)reply.number > t->value_max)
		f->why = "a value is too long";
	return RES_OK;
}

static enum result hear_first(
	struct reading *t, enum facts_wish wish, struct facts *f)
{
	struct redis_reply reply = { 0 };
	bool is_wrong_type;
	enum result res = hear(t, &reply, &is_wrong_type);

	f->exists = reply.type == REDIS_NUMBER && reply.number != -2;
	f->life_ms = f->exists ? reply.number : -1;
	f->is_hash = true;
	f->shadow = false;
	f->force = false;
	f->asked_shadow = false;
	f->asked_force = false;
	f->asked_class = false;
	f->class = LISTING_SELF;
	f->why = NULL;
	if (res == RES_OK && wish != FACTS_LIFE)
		res = hear_length(t, f, &f->asked_shadow);
	if (res == RES_OK && wish != FACTS_LIFE)
		res = hear_length(t, f, &f->asked_class);
	if (res == RES_OK && wish != FACTS_LIFE && f->is_wide)
		res = hear_length(t, f, &f->asked_force);
	f->is_listing = f->exists;
	f->asked_size = f->exists && !f->is_hash;
	return res;
}

static enum result ask_second(
	struct reading *t, enum facts_wish wish, struct facts *f)
{
	enum result res = RES_OK;

	if (!f->exists)
		return RES_OK;
	if (f->asked_size)
		return ask(t, "STRLEN", f->key, NULL);
	if (f->asked_shadow)
		res = ask(t, "HGET", f->key, "shadow");
	if (res == RES_OK && f->asked_class)
		res = ask(t, "HGET", f->key, "class");
	if (res == RES_OK && f->asked_force)
		res = ask(t, "HGET", f->key, "force");
	for (size_t i = 0; i < FIELDS && wish == FACTS_CHECK && res == RES_OK;
		i++)
		res = ask(t, "HSTRLEN", f->key, field_names[i]);
	return res;
}

static enum result hear_flag(struct reading *t, bool *flag)
{
	struct redis_reply reply;
	bool is_wrong_type;
	enum result res = hear(t, &reply, &is_wrong_type);

	if (res == RES_OK && reply.type == REDIS_STRING)
		*flag = facts_is_yes(slice_trim(reply.text));
	return res;
}

static enum result hear_class(struct reading *t, struct facts *f)
{
	struct redis_reply reply;
	bool is_wrong_type;
	enum result res = hear(t, &reply, &is_wrong_type);

	/* Another word stands for self, as in store/details. */
	if (res == RES_OK && reply.type == REDIS_STRING)
		(void)listing_class_parse(slice_trim(reply.text), &f->class);
	return res;
}

static enum result hear_size(struct reading *t, struct facts *f)
{
	struct redis_reply reply;
	bool is_wrong_type;
	enum result res = hear(t, &reply, &is_wrong_type);

	if (res != RES_OK)
		return res;
	if (is_wrong_type)
		f->why = "neither HASH nor STRING";
	else if (reply.type == REDIS_NUMBER && reply.number > 0 &&
		(uint64_t)reply.number > t->value_max)
		f->why = "the value is too long";
	return RES_OK;
}

/* What was asked about the fields of a HASH, in the same order. */
static enum result hear_fields(struct reading *t, struct facts *f)
{
	enum result res = RES_OK;

	if (f->asked_shadow)
		res = hear_flag(t, &f->shadow);
	if (res == RES_OK && f->asked_class)
		res = hear_class(t, f);
	if (res == RES_OK && f->asked_force)
		res = hear_flag(t, &f->force);
	return res;
}

static enum result hear_second(
	struct reading *t, enum facts_wish wish, struct facts *f)
{
	enum result res = RES_OK;

	if (!f->exists)
		return RES_OK;
	res = f->asked_size ? hear_size(t, f) : hear_fields(t, f);
	for (size_t i = 0; i < FIELDS && wish == FACTS_CHECK &&
		!f->asked_size && res == RES_OK;
		i++) {
		bool ignored;

		res = hear_length(t, f, &ignored);
	}
	f->is_listing = f->why == NULL;
	return res;
}

typedef enum result each_step(
	struct reading *t, enum facts_wish wish, struct facts *f);

/* Asks about all, then hears about all. */
static enum result go_round(struct reading *t, enum facts_wish wish,
	struct facts *f, size_t count, each_step *const step[2])
{
	enum result res = RES_OK;

	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < count && res == RES_OK; i++)
			res = step[s](t, wish, &f[i]);
	return res != RES_OK ? res : t->refused;
}

enum result facts_read(struct redis *r, enum facts_wish wish, size_t value_max,
	struct facts *f, size_t count, struct buf *why)
{
	static each_step *const first[] = { ask_first, hear_first };
	static each_step *const second[] = { ask_second, hear_second };
	struct reading t = { .redis = r, .value_max = value_max, .why = why };
	enum result res = go_round(&t, wish, f, count, first);

	if (res == RES_OK && wish != FACTS_LIFE)
		res = go_round(&t, wish, f, count, second);
	return res;
}
