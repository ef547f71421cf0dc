/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl explain: the case behind a reference, for a human. */
#include "ctl/ask.h"
#include "ctl/authout.h"
#include "ctl/entry.h"
#include "ctl/mailuser.h"
#include "ctl/meaning.h"
#include "policy/code.h"
#include "store/case.h"
#include "store/standing.h"

#include <string.h>

enum { FIELD_BYTES_MAX = 1 << 16, MS_PER_S = 1000 };

/* In the order in which a person asks: what, why, whose mail, traces. */
static const char *const order[] = { "ref", "first_seen", "last_seen", "count",
	"code", "action", "stage", "mode", "ip", "net", "country", "asn", "key",
	"class", "reason", "until", "helo", "sender_domain", "sender_hash",
	"rcpt_domain", "rcpt_hash", "reply", "host", "session", "queue_id",
	"score", "policy", "findings" };

enum { ORDER = sizeof(order) / sizeof(order[0]) };

struct story {
	struct output *out;
	struct buf known[ORDER];
	struct buf auth[CASEAUTH_COUNT];
};

static void story_init(struct story *s)
{
	for (size_t i = 0; i < ORDER; i++)
		buf_init(&s->known[i], FIELD_BYTES_MAX);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		buf_init(&s->auth[i], FIELD_BYTES_MAX);
}

static void story_clear(struct story *s)
{
	for (size_t i = 0; i < ORDER; i++)
		buf_clear(&s->known[i]);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		buf_clear(&s->auth[i]);
}

/* Where the field is kept, or NULL. */
static struct buf *room_of(struct story *s, struct slice field)
{
	for (size_t i = 0; i < ORDER; i++)
		if (slice_is_equal(field, slice_of(order[i])))
			return &s->known[i];
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		if (slice_is_equal(field, slice_of(caseauth_fields[i].name)))
			return &s->auth[i];
	return NULL;
}

static void gather(void *ctx, struct slice field, struct slice value)
{
	struct story *s = ctx;
	struct buf *room = room_of(s, field);
	char name[64];

	if (room != NULL) {
		buf_reset(room);
		buf_add(room, value);
		return;
	}

	snprintf(name, sizeof(name), "%.*s",
		(int)(field.len < sizeof(name) ? field.len : sizeof(name) - 1),
		field.at);
	output_text(s->out, name, value);
}

static struct slice field(const struct story *s, const char *name)
{
	for (size_t i = 0; i < ORDER; i++)
		if (strcmp(order[i], name) == 0)
			return buf_slice(&s->known[i]);
	return slice_of("");
}

static void say_auth(struct output *o, const struct story *s)
{
	struct slice field[CASEAUTH_COUNT];

	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		field[i] = buf_slice(&s->auth[i]);
	authout_say(o, field);
}

static void say_code(struct output *o, struct slice code)
{
	const struct code_row *row = code_row(code_find(code));

	if (row == NULL)
		return;
	output_text(o, "cause", slice_of(row->cause));
	output_text(o, "remedy", slice_of(row->remedy));
}

/* What must have held for this entry to decide; see store/blocklist.h. */
static void say_precedence(struct ctl *ctl, struct slice key)
{
	struct list_name name;

	if (list_name_parse(&name, ctl_prefix(ctl), key) != RES_OK)
		return;
	mailuser_output(ctl, &name.net);
	if (name.subject == SUBJECT_USER) {
		output_text(ctl->out, "precedence",
			slice_of("an entry names the account of this site that "
				 "sent, and no allow entry does"));
		return;
	}
	output_text(ctl->out, "precedence",
		slice_of(name.scope[0] != '\0'
				? "a list of the recipient's domain is final; "
				  "the narrowest entry there decided"
				: "no list of the recipient's domain had an "
				  "answer, no allow entry covered the address, "
				  "and this was the narrowest block entry"));
}

static enum ctl_exit say_present(void *ctx, const struct entry *e)
{
	struct output *o = ctx;

	output_open(o, "entry_now", OUTPUT_BLOCK);
	entry_output(o, e);
	output_close(o);
	return CTL_DONE;
}

static enum ctl_exit say_now(struct ctl *ctl, struct slice key)
{
	bool found = false;

