/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/delist.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "net/hostname.h"
#include "store/delistcore.h"
#include "store/keys.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

enum { KEY_MAX = 128 };

static const char *const states[] = {
	[DELIST_UNKNOWN] = "unknown",
	[DELIST_QUEUED] = "queued",
	[DELIST_SENT] = "sent",
	[DELIST_GRANTED] = "granted",
	[DELIST_WAIT] = "wait",
	[DELIST_DENIED] = "denied",
	[DELIST_REVIEW] = "review",
	[DELIST_EXPIRED] = "expired",
	[DELIST_CANCELLED] = "cancelled",
	[DELIST_BOUNCED] = "bounced",
};

enum { STATES = sizeof(states) / sizeof(states[0]) };

const char *delist_state_name(enum delist_state s)
{
	return (size_t)s < STATES ? states[s] : states[DELIST_UNKNOWN];
}

bool delist_is_open(enum delist_state s)
{
	return s == DELIST_QUEUED || s == DELIST_SENT || s == DELIST_WAIT ||
		s == DELIST_BOUNCED;
}

static enum delist_state parse_state(struct slice word)
{
	for (size_t i = 0; i < STATES; i++)
		if (slice_is_equal(word, slice_of(states[i])))
			return (enum delist_state)i;
	return DELIST_UNKNOWN;
}

static struct slice prefix_of(const struct conf *conf)
{
	return slice_of(conf->redis.prefix);
}

/* ---- what never changes ---- */

/* What does not fit was not written by us. */
static void copy_text(char *out, size_t size, struct slice text)
{
	if (text.len >= size)
		text.len = 0;
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = '\0';
}

/* One command about P"delist:RID": verb, then words. */
static enum result ask(struct redis *r, const struct conf *conf,
	const char *verb, const char *rid, const char *const *words,
	struct redis_reply *out)
{
	struct slice argv[16] = { slice_of(verb) };
	size_t argc = 2;
	struct buf key;
	enum result res;

	buf_init(&key, KEY_MAX);
	keys_format(&key, prefix_of(conf), "delist:", slice_of(rid));
	argv[1] = buf_slice(&key);
	for (; *words != NULL && argc < 16; words++)
		argv[argc++] = slice_of(*words);
	res = buf_result(&key);
	if (res == RES_OK)
		res = redis_command(r, argv, argc, out);
	buf_clear(&key);
	if (res == RES_OK && out->type == REDIS_ERROR)
		res = redis_error_kind(out->text);
	return res;
}

enum result delist_base_read(struct redis *r, const struct conf *conf,
	struct slice rid, struct delist_base *out)
{
	static const char *const fields[] = { "ip", "mailbox", "token_mail",
		"token_address", "token_cancel", NULL };
	struct delist_base base = { 0 };
	struct redis_reply reply;
	struct cidr net;
	enum result res = case_ref_parse(rid, base.rid);

	if (res == RES_OK)
		res = ask(r, conf, "HMGET", base.rid, fields, &reply);
	if (res != RES_OK)
		return res;
	if (redis_element(&reply, 0).type == REDIS_NIL)
		return RES_MISSING;
	if (ipaddr_parse(&base.ip, redis_element(&reply, 0).text) != RES_OK)
		return RES_CORRUPT;
	net = cidr_of_client(&base.ip);
	(void)cidr_format(&net, base.net);
	copy_text(base.mailbox, sizeof(base.mailbox),
		redis_element(&reply, 1).text);
	for (size_t i = 0; i < DELIST_TOKENS; i++)
		copy_text(base.token[i], sizeof(base.token[i]),
			redis_element(&reply, 2 + i).text);
	*out = base;
	return RES_OK;
}

void delist_base_keys(struct script_call *c, const struct conf *conf,
	const struct delist_base *base)
{
	struct buf open;

	script_key_of(c, prefix_of(conf), "delist:", slice_of(base->rid));
	script_key_of(c, prefix_of(conf), "delist:open:", slice_of(base->net));
	buf_init(&open, KEY_MAX);
	buf_add_format(&open, "%s:ref", base->net);
	script_key_of(c, prefix_of(conf), "delist:open:", buf_slice(&open));
	buf_clear(&open);
}

