/* SPDX-License-Identifier: BSD-2-Clause */
/* What Redis says of a report, put into structs. */
#include "store/reportcore.h"

#include "base/arena.h"
#include "conf/conf.h"

#include <stdio.h>

enum { ARGS_MAX = 32 };

enum {
	AT_TIME = 0,
	AT_STATE,
	AT_PROOF,
	AT_REPORTER,
	AT_ACCOUNT,
	AT_CLIENT,
	AT_LANGUAGE,
	AT_TEXT,
	AT_TICKET,
	AT_EFFECT,
	AT_COUNT,
	AT_FILED
};

const char *const report_fields[REPORT_FIELDS] = {
	[AT_TIME] = "at",
	[AT_STATE] = "state",
	[AT_PROOF] = "proof",
	[AT_REPORTER] = "reporter",
	[AT_ACCOUNT] = "account",
	[AT_CLIENT] = "client",
	[AT_LANGUAGE] = "language",
	[AT_TEXT] = "text",
	[AT_TICKET] = "ticket",
	[AT_EFFECT] = "effect",
	[AT_COUNT] = "count",
	[AT_FILED] = "filed",
};

enum {
	AT_FORM = 0,
	AT_KIND,
	AT_WORD,
	AT_TRACE,
	AT_ITEM_EFFECT,
	AT_WAITS,
	AT_FROM,
	AT_SUBJECT,
	AT_MESSAGE_ID,
	AT_CFBL_ADDRESS,
	AT_CFBL_ID,
	AT_IP,
	AT_MESSAGE,
	AT_LESSON
};

const char *const report_item_fields[REPORT_ITEM_FIELDS] = {
	[AT_FORM] = "form",
	[AT_KIND] = "kind",
	[AT_WORD] = "word",
	[AT_TRACE] = "trace",
	[AT_ITEM_EFFECT] = "effect",
	[AT_WAITS] = "waits",
	[AT_FROM] = "from",
	[AT_SUBJECT] = "subject",
	[AT_MESSAGE_ID] = "message_id",
	[AT_CFBL_ADDRESS] = "cfbl_address",
	[AT_CFBL_ID] = "cfbl_id",
	[AT_IP] = "ip",
	[AT_MESSAGE] = "message",
	[AT_LESSON] = "lesson",
};

struct reader {
	const struct redis_reply *reply;
	struct arena *arena;
	bool is_lost;
};

static struct slice field(const struct reader *r, size_t i)
{
	struct redis_reply item = redis_element(r->reply, i);

	return item.type == REDIS_STRING ? item.text : slice_of("");
}

static struct slice kept(struct reader *r, size_t i)
{
	struct slice out = { 0 };

	if (arena_copy(r->arena, field(r, i), &out) != RES_OK)
		r->is_lost = true;
	return out;
}

static uint64_t number(const struct reader *r, size_t i, uint64_t most)
{
	uint64_t value = 0;

	if (slice_parse_u64(field(r, i), 0, most, &value) != RES_OK)
		return 0;
	return value;
}

enum result report_take(
	const struct redis_reply *reply, struct arena *a, struct report *out)
{
	struct reader r = { .reply = reply, .arena = a };

	if (field(&r, AT_TIME).len == 0)
		return RES_MISSING;
	out->at_ms = (int64_t)number(&r, AT_TIME, INT64_MAX);
	(void)report_state_parse(field(&r, AT_STATE), &out->state);
	(void)report_proof_parse(field(&r, AT_PROOF), &out->proof);
	(void)report_effect_parse(field(&r, AT_EFFECT), &out->effect);
	out->reporter = kept(&r, AT_REPORTER);
	out->account = kept(&r, AT_ACCOUNT);
	out->client = kept(&r, AT_CLIENT);
	out->language = kept(&r, AT_LANGUAGE);
	out->text = kept(&r, AT_TEXT);
	out->count = (size_t)number(&r, AT_COUNT, REPORT_ORIGINALS_MAX);
	if (case_ref_parse(field(&r, AT_TICKET), out->ticket) != RES_OK)
		out->ticket[0] = '\0';
	return r.is_lost ? RES_NOMEM : RES_OK;
}

enum result report_take_item(const struct redis_reply *reply, struct arena *a,
	struct report_item *out)
{
	struct reader r = { .reply = reply, .arena = a };

	if (field(&r, AT_FORM).len == 0)
		return RES_MISSING;
	(void)report_form_parse(field(&r, AT_FORM), &out->form);
	(void)report_kind_parse(field(&r, AT_KIND), &out->kind);
	(void)report_trace_word_parse(field(&r, AT_WORD), &out->trace_word);
	(void)report_trace_parse(field(&r, AT_TRACE), &out->trace);
	(void)report_effect_parse(field(&r, AT_ITEM_EFFECT), &out->effect);
	out->waits = slice_is_equal(field(&r, AT_WAITS), slice_of("1"));
	out->from = kept(&r, AT_FROM);
	out->subject = kept(&r, AT_SUBJECT);
	out->message_id = kept(&r, AT_MESSAGE_ID);
	out->cfbl_address = kept(&r, AT_CFBL_ADDRESS);
	out->cfbl_id = kept(&r, AT_CFBL_ID);
	out->has_claimed_ip =
		ipaddr_parse(&out->claimed_ip, field(&r, AT_IP)) == RES_OK;
	out->message = kept(&r, AT_MESSAGE);
	out->lesson = kept(&r, AT_LESSON);
	return r.is_lost ? RES_NOMEM : RES_OK;
}

enum result report_ask(struct redis *r, const struct conf *conf,
	const char *name, const char *const *fields, size_t count,
	struct redis_reply *out)
{
	struct slice argv[ARGS_MAX] = { slice_of("HMGET") };
	struct script_call key = { .count = 0 };
	enum result res;

	report_key(&key, conf, "report:", name);
	argv[1] = key.argv[0];
	for (size_t i = 0; i < count; i++)
		argv[i + 2] = slice_of(fields[i]);
	res = redis_command(r, argv, count + 2, out);
	if (res == RES_OK && out->type == REDIS_ERROR)
		res = redis_error_kind(out->text);
	return res;
}
