/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/change.h"

#include "base/log.h"
#include "ctl/ask.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20, HEAD_ARGS = 7 };

/*
 * KEYS: entry, audit. ARGV: life, who, what, why, length of the audit, then
 * field and value of the new entry; none means removal.
 */
static const char script_text[] =
	"local function describe(key)\n"
	"  local kind = redis.call('TYPE', key).ok\n"
	"  local was = {}\n"
	"  if kind == 'none' then return '' end\n"
	"  if kind == 'hash' then\n"
	"    local f = redis.call('HGETALL', key)\n"
	"    for i = 1, #f, 2 do was[f[i]] = string.sub(f[i + 1], 1, 512) end\n"
	"  elseif kind == 'string' then\n"
	"    was.reason = redis.call('GETRANGE', key, 0, 511)\n"
	"  else\n"
	"    was.type = kind\n"
	"  end\n"
	"  local ttl = redis.call('TTL', key)\n"
	"  if ttl >= 0 then was.ttl_s = ttl end\n"
	"  return cjson.encode(was), was.origin or ''\n"
	"end\n"
	"local before, origin = describe(KEYS[1])\n"
	"if before == '' and #ARGV == 5 then return {'', '', ''} end\n"
	"redis.call('DEL', KEYS[1])\n"
	"if #ARGV > 5 then\n"
	"  redis.call('HSET', KEYS[1], unpack(ARGV, 6))\n"
	"  if tonumber(ARGV[1]) > 0 then\n"
	"    redis.call('EXPIRE', KEYS[1], ARGV[1])\n"
	"  end\n"
	"end\n"
	"local after = describe(KEYS[1])\n"
	"redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*',\n"
	"  'who', ARGV[2], 'what', ARGV[3], 'key', KEYS[1],\n"
	"  'before', before, 'after', after, 'why', ARGV[4])\n"
	"return {before, after, origin or ''}\n";

void change_field(struct change_fields *f, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	assert(f->count + 2 <= CHANGE_FIELDS_MAX * 2);
	f->item[f->count++] = slice_of(name);
	f->item[f->count++] = slice_of(value);
}

void change_answer_init(struct change_answer *a)
{
	a->was_there = false;
	buf_init(&a->before, TEXT_MAX);
	buf_init(&a->after, TEXT_MAX);
	buf_init(&a->origin, TEXT_MAX);
}

void change_answer_clear(struct change_answer *a)
{
	buf_clear(&a->before);
	buf_clear(&a->after);
	buf_clear(&a->origin);
}

void change_log(const struct ctl *ctl, const struct change *change)
{
	struct logline line;

	log_start(&line, LOG_LEVEL_NOTICE, "audit");
	log_text(&line, "who", ctl->who);
	log_text(&line, "what", change->what);
	log_slice(&line, "key", change->key);
	log_text(&line, "why", change->why);
	log_send(&line);
}

static void read_answer(
	const struct redis_reply *reply, struct change_answer *out)
{
	buf_reset(&out->before);
	buf_reset(&out->after);
	buf_reset(&out->origin);
	buf_add(&out->before, redis_element(reply, 0).text);
	buf_add(&out->after, redis_element(reply, 1).text);
	buf_add(&out->origin, redis_element(reply, 2).text);
	out->was_there = out->before.len > 0;
}

enum ctl_exit change_run(
	struct ctl *ctl, const struct change *change, struct change_answer *out)
{
	struct ask_script script = { .text = script_text, .digest = "" };
	struct slice argv[HEAD_ARGS + CHANGE_FIELDS_MAX * 2];
	struct redis_reply reply;
	struct buf audit;
	char life[24];
	char length[24];
	size_t argc = HEAD_ARGS;

	buf_init(&audit, LIST_NAME_MAX);
	keys_format(&audit, ctl_prefix(ctl), "audit", slice_of(""));
	snprintf(life, sizeof(life), "%" PRId64, change->life_s);
	snprintf(length, sizeof(length), "%d", CHANGE_AUDIT_MAX);
	argv[0] = change->key;
	argv[1] = buf_slice(&audit);
	argv[2] = slice_of(life);
	argv[3] = slice_of(ctl->who);
	argv[4] = slice_of(change->what);
	argv[5] = slice_of(change->why);
	argv[6] = slice_of(length);
	for (size_t i = 0; change->fields != NULL && i < change->fields->count;
		i++)
		argv[argc++] = change->fields->item[i];
	enum ctl_exit code = ask_script(ctl, &script, argv, argc, 2, &reply);

	buf_clear(&audit);
	if (code != CTL_DONE)
		return code;
	read_answer(&reply, out);
	if (out->was_there || change->fields != NULL)
		change_log(ctl, change);
	return CTL_DONE;
}

enum ctl_exit change_note(struct ctl *ctl, const struct change *change,
	const char *before, const char *after)
{
	struct redis_reply reply;
	struct buf audit;
	char length[24];

	buf_init(&audit, LIST_NAME_MAX);
	keys_format(&audit, ctl_prefix(ctl), "audit", slice_of(""));
	snprintf(length, sizeof(length), "%d", CHANGE_AUDIT_MAX);
	const struct slice argv[] = { slice_of("XADD"), buf_slice(&audit),
		slice_of("MAXLEN"), slice_of("~"), slice_of(length),
		slice_of("*"), slice_of("who"), slice_of(ctl->who),
		slice_of("what"), slice_of(change->what), slice_of("key"),
		change->key, slice_of("before"), slice_of(before),
		slice_of("after"), slice_of(after), slice_of("why"),
		slice_of(change->why) };
	enum ctl_exit code =
		ask_command(ctl, argv, sizeof(argv) / sizeof(argv[0]), &reply);

	buf_clear(&audit);
	if (code == CTL_DONE)
		change_log(ctl, change);
	return code;
}