void delist_token_keys(struct script_call *c, const struct conf *conf,
	const struct delist_base *base)
{
	for (size_t i = 0; i < DELIST_TOKENS; i++)
		script_key_of(
			c, prefix_of(conf), "token:", slice_of(base->token[i]));
}

enum result delist_token_index(
	struct slice token, const struct delist_base *base, size_t *out)
{
	char folded[TOKEN_TEXT_MAX];
	struct buf key;
	enum result res = token_parse(token, folded);
	size_t i;

	*out = DELIST_TOKENS;
	if (res != RES_OK)
		return RES_OK; /* no token at all is none of ours */
	buf_init(&key, KEY_MAX);
	res = token_key(folded, slice_of(""), &key);
	for (i = 0; res == RES_OK && i < DELIST_TOKENS; i++)
		if (slice_is_equal(slice_part(buf_slice(&key), strlen("token:"),
					   TOKEN_HASH_MAX),
			    slice_of(base->token[i])))
			*out = i;
	buf_clear(&key);
	return res;
}

/* ---- reading ---- */

struct text_field {
	const char *name;
	size_t offset; /* of a struct slice in struct delist_request */
};

static const struct text_field text_fields[] = {
	{ "mail", offsetof(struct delist_request, mail) },
	{ "ref", offsetof(struct delist_request, ref) },
	{ "language", offsetof(struct delist_request, language) },
	{ "proof", offsetof(struct delist_request, proof) },
	{ "reason", offsetof(struct delist_request, reason) },
	{ "needed", offsetof(struct delist_request, needed) },
	{ "ticket", offsetof(struct delist_request, ticket) },
	{ "ptr", offsetof(struct delist_request, ptr) },
	{ "ptr_name", offsetof(struct delist_request, ptr_name) },
	{ "fits", offsetof(struct delist_request, fits) },
	{ "fits_by", offsetof(struct delist_request, fits_by) },
};

/* Of an int64_t. */
static const struct text_field time_fields[] = {
	{ "created", offsetof(struct delist_request, created_ms) },
	{ "changed", offsetof(struct delist_request, changed_ms) },
	{ "expires", offsetof(struct delist_request, expires_ms) },
	{ "until", offsetof(struct delist_request, until_ms) },
	{ "granted", offsetof(struct delist_request, granted_ms) },
};

static int64_t number_of(struct slice text)
{
	uint64_t n = 0;

	return slice_parse_u64(text, 0, INT64_MAX, &n) == RES_OK ? (int64_t)n
								 : 0;
}

static enum result read_field(struct arena *a, struct slice name,
	struct slice value, struct delist_request *q)
{
	for (size_t i = 0; i < sizeof(text_fields) / sizeof(text_fields[0]);
		i++)
		if (slice_is_equal(name, slice_of(text_fields[i].name)))
			return arena_copy(a, value,
				(struct slice *)(void *)((char *)q +
					text_fields[i].offset));
	for (size_t i = 0; i < sizeof(time_fields) / sizeof(time_fields[0]);
		i++)
		if (slice_is_equal(name, slice_of(time_fields[i].name)))
			*(int64_t *)(void *)((char *)q +
				time_fields[i].offset) = number_of(value);
	if (slice_is_equal(name, slice_of("state")))
		q->state = parse_state(value);
	else if (slice_is_equal(name, slice_of("views")))
		q->views = (unsigned)(number_of(value) & INT_MAX);
	else if (slice_is_equal(name, slice_of("letter")))
		q->has_letter = slice_is_equal(value, slice_of("1"));
	else if (slice_is_equal(name, slice_of("ip")))
		return ipaddr_parse(&q->ip, value);
	return RES_OK;
}

enum result delist_read(struct redis *r, const struct conf *conf,
	struct slice rid, int64_t now_ms, struct arena *a,
	struct delist_request *out)
{
	static const char *const none[] = { NULL };
	struct delist_request q = { .proof = slice_of("none") };
	struct redis_reply reply;
	enum result res = case_ref_parse(rid, q.rid);

