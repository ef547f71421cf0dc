/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl add, allow: one entry, with a reason and an end. */
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/change.h"
#include "ctl/cover.h"
#include "ctl/entry.h"

#include <string.h>

enum { LIFE_DEFAULT_S = 30 * 24 * 3600, REASON_MAX = 1000 };

struct wish {
	struct cover_question where;
	char scope[HOSTNAME_MAX];
	const char *what;
	const char *reason;
	const char *class;
	const char *code;
	const char *note;
	int64_t life_s;
	bool shadow;
	bool force;
	bool lock;
};

static bool is_text(struct ctl *ctl, const char *name, const char *text)
{
	if (text == NULL)
		return true;
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7F) {
			output_error(ctl->out,
				"--%s: control characters are not text", name);
			return false;
		}
	}
	if (strlen(text) <= REASON_MAX)
		return true;
	output_error(ctl->out, "--%s: at most %d octets", name, REASON_MAX);
	return false;
}

static bool read_class(struct ctl *ctl, struct wish *w)
{
	enum listing_class class = LISTING_SELF;

	if (w->class == NULL || listing_class_parse(slice_of(w->class), &class))
		return true;
	output_error(ctl->out,
		"--class: \"%s\" is none of self, policy, review, feed",
		w->class);
	return false;
}

static bool read_wish(struct ctl *ctl, const struct args *args,
	enum list_kind kind, struct wish *w)
{
	w->what = kind == LIST_BLOCK ? "add" : "allow";
	w->where.kind = kind;
	w->where.scope = w->scope;
	w->reason = args_text(args, "reason");
	w->note = args_text(args, "note");
	w->shadow = args_flag(args, "shadow");
	w->force = args_flag(args, "force");
	w->life_s = args_number(args, "ttl", LIFE_DEFAULT_S);
	if (kind == LIST_BLOCK) {
		w->class = args_text(args, "class");
		w->code = args_text(args, "code");
		w->lock = args_flag(args, "lock");
	}
	if (w->reason == NULL || w->reason[0] == '\0') {
		output_error(ctl->out,
			"%s: --reason is missing; it is what the sender reads",
			w->what);
		return false;
	}
	return cover_parse(ctl, args->word[0], &w->where) &&
		ctl_read_scope(ctl, args, w->scope) && read_class(ctl, w) &&
		is_text(ctl, "reason", w->reason) &&
		is_text(ctl, "note", w->note) && is_text(ctl, "code", w->code);
}

/* A slip of the finger must not shut out, or let in, half of the world. */
static bool is_too_wide(struct ctl *ctl, const struct wish *w)
{
	char net[CIDR_TEXT_MAX];

	if (!list_net_needs_force(&w->where.net) || w->force)
		return false;
	output_error(ctl->out,
		"%s is wider than /8 (IPv4) or /16 (IPv6): --force, if you "
		"mean it",
		cidr_format(&w->where.net, net));
	return true;
}

static enum ctl_exit write_entry(struct ctl *ctl, const struct wish *w,
	const char *key, struct change_answer *answer)
{
	struct change_fields fields = { .count = 0 };
	char now[CLOCK_TEXT_MAX];
	const struct change change = { .what = w->what,
		.why = w->reason,
		.key = slice_of(key),
		.fields = &fields,
		.life_s = w->life_s };

	change_field(&fields, "reason", w->reason);
	change_field(&fields, "class", w->class);
	change_field(&fields, "code", w->code);
	change_field(&fields, "origin", ENTRY_ORIGIN_ADMIN);
	change_field(
		&fields, "since", clock_format_utc(ctl_now_s() * 1000, now));
	change_field(&fields, "by", ctl->who);
	change_field(&fields, "note", w->note);
	change_field(&fields, "lock", w->lock ? "yes" : "");
	change_field(&fields, "shadow", w->shadow ? "yes" : "");
	change_field(&fields, "force",
		list_net_needs_force(&w->where.net) ? "yes" : "");
	return change_run(ctl, &change, answer);
}

static void say_done(struct output *o, const struct wish *w, const char *key,
	struct change_answer *answer)
{
	char span[OUTPUT_SPAN_MAX];

	output_say(o, "%s %s%s", answer->was_there ? "replaced" : "added", key,
		w->shadow ? " (shadow: seen and logged, never enforced)" : "");
	if (w->life_s > 0)
		output_say(o, "it ends by itself in %s (--ttl)",
			output_format_span(w->life_s, span));
	else
		output_say(o, "it never ends by itself");
	output_text(o, "key", slice_of(key));
	output_json(o, "before", buf_slice(&answer->before));
	output_json(o, "after", buf_slice(&answer->after));
	if (w->life_s > 0)
		ctl_output_time(o, "until", ctl_now_s() + w->life_s);
}

