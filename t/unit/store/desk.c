/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/store/desk.h"

#include "base/buf.h"
#include "support/case.h"

#include <inttypes.h>
#include <stdio.h>

enum { WORDS_MAX = 32, CONF_MAX = 8192 };

static struct conf *load_conf(const struct desk *d, const char *delist)
{
	struct conf *conf = NULL;
	struct buf text, errors;
	enum result res;

	buf_init(&text, CONF_MAX);
	buf_init(&errors, CONF_MAX);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\"\n"
		"secret_file = \"%s/secret\" }\n"
		"redis { servers = {\"unix:%s\"} }\n"
		"delist { %s }\n",
		d->folder.path, redis_server_socket(d->server),
		delist != NULL ? delist : "");
	res = conf_load_text("test", buf_slice(&text), &conf, &errors);
	if (res != RES_OK)
		print_message("# %s\n%s\n", buf_text(&errors), buf_text(&text));
	buf_clear(&text);
	buf_clear(&errors);
	desk_result(res, RES_OK);
	return conf;
}

void desk_make(struct desk *d, const char *delist)
{
	*d = (struct desk){ .now_ms = INT64_C(1800000000000) };
	d->server = redis_server_start();
	assert_non_null(d->server);
	folder_make(&d->folder);
	d->conf = load_conf(d, delist);
	d->redis = desk_dial(d, DESK_WAIT_MS);
}

void desk_remove(struct desk *d)
{
	redis_close(d->redis);
	conf_release(d->conf);
	redis_server_stop(d->server);
	folder_remove(&d->folder);
}

struct redis *desk_dial(const struct desk *d, unsigned timeout_ms)
{
	const struct redis_login login = { .timeout_ms = timeout_ms };
	struct redis *r = NULL;

	desk_result(redis_open(&r, &d->conf->redis.servers[0], &login, NULL),
		RES_OK);
	return r;
}

void desk_redial(struct desk *d, unsigned timeout_ms)
{
	redis_close(d->redis);
	d->redis = desk_dial(d, timeout_ms);
}

struct slice desk_prefix(const struct desk *d)
{
	return slice_of(d->conf->redis.prefix);
}

static void add_text(struct buf *out, const struct redis_reply *reply)
{
	switch (reply->type) {
	case REDIS_NIL:
	case REDIS_ARRAY:
		break;
	case REDIS_STRING:
	case REDIS_ERROR:
		buf_add(out, reply->text);
		break;
	case REDIS_NUMBER:
		buf_add_format(out, "%" PRId64, reply->number);
		break;
	}
}

const char *desk_ask_words(
	struct desk *d, const char *const *words, char out[DESK_TEXT_MAX])
{
	struct slice argv[WORDS_MAX];
	struct redis_reply reply;
	struct buf text;
	size_t argc = 0;

	for (; words[argc] != NULL; argc++) {
		assert_true(argc < WORDS_MAX);
		argv[argc] = slice_of(words[argc]);
	}
	desk_result(redis_command(d->redis, argv, argc, &reply), RES_OK);
	buf_init(&text, DESK_TEXT_MAX - 1);
	add_text(&text, &reply);
	for (size_t i = 0; i < reply.count; i++) {
		struct redis_reply item = redis_element(&reply, i);

		if (i > 0)
			buf_add_char(&text, ' ');
		add_text(&text, &item);
	}
	desk_result(buf_result(&text), RES_OK);
	(void)snprintf(out, DESK_TEXT_MAX, "%s", buf_text(&text));
	buf_clear(&text);
	return out;
}

void desk_wants_words(
	struct desk *d, const char *want, const char *const *words)
{
	char got[DESK_TEXT_MAX];

	assert_string_equal(desk_ask_words(d, words, got), want);
}

void desk_result(enum result got, enum result want)
{
	assert_string_equal(result_name(got), result_name(want));
}