	if (res == RES_OK)
		res = ask(r, conf, "HGETALL", q.rid, none, &reply);
	if (res == RES_OK && reply.count == 0)
		res = RES_MISSING;
	for (size_t i = 0; res == RES_OK && i + 1 < reply.count; i += 2)
		res = read_field(a, redis_element(&reply, i).text,
			redis_element(&reply, i + 1).text, &q);
	if (res != RES_OK)
		return res;
	if (delist_is_open(q.state) && q.expires_ms <= now_ms)
		q.state = DELIST_EXPIRED;
	*out = q;
	return RES_OK;
}

enum result delist_find(struct redis *r, const struct conf *conf,
	struct slice token, enum token_purpose *purpose, char rid[CASE_REF_MAX])
{
	struct slice argv[] = { slice_of("HMGET"), { 0 }, slice_of("purpose"),
		slice_of("id") };
	char folded[TOKEN_TEXT_MAX];
	enum token_purpose found;
	struct redis_reply reply;
	struct buf key;
	enum result res;

	if (token_parse(token, folded) != RES_OK)
		return RES_MISSING;
	buf_init(&key, KEY_MAX);
	res = token_key(folded, prefix_of(conf), &key);
	argv[1] = buf_slice(&key);
	if (res == RES_OK)
		res = redis_command(r, argv, 4, &reply);
	buf_clear(&key);
	if (res == RES_OK && reply.type == REDIS_ERROR)
		res = redis_error_kind(reply.text);
	if (res != RES_OK)
		return res;
	found = token_purpose_parse(redis_element(&reply, 0).text);
	if (found != TOKEN_MAIL && found != TOKEN_ADDRESS &&
		found != TOKEN_CANCEL)
		return RES_MISSING;
	if (case_ref_parse(redis_element(&reply, 1).text, rid) != RES_OK)
		return RES_CORRUPT;
	*purpose = found;
	return RES_OK;
}

/* ---- small steps ---- */

/* KEYS: request. ARGV: fields and values; none: it was looked at. Answers
 * whether there is such a request. */
static const char note_text[] =
	"if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end\n"
	"if #ARGV == 0 then redis.call('HINCRBY', KEYS[1], 'views', 1)\n"
	"else redis.call('HSET', KEYS[1], unpack(ARGV)) end\n"
	"return 1\n";

/* Fills the key of rid; RES_SYNTAX. */
static enum result start_note(
	struct script_call *c, const struct conf *conf, struct slice rid)
{
	char folded[CASE_REF_MAX];

	if (case_ref_parse(rid, folded) != RES_OK)
		return RES_SYNTAX;
	script_key_of(c, prefix_of(conf), "delist:", slice_of(folded));
	return RES_OK;
}

static void add_note(
	struct script_call *c, const char *field, struct slice value)
{
	script_arg(c, slice_of(field));
	script_arg(c, slice_part(value, 0, HOSTNAME_MAX));
}

static enum result run_note(struct redis *r, const struct script_call *c)
{
	struct redis_reply reply;
	enum result res = script_run(r, note_text, c, &reply);

	return res == RES_OK && reply.number == 0 ? RES_MISSING : res;
}

enum result delist_viewed(
	struct redis *r, const struct conf *conf, struct slice rid)
{
	struct script_call call = { 0 };
	enum result res = start_note(&call, conf, rid);

	return res == RES_OK ? run_note(r, &call) : res;
}

enum result delist_found(struct redis *r, const struct conf *conf,
	struct slice rid, const struct delist_findings *f)
{
	struct script_call call = { 0 };
	enum result res = start_note(&call, conf, rid);

	add_note(&call, "ptr", slice_of(f->ptr));
	add_note(&call, "ptr_name", f->ptr_name);
	add_note(&call, "fits", slice_of(f->fits));
	add_note(&call, "fits_by", slice_of(f->fits_by));
	return res == RES_OK ? run_note(r, &call) : res;
}

enum result delist_ticket(struct redis *r, const struct conf *conf,
	struct slice rid, struct slice ticket)
{
	struct script_call call = { 0 };
	enum result res = start_note(&call, conf, rid);

	add_note(&call, "ticket", ticket);
	return res == RES_OK ? run_note(r, &call) : res;
}