	if (key.len == 0)
		return CTL_DONE;
	enum ctl_exit code =
		entry_each_key(ctl, key, say_present, ctl->out, &found);

	if (code == CTL_DONE && !found)
		output_text(ctl->out, "entry_now",
			slice_of("gone: the key does not exist any more"));
	return code;
}

static void say_events(struct output *o, const struct standing *s)
{
	output_open(o, "history", OUTPUT_TABLE);
	for (size_t i = 0; i < s->log_count; i++) {
		output_open(o, NULL, OUTPUT_BLOCK);
		ctl_output_time(o, "at", s->log[i].at_ms / MS_PER_S);
		output_text(o, "what", slice_of(s->log[i].what));
		output_number(o, "level", s->log[i].level);
		output_close(o);
	}
	output_close(o);
}

/* What is remembered of the client, whoever lists it. */
static enum ctl_exit say_standing(struct ctl *ctl, struct slice ip_text)
{
	struct output *o = ctl->out;
	struct standing s;
	struct ipaddr ip;

	if (ipaddr_parse(&ip, ip_text) != RES_OK)
		return CTL_DONE;
	struct cidr net = cidr_of_client(&ip);
	enum result res = standing_read(
		ctl->redis, ctl->conf, &net, ctl_now_s() * MS_PER_S, &s);

	if (res != RES_OK)
		return ask_failed(ctl, res);
	output_open(o, "standing", OUTPUT_BLOCK);
	output_text(o, "state", slice_of(standing_state_name(s.state)));
	output_number(o, "level", s.level);
	ctl_output_time(o, "listed", s.listed_ms / MS_PER_S);
	ctl_output_time(o, "delisted", s.delisted_ms / MS_PER_S);
	ctl_output_time(o, "last_evidence", s.evidence_ms / MS_PER_S);
	ctl_output_time(o, "parole_until", s.parole_until_ms / MS_PER_S);
	output_number(o, "removals", s.removals);
	if (s.log_count > 0)
		say_events(o, &s);
	output_close(o);
	return CTL_DONE;
}

static enum ctl_exit tell(struct ctl *ctl, const struct story *s)
{
	for (size_t i = 0; i < ORDER; i++)
		if (strcmp(order[i], "findings") != 0)
			output_text(
				ctl->out, order[i], buf_slice(&s->known[i]));
	say_code(ctl->out, field(s, "code"));
	say_precedence(ctl, field(s, "key"));
	say_auth(ctl->out, s);
	authout_lines(ctl->out, "findings", field(s, "findings"));
	meaning_say(ctl->out, field(s, "findings"));
	enum ctl_exit code = say_now(ctl, field(s, "key"));

	return code == CTL_DONE ? say_standing(ctl, field(s, "ip")) : code;
}

static enum ctl_exit no_case(struct ctl *ctl, struct slice ref, enum result res)
{
	if (res == RES_SYNTAX) {
		output_error(ctl->out,
			"\"%.*s\" is not a reference (a typing error?)",
			SLICE_ARG(ref));
		return CTL_NO;
	}
	if (res == RES_MISSING) {
		output_error(ctl->out,
			"there is no such case; cases are kept for a while "
			"only (cases.keep_s)");
		return CTL_NO;
	}
	return ask_failed(ctl, res);
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct slice text = slice_of(args->word[0]);
	struct story s = { .out = ctl->out };

	/* The whole URL of a reply will do. */
	if (slice_find(text, '/') < text.len)
		text = slice_part(
			text, slice_find_last(text, '/') + 1, text.len);
	enum ctl_exit code = ask_open(ctl, LINK_READ);

	if (code != CTL_DONE)
		return code;
	story_init(&s);
	enum result res =
		case_read(ctl->redis, ctl_prefix(ctl), text, gather, &s);

	code = res == RES_OK ? tell(ctl, &s) : no_case(ctl, text, res);
	story_clear(&s);
	return code;
}

static const struct args_spec spec = {
	.name = "explain",
	.usage = "REFERENCE|URL",
	.help = "Tells the case behind the reference of a refusal.",
	.more = "Exit code 1: there is no such case.",
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_explain = { .spec = &spec, .run = run };
