/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ticketread.h"

#include "base/arena.h"
#include "conf/conf.h"

enum { MS_PER_S = 1000 };

struct reader {
	struct arena *arena;
	struct ticket *ticket;
	bool is_lost;
};

static struct slice kept(struct reader *to, struct slice text)
{
	struct slice out = { 0 };

	if (arena_copy(to->arena, text, &out) != RES_OK)
		to->is_lost = true;
	return out;
}

/* What an admin has written by hand and is no time is none. */
static int64_t time_of(struct slice text)
{
	uint64_t value = 0;

	if (slice_parse_u64(text, 0, INT64_MAX, &value) != RES_OK)
		return 0;
	return (int64_t)value;
}

static void read_text(struct reader *to, struct slice name, struct slice value)
{
	struct ticket *t = to->ticket;
	const struct {
		const char *name;
		struct slice *at;
	} texts[] = {
		{ "outcome", &t->outcome },
		{ "mail", &t->mail },
		{ "language", &t->language },
		{ "subject", &t->subject },
		{ "ref", &t->ref },
		{ "rid", &t->rid },
		{ "ip", &t->ip },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (slice_is_equal(name, slice_of(texts[i].name)))
			*texts[i].at = kept(to, value);
}

static void read_field(struct reader *to, struct slice name, struct slice value)
{
	struct ticket *t = to->ticket;

	if (slice_is_equal(name, slice_of("state")))
		(void)ticket_state_parse(value, &t->state);
	else if (slice_is_equal(name, slice_of("created")))
		t->created_ms = time_of(value);
	else if (slice_is_equal(name, slice_of("changed")))
		t->changed_ms = time_of(value);
	else if (slice_is_equal(name, slice_of("due")))
		t->due_ms = time_of(value);
	else if (slice_is_equal(name, slice_of("ended")))
		t->ended_ms = time_of(value);
	else if (slice_is_equal(name, slice_of("sponsored")))
		t->is_sponsored = true;
	else
		read_text(to, name, value);
}

static void read_message(
	struct reader *to, const struct redis_reply *row, size_t i)
{
	struct ticket_message *m = &to->ticket->message[i];

	m->at_ms = time_of(redis_element(row, 0).text);
	m->who = kept(to, redis_element(row, 1).text);
	m->text = kept(to, redis_element(row, 2).text);
	m->is_ours = m->who.len > 0;
	(void)ticket_state_parse(redis_element(row, 3).text, &m->state);
}

static enum result read_messages(
	struct reader *to, const struct redis_reply *rows)
{
	struct ticket *t = to->ticket;

	if (rows->count == 0)
		return RES_OK;
	t->message = arena_alloc(to->arena, rows->count * sizeof(*t->message));
	if (t->message == NULL)
		return RES_NOMEM;
	t->message_count = rows->count;
	for (size_t i = 0; i < rows->count; i++) {
		struct redis_reply row = redis_element(rows, i);

		read_message(to, &row, i);
	}
	return RES_OK;
}

static enum result read_fields(
	struct reader *to, const struct redis_reply *fields)
{
	if (fields->type != REDIS_ARRAY || fields->count == 0)
		return RES_MISSING;
	for (size_t i = 0; i + 1 < fields->count; i += 2)
		read_field(to, redis_element(fields, i).text,
			redis_element(fields, i + 1).text);
	return RES_OK;
}

enum result ticketread_reply(struct ticket *out,
	const struct redis_reply *fields, const struct redis_reply *messages,
	struct arena *a)
{
	struct reader to = { .arena = a, .ticket = out };
	enum result res = read_fields(&to, fields);

	if (res == RES_OK && messages != NULL)
		res = read_messages(&to, messages);
	if (res == RES_OK && to.is_lost)
		res = RES_NOMEM;
	return res;
}

void ticketread_time(struct ticket *t, const struct conf *conf, int64_t now_ms)
{
	if (t->state == TICKET_RESOLVED &&
		now_ms >=
			t->ended_ms + (int64_t)conf->support.close_s * MS_PER_S)
		t->state = TICKET_CLOSED;
	if (t->state == TICKET_RESOLVED || t->state == TICKET_CLOSED)
		t->until_ms = t->ended_ms +
			(int64_t)conf->support.reopen_s * MS_PER_S;
	if (!ticket_is_ours(t->state))
		t->due_ms = 0;
}