/*
 * KEYS: request, two of its network, quiet, tokens. ARGV: now, RID, to,
 * quiet_s, the number of the token that was shown, or 0. Answers 1 when it was
 * done, 0 in another state.
 */
static const char step_text[] = DELIST_LUA
	"local now, rid, to = tonumber(ARGV[1]), ARGV[2], ARGV[3]\n"
	"local state = delist_state(KEYS[1], now)\n"
	"local shown = tonumber(ARGV[5])\n"
	"if to == 'cancelled' then\n"
	"  if not delist_is_open[state or ''] then return 0 end\n"
	"  if redis.call('HGET', KEYS[4 + shown], 'id') ~= rid then return 0 end\n"
	"elseif state ~= 'queued' and\n"
	"  (to ~= 'bounced' or state ~= 'sent') then\n"
	"  return 0\n"
	"end\n"
	"redis.call('HSET', KEYS[1], 'state', to, 'changed', ARGV[1])\n"
	"if to == 'sent' then return 1 end\n"
	"if redis.call('HGET', KEYS[1], 'mailbox') then\n"
	"  redis.call('SET', KEYS[4],\n"
	"    string.format('%.0f', now + 1000 * ARGV[4]), 'EX', ARGV[4])\n"
	"end\n"
	"delist_free(rid, KEYS[2], KEYS[3])\n"
	"if to == 'cancelled' then\n"
	"  redis.call('DEL', KEYS[5], KEYS[6], KEYS[7])\n"
	"end\n"
	"return 1\n";

static enum result step(struct redis *r, const struct conf *conf,
	const struct delist_base *base, enum delist_state to, int64_t now_ms,
	size_t shown)
{
	struct script_call call = { 0 };
	struct redis_reply reply;
	enum result res;

	delist_base_keys(&call, conf, base);
	script_key_of(&call, prefix_of(conf),
		"delist:quiet:", slice_of(base->mailbox));
	delist_token_keys(&call, conf, base);
	script_number(&call, now_ms);
	script_arg(&call, slice_of(base->rid));
	script_arg(&call, slice_of(delist_state_name(to)));
	script_number(&call, conf->delist.quiet_s);
	script_number(&call, (int64_t)shown);
	res = script_run(r, step_text, &call, &reply);
	if (res == RES_OK && reply.number == 0)
		res = RES_EXISTS;
	return res;
}

static enum result step_of_letter(struct redis *r, const struct conf *conf,
	struct slice rid, enum delist_state to, int64_t now_ms)
{
	struct delist_base base;
	enum result res = delist_base_read(r, conf, rid, &base);

	if (res == RES_OK)
		res = step(r, conf, &base, to, now_ms, 0);
	return res == RES_EXISTS ? RES_OK : res;
}

enum result delist_sent(struct redis *r, const struct conf *conf,
	struct slice rid, int64_t now_ms)
{
	return step_of_letter(r, conf, rid, DELIST_SENT, now_ms);
}

enum result delist_bounced(struct redis *r, const struct conf *conf,
	struct slice rid, int64_t now_ms)
{
	return step_of_letter(r, conf, rid, DELIST_BOUNCED, now_ms);
}

enum result delist_cancel(struct redis *r, const struct conf *conf,
	struct slice token, int64_t now_ms)
{
	enum token_purpose purpose = TOKEN_NONE;
	struct delist_base base;
	char rid[CASE_REF_MAX];
	size_t shown = DELIST_TOKENS;
	enum result res = delist_find(r, conf, token, &purpose, rid);

	if (res == RES_OK && purpose != TOKEN_CANCEL)
		res = RES_MISSING;
	if (res == RES_OK)
		res = delist_base_read(r, conf, slice_of(rid), &base);
	if (res == RES_OK)
		res = delist_token_index(token, &base, &shown);
	if (res == RES_OK && shown == DELIST_TOKENS)
		res = RES_MISSING;
	if (res == RES_OK)
		res = step(r, conf, &base, DELIST_CANCELLED, now_ms, shown + 1);
	return res == RES_EXISTS ? RES_MISSING : res;
}
