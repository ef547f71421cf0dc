/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/arc_rig.h"

#include "auth/arcset.h"
#include "base/arena.h"
#include "base/clock.h"
#include "dns/asker.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 4194304, QUESTIONS_MAX = 200, ROUNDS_MAX = 4 };

static char prefix[] = "rp:";

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

void arc_rig_init(struct arc_rig *r, const struct trust_source *trust)
{
	const struct asker_limits limits = { QUESTIONS_MAX, 60000 };

	memset(r, 0, sizeof(*r));
	r->dns = fake_dns_new(NULL);
	r->asker = asker_new(fake_dns_source(r->dns), &limits, clock_system());
	r->arena = arena_new(ARENA_MAX);
	must(r->asker != NULL && r->arena != NULL);
	must(arc_open(ARC_KEYS_MAX, trust, &r->arc) == RES_OK);
	r->conf.redis.prefix = prefix;
	r->conf.arc.sets_max = AUTH_ARC_MAX;
	r->conf.dkim.min_key_bits = 1024;
	r->conf.dkim.max_key_bits = 4096;
	r->conf.dkim.clock_skew_s = 300;
	r->piece = 65535;
	buf_init(&r->text, ARC_RIG_TEXT_MAX);
	buf_init(&r->wire, ARC_RIG_TEXT_MAX);
	asker_mark(r->asker);
}

void arc_rig_forget(struct arc_rig *r)
{
	arc_clear(r->state);
	r->state = NULL;
	r->auth = (struct auth_facts){ .is_null_sender = false };
	findings_clear(&r->found);
	asker_release(r->asker);
	asker_mark(r->asker);
	arena_reset(r->arena);
}

void arc_rig_clear(struct arc_rig *r)
{
	arc_rig_forget(r);
	arc_close(r->arc);
	asker_free(r->asker);
	fake_dns_free(r->dns);
	arena_free(r->arena);
	buf_clear(&r->text);
	buf_clear(&r->wire);
}

static void to_wire(struct arc_rig *r)
{
	buf_reset(&r->wire);
	for (size_t i = 0; i < r->text.len; i++) {
		if (r->text.at[i] == '\n')
			buf_add_char(&r->wire, '\r');
		buf_add_char(&r->wire, r->text.at[i]);
	}
	must(buf_result(&r->wire) == RES_OK);
}

/* The length of the field that v begins with, without its last CRLF. */
static size_t field_length(struct slice v)
{
	size_t i = 0;

	for (; i < v.len; i++)
		if (v.at[i] == '\r' && i + 1 < v.len && v.at[i + 1] == '\n' &&
			(i + 2 >= v.len ||
				(v.at[i + 2] != ' ' && v.at[i + 2] != '\t')))
			break;
	return i;
}

static void split(struct arc_rig *r)
{
	struct slice rest = buf_slice(&r->wire);

	r->message = (struct message){ .fields = r->fields };
	while (rest.len > 0 && !slice_has_prefix(rest, slice_of("\r\n"))) {
		size_t len = field_length(rest);
		struct slice line = slice_part(rest, 0, len);
		size_t colon = slice_find(line, ':');

		rest = slice_part(rest, len + 2, rest.len);
		if (r->message.field_count == ARC_RIG_FIELDS_MAX)
			continue;
		r->fields[r->message.field_count++] =
			(struct field){ .name = slice_part(line, 0, colon),
				.value =
					slice_part(line, colon + 1, line.len) };
	}
	r->body = slice_part(rest, 2, rest.len);
}

/* text is given; its lines end in LF, and a CR is an octet like another. */
static void take(struct arc_rig *r, struct buf text)
{
	must(buf_result(&text) == RES_OK);
	arc_rig_forget(r);
	buf_clear(&r->text);
	r->text = text;
	to_wire(r);
	split(r);
}

void arc_rig_load(struct arc_rig *r, struct slice text)
{
	struct buf fresh;

	buf_init(&fresh, ARC_RIG_TEXT_MAX);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '\r' || i + 1 == text.len ||
			text.at[i + 1] != '\n')
			buf_add_char(&fresh, text.at[i]);
	take(r, fresh);
}

static const struct check_input *input(struct arc_rig *r, bool body_ended)
{
	r->in.conf = &r->conf;
	r->in.message = &r->message;
	r->in.auth = &r->auth;
	r->in.dns = r->asker;
	r->in.arena = r->arena;
	r->in.body_ended = body_ended;
	r->in.service = r->arc;
	r->in.state = &r->state;
	return &r->in;
}

enum check_progress arc_rig_begin(struct arc_rig *r)
{
	return arc_step(input(r, false), NULL);
}

void arc_rig_body(struct arc_rig *r)
{
	for (size_t at = 0; at < r->body.len; at += r->piece)
		if (!arc_body(
			    input(r, false), slice_part(r->body, at, r->piece)))
			break;
}

enum check_progress arc_rig_end(struct arc_rig *r)
{
	return arc_step(input(r, true), &r->found);
}

const struct arc_fact *arc_rig_validate(struct arc_rig *r)
{
	int rounds = 0;

	(void)arc_rig_begin(r);
	arc_rig_body(r);
	while (arc_rig_end(r) == CHECK_WAITING && rounds++ < ROUNDS_MAX)
		if (fake_dns_let_go(r->dns) == 0)
			asker_expire(r->asker);
	return &r->auth.arc;
}

static void put_field(struct buf *b, const char *name, struct slice value)
{
	buf_add_format(b, "%s:%.*s\n", name, SLICE_ARG(value));
}

enum result arc_rig_seal(struct arc_rig *r, const struct arcseal *seal,
	const char *results, struct arcseal_set *set)
{
	struct arcseal_body *body = arcseal_body_new();
	struct arcseal_input in = { .message = &r->message,
		.arc = &r->auth.arc,
		.wall_s = 1700000000 };
	struct buf text;
	enum result res;

	must(body != NULL);
	for (size_t at = 0; at < r->body.len; at += r->piece)
		arcseal_body_add(body, slice_part(r->body, at, r->piece));
	buf_init(&text, ARC_RIG_TEXT_MAX);
	buf_add_format(&text, " %s", results);
	in.results = buf_slice(&text);
	res = arcseal_make(seal, &in, body, r->arena, set);
	arcseal_body_free(body);
	buf_reset(&text);
	if (res != RES_OK || set->skipped != NULL) {
		buf_clear(&text);
		return res;
	}
	put_field(&text, arcset_seal_name, set->seal);
	put_field(&text, arcset_message_name, set->message);
	put_field(&text, arcset_results_name, set->results);
	buf_add(&text, buf_slice(&r->text));
	take(r, text);
	/* What it pointed to went with the message. */
	*set = (struct arcseal_set){ .instance = set->instance };
	return RES_OK;
}
