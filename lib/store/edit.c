/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/edit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "store/keys.h"
#include "store/token.h"

#include <inttypes.h>
#include <stdio.h>

enum { MEMORY_MAX = 16384, NUMBER_MAX = 24 };

void edit_begin(struct edit *e, struct redis *r, const struct conf *conf)
{
	*e = (struct edit){ .redis = r,
		.prefix = slice_of(conf->redis.prefix),
		.arena = arena_new(MEMORY_MAX) };
	e->is_lost = e->arena == NULL;
}

void edit_end(struct edit *e)
{
	arena_free(e->arena);
	e->arena = NULL;
}

static struct slice keep(struct edit *e, struct buf *text)
{
	struct slice kept = { 0 };

	if (e->is_lost || buf_result(text) != RES_OK ||
		arena_copy(e->arena, buf_slice(text), &kept) != RES_OK)
		e->is_lost = true;
	buf_clear(text);
	return kept;
}

void edit_key(
	struct edit *e, const char *fixed, struct slice rest, const char *tail)
{
	struct buf text;

	buf_init(&text, LIST_NAME_MAX);
	keys_format(&text, e->prefix, fixed, rest);
	buf_add_text(&text, tail);
	script_key(&e->call, keep(e, &text));
}

void edit_text(struct edit *e, struct slice text)
{
	script_arg(&e->call, text);
}

void edit_number(struct edit *e, int64_t number)
{
	struct buf text;

	buf_init(&text, NUMBER_MAX);
	buf_add_format(&text, "%" PRId64, number);
	script_arg(&e->call, keep(e, &text));
}

void edit_prefix(struct edit *e, const char *fixed)
{
	struct buf text;

	buf_init(&text, LIST_NAME_MAX);
	keys_format(&text, e->prefix, fixed, slice_of(""));
	script_arg(&e->call, keep(e, &text));
}

void edit_token(struct edit *e, const char *token)
{
	struct buf text;

	buf_init(&text, LIST_NAME_MAX);
	if (token_key(token, e->prefix, &text) != RES_OK)
		e->is_lost = true;
	script_key(&e->call, keep(e, &text));
}

enum result edit_read(struct edit *e, const char *script)
{
	enum result res;

	if (e->is_lost)
		return RES_NOMEM;
	res = script_run(e->redis, script, &e->call, &e->reply);
	/* The same words mean a thing of ours when a script says them. */
	return res == RES_DENIED || res == RES_FULL ? RES_DOWN : res;
}

enum result edit_run(struct edit *e, const char *script)
{
	static const struct {
		const char *word;
		enum result means;
	} words[] = {
		{ "ok", RES_OK },
		{ "missing", RES_MISSING },
		{ "exists", RES_EXISTS },
		{ "denied", RES_DENIED },
		{ "full", RES_FULL },
	};
	enum result res = edit_read(e, script);
	struct slice word;

	if (res != RES_OK)
		return res;
	word = e->reply.type == REDIS_ARRAY ? redis_element(&e->reply, 0).text
					    : e->reply.text;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is_equal(word, slice_of(words[i].word)))
			return words[i].means;
	return RES_TYPE;
}