/* A block that an allow entry beats has no effect: better said at once. */
static enum ctl_exit warn_of_allow(struct ctl *ctl, const struct wish *w)
{
	struct cover_question q = w->where;
	struct cover_answer found;
	char key[LIST_NAME_MAX];

	if (q.kind != LIST_BLOCK)
		return CTL_DONE;
	q.kind = LIST_ALLOW;
	enum ctl_exit code = cover_ask(ctl, &q, &found);

	for (size_t i = 0; i < found.count && code == CTL_DONE; i++)
		if (cover_key(ctl, &q, &found.net[i], key))
			output_say(ctl->out,
				"warning: %s covers it, and allow beats block",
				key);
	return code;
}

static enum ctl_exit run(
	struct ctl *ctl, const struct args *args, enum list_kind kind)
{
	struct wish wish = { .life_s = 0 };
	struct change_answer answer;
	char key[LIST_NAME_MAX];

	if (!read_wish(ctl, args, kind, &wish))
		return CTL_USAGE;
	if (is_too_wide(ctl, &wish))
		return CTL_REFUSED;
	if (!cover_key(ctl, &wish.where, &wish.where.net, key)) {
		output_error(ctl->out, "the key prefix is too long");
		return CTL_USAGE;
	}
	enum ctl_exit code = ask_open(ctl, LINK_WRITE);

	if (code != CTL_DONE)
		return code;
	change_answer_init(&answer);
	code = write_entry(ctl, &wish, key, &answer);
	if (code == CTL_DONE) {
		say_done(ctl->out, &wish, key, &answer);
		code = warn_of_allow(ctl, &wish);
	}
	change_answer_clear(&answer);
	return code;
}

static enum ctl_exit run_add(struct ctl *ctl, const struct args *args)
{
	return run(ctl, args, LIST_BLOCK);
}

static enum ctl_exit run_allow(struct ctl *ctl, const struct args *args)
{
	return run(ctl, args, LIST_ALLOW);
}

static const char more[] =
	"Without --ttl the entry ends after 30 days. A network wider than /8 "
	"(IPv4) or\n/16 (IPv6) wants --force. An entry of the same name is "
	"replaced.";

static const struct args_option add_options[] = {
	{ "reason", ARGS_TEXT, "TEXT", "why; the refused sender reads it" },
	{ "class", ARGS_TEXT, "CLASS",
		"self, policy, review or feed: who may lift it" },
	{ "ttl", ARGS_LIFE, "LIFE", "15m, 12h, 30d, 2w or never" },
	{ "rcpt", ARGS_TEXT, "DOMAIN", "for mail to this domain only" },
	{ "shadow", ARGS_FLAG, "", "see and log it, never enforce it" },
	{ "force", ARGS_FLAG, "", "also a very wide network" },
	{ "code", ARGS_TEXT, "CODE", "row of reprieve-codes(7)" },
	{ "note", ARGS_TEXT, "TEXT", "for colleagues; senders never see it" },
	{ "lock", ARGS_FLAG, "", "no removal by the sender" },
};

static const struct args_spec add_spec = {
	.name = "add",
	.usage =
		"IP|CIDR|asn:N|country:CC|domain:NAME|user:HASH --reason TEXT [options]",
	.help = "Puts an address, a network or a name on the block list.",
	.more = more,
	.option = add_options,
	.option_count = sizeof(add_options) / sizeof(add_options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_add = { .spec = &add_spec, .run = run_add };

static const struct args_option allow_options[] = {
	{ "reason", ARGS_TEXT, "TEXT", "why there is an exception" },
	{ "ttl", ARGS_LIFE, "LIFE", "15m, 12h, 30d, 2w or never" },
	{ "rcpt", ARGS_TEXT, "DOMAIN", "for mail to this domain only" },
	{ "shadow", ARGS_FLAG, "", "see and log it, never enforce it" },
	{ "force", ARGS_FLAG, "", "also a very wide network" },
	{ "note", ARGS_TEXT, "TEXT", "for colleagues" },
};

static const struct args_spec allow_spec = {
	.name = "allow",
	.usage =
		"IP|CIDR|asn:N|country:CC|domain:NAME|user:HASH --reason TEXT [options]",
	.help = "Makes an exception: allow beats block.",
	.more = more,
	.option = allow_options,
	.option_count = sizeof(allow_options) / sizeof(allow_options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_allow = { .spec = &allow_spec, .run = run_allow };
