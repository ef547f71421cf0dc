/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/ledger_rig.h"

#include "base/buf.h"
#include "support/case.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 8192, START_S = 1795000000 };

/* A busy machine is no Redis that is away. */
#define PATIENT "timeout_ms = 1000"

static int64_t read_time(void *ctx)
{
	const struct ledger_rig *r = ctx;

	return r->now_ms;
}

static struct conf *load(
	const struct ledger_rig *r, const char *redis, const char *sections)
{
	struct conf *conf = NULL;
	struct buf text, errors;
	enum result res;

	buf_init(&text, TEXT_MAX);
	buf_init(&errors, TEXT_MAX);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\"\n"
		"secret_file = \"%s/secret\" }\n"
		"redis { servers = {\"unix:%s\"}\n%s\n%s }\n%s\n",
		r->folder.path, redis_server_socket(r->server),
		strstr(redis, "timeout_ms") == NULL ? PATIENT : "", redis,
		sections);
	res = conf_load_text("test", buf_slice(&text), &conf, &errors);
	if (res != RES_OK)
		print_message("# %s\n%s\n", buf_text(&errors), buf_text(&text));
	buf_clear(&text);
	buf_clear(&errors);
	assert_string_equal(result_name(res), "ok");
	return conf;
}

void ledger_rig_make(
	struct ledger_rig *r, const char *redis, const char *sections)
{
	*r = (struct ledger_rig){ .now_ms = (int64_t)START_S * 1000 };
	r->clock = (struct clock){ read_time, read_time, r };
	r->server = redis_server_start();
	assert_non_null(r->server);
	folder_make(&r->folder);
	r->conf = load(r, redis, sections);
	assert_int_equal(
		ledger_open(&r->one, r->conf, &r->clock, &r->clock), RES_OK);
	assert_int_equal(
		ledger_open(&r->two, r->conf, &r->clock, &r->clock), RES_OK);
}

void ledger_rig_remove(struct ledger_rig *r)
{
	ledger_close(r->one);
	ledger_close(r->two);
	conf_release(r->conf);
	redis_server_stop(r->server);
	folder_remove(&r->folder);
}

void ledger_rig_reload(struct ledger_rig *r, const char *sections)
{
	struct conf *conf = load(r, "", sections);

	conf_release(r->conf);
	r->conf = conf;
}

void ledger_rig_sleep(struct ledger_rig *r, int64_t s)
{
	r->now_ms += s * 1000;
}

static long ask_number(struct ledger_rig *r, const char *script)
{
	char text[64];

	assert_true(redis_server_do(r->server,
		(const char *const[]){ "EVAL", script, "0", NULL }, text,
		sizeof(text)));
	r->own++;
	return strtol(text, NULL, 10);
}

long ledger_rig_calls(struct ledger_rig *r)
{
	long own = r->own;

	/* The one that asks is not counted yet. */
	return ask_number(r,
		       "return tonumber(string.match(redis.call('INFO',\n"
		       "'commandstats'), 'cmdstat_eval:calls=(%d+)') or '0')") -
		own;
}

long ledger_rig_keys(struct ledger_rig *r)
{
	return ask_number(r, "return #redis.call('KEYS', '*')");
}

long ledger_rig_endless(struct ledger_rig *r)
{
	return ask_number(r,
		"local n = 0\n"
		"for _, key in ipairs(redis.call('KEYS', '*')) do\n"
		"  if redis.call('PTTL', key) == -1 then n = n + 1 end\n"
		"end\n"
		"return n");
}
