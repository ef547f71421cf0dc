/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/script.h"

#include "base/buf.h"
#include "base/log.h"
#include "store/keys.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
	HEAD_ARGS = 3, /* EVAL, text, number of keys */
	NUMBER_MAX = 24,
	TOO_MANY = SCRIPT_ARGS_MAX + 1
};

static void put(struct script_call *c, struct slice value)
{
	if (c->count >= SCRIPT_ARGS_MAX) {
		c->count = TOO_MANY;
		return;
	}
	c->argv[c->count++] = value;
}

void script_key(struct script_call *c, struct slice key)
{
	assert(c->key_count == c->count || c->count == TOO_MANY);
	put(c, key);
	c->key_count = c->count;
}

void script_arg(struct script_call *c, struct slice value)
{
	put(c, value);
}

/* Room never moves, for argv points into it. */
static bool copy(struct script_call *c, struct slice text, struct slice *out)
{
	if (text.len > sizeof(c->text) - c->text_len) {
		c->count = TOO_MANY;
		return false;
	}
	if (text.len > 0)
		memcpy(c->text + c->text_len, text.at, text.len);
	*out = slice_make(c->text + c->text_len, text.len);
	c->text_len += text.len;
	return true;
}

void script_key_of(struct script_call *c, struct slice prefix,
	const char *fixed, struct slice rest)
{
	struct slice kept;
	struct buf key;

	buf_init(&key, SCRIPT_TEXT_MAX);
	keys_format(&key, prefix, fixed, rest);
	if (buf_result(&key) != RES_OK)
		c->count = TOO_MANY;
	else if (copy(c, buf_slice(&key), &kept))
		script_key(c, kept);
	buf_clear(&key);
}

void script_number(struct script_call *c, int64_t number)
{
	struct slice kept;
	struct buf text;

	buf_init(&text, NUMBER_MAX);
	buf_add_format(&text, "%" PRId64, number);
	if (buf_result(&text) != RES_OK)
		c->count = TOO_MANY;
	else if (copy(c, buf_slice(&text), &kept))
		script_arg(c, kept);
	buf_clear(&text);
}

static void complain(enum result kind, struct slice text)
{
	struct logline line;

	if (kind != RES_DENIED && kind != RES_TYPE && kind != RES_INTERNAL)
		return; /* who keeps the connection tells of its state */
	log_start(&line, LOG_LEVEL_ERROR, "script");
	log_text(&line, "result", result_name(kind));
	log_slice(&line, "message", text);
	log_send(&line);
}

enum result script_run(struct redis *r, const char *text,
	const struct script_call *call, struct redis_reply *out)
{
	enum result res = script_ask(r, text, call, out);

	if (res != RES_OK && out->type == REDIS_ERROR)
		complain(res, out->text);
	return res;
}

enum result script_ask(struct redis *r, const char *text,
	const struct script_call *call, struct redis_reply *out)
{
	struct slice argv[HEAD_ARGS + SCRIPT_ARGS_MAX];
	struct buf keys;
	enum result res;

	*out = (struct redis_reply){ 0 };
	if (call->count > SCRIPT_ARGS_MAX)
		return RES_TOOBIG;
	buf_init(&keys, NUMBER_MAX);
	buf_add_format(&keys, "%zu", call->key_count);
	res = buf_result(&keys);
	if (res != RES_OK)
		goto done;
	argv[0] = slice_of("EVAL");
	argv[1] = slice_of(text);
	argv[2] = buf_slice(&keys);
	for (size_t i = 0; i < call->count; i++)
		argv[HEAD_ARGS + i] = call->argv[i];
	res = redis_command(r, argv, HEAD_ARGS + call->count, out);
	if (res == RES_OK && out->type == REDIS_ERROR)
		res = redis_error_kind(out->text);
done:
	buf_clear(&keys);
	return res;
}
