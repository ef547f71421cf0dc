/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl pause, resume: sending from an account of ours. */
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/change.h"
#include "ctl/cover.h"
#include "ctl/entry.h"
#include "ctl/mailuser.h"

#include <string.h>

enum { REASON_MAX = 1000 };

struct order {
	struct ctl *ctl;
	struct cover_question where; /* the place of the account */
	char hash[SECRET_HASH_MAX];
	char who[MAILUSER_TEXT_MAX]; /* the account, for a human */
	const char *reason;
	int64_t life_s;
	size_t done;
};

static bool is_reason(struct ctl *ctl, const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7F) {
			output_error(ctl->out,
				"--reason: control characters are not text");
			return false;
		}
	}
	if (strlen(text) <= REASON_MAX)
		return true;
	output_error(ctl->out, "--reason: at most %d octets", REASON_MAX);
	return false;
}

/* CTL_DONE: it is connected, and *o says whom it is about. */
static enum ctl_exit begin(struct ctl *ctl, const struct args *args,
	const char *reason, struct order *o)
{
	char subject[SECRET_HASH_MAX + 8];

	*o = (struct order){ .ctl = ctl };
	o->where.scope = "";
	o->where.kind = LIST_BLOCK;
	o->reason = args_text(args, "reason");
	if (o->reason == NULL)
		o->reason = reason;
	if (!mailuser_read(ctl, args->word[0], o->hash) ||
		!is_reason(ctl, o->reason))
		return CTL_USAGE;
	snprintf(subject, sizeof(subject), "user:%s", o->hash);
	if (!cover_parse(ctl, subject, &o->where))
		return CTL_USAGE;
	enum ctl_exit code = ask_open(ctl, LINK_WRITE);

	if (code == CTL_DONE)
		(void)mailuser_format(ctl, o->hash, o->who);
	return code;
}

/* Every entry of the account on that list, in any scope and spelling. */
static enum ctl_exit gather(
	struct order *o, enum list_kind kind, struct entries **out)
{
	const struct entry_filter filter = { .has_kind = true,
		.kind = kind,
		.has_match = true,
		.match = o->where.net };

	return entries_gather(o->ctl, &filter, out);
}

/* ---- pause ---- */

static enum ctl_exit warn_of_exceptions(struct order *o)
{
	struct entries *found = NULL;
	enum ctl_exit code = gather(o, LIST_ALLOW, &found);

	for (size_t i = 0; code == CTL_DONE && i < entries_count(found); i++)
		output_say(o->ctl->out,
			"warning: %.*s is there, and allow beats block",
			SLICE_ARG(entries_key(found, i)));
	entries_free(found);
	return code;
}

static void say_paused(
	struct order *o, const char *key, struct change_answer *answer)
{
	struct output *out = o->ctl->out;
	char span[OUTPUT_SPAN_MAX];

	output_say(out, "%s is %s: its mail is put off or refused", o->who,
		answer->was_there ? "still paused, by a new entry" : "paused");
	if (o->life_s > 0)
		output_say(out, "it is resumed by itself in %s (--for)",
			output_format_span(o->life_s, span));
	else
		output_say(out, "until it is resumed (reprievectl resume)");
	output_text(out, "key", slice_of(key));
	mailuser_output(o->ctl, &o->where.net);
	output_json(out, "before", buf_slice(&answer->before));
	output_json(out, "after", buf_slice(&answer->after));
	if (o->life_s > 0)
		ctl_output_time(out, "until", ctl_now_s() + o->life_s);
}

static enum ctl_exit pause_account(
	struct order *o, const char *key, struct change_answer *answer)
{
	struct change_fields fields = { .count = 0 };
	char now[CLOCK_TEXT_MAX];
	const struct change change = { .what = "pause",
		.why = o->reason,
		.key = slice_of(key),
		.fields = &fields,
		.life_s = o->life_s };

	change_field(&fields, "reason", o->reason);
	change_field(&fields, "class", "review");
	change_field(&fields, "origin", ENTRY_ORIGIN_ADMIN);
	change_field(
		&fields, "since", clock_format_utc(ctl_now_s() * 1000, now));
	change_field(&fields, "by", o->ctl->who);
	return change_run(o->ctl, &change, answer);
}

static enum ctl_exit run_pause(struct ctl *ctl, const struct args *args)
{
	struct order o;
	struct change_answer answer;
	char key[LIST_NAME_MAX];
	enum ctl_exit code =
		begin(ctl, args, "paused by the administrator", &o);

	if (code != CTL_DONE)
		return code;
	o.life_s = args_number(args, "for", ctl->conf->reports.pause_s);
	if (!cover_key(ctl, &o.where, &o.where.net, key)) {
		output_error(ctl->out, "the key prefix is too long");
		return CTL_USAGE;
	}
	change_answer_init(&answer);
	code = pause_account(&o, key, &answer);
	if (code == CTL_DONE) {
		say_paused(&o, key, &answer);
		code = warn_of_exceptions(&o);
	}
	change_answer_clear(&answer);
	return code;
}

/* ---- resume ---- */

static enum ctl_exit remove_key(struct order *o, struct slice key)
{
	const struct change change = {
		.what = "resume", .why = o->reason, .key = key
	};
	struct change_answer answer;

	change_answer_init(&answer);
	enum ctl_exit code = change_run(o->ctl, &change, &answer);

	if (code == CTL_DONE && answer.was_there) {
		o->done++;
		output_open(o->ctl->out, NULL, OUTPUT_BLOCK);
		output_text(o->ctl->out, "key", key);
		output_json(o->ctl->out, "before", buf_slice(&answer.before));
		output_close(o->ctl->out);
	}
	change_answer_clear(&answer);
	return code;
}

static enum ctl_exit run_resume(struct ctl *ctl, const struct args *args)
{
	struct entries *found = NULL;
	struct order o;
	enum ctl_exit code = begin(ctl, args, "", &o);

	if (code != CTL_DONE)
		return code;
	code = gather(&o, LIST_BLOCK, &found);
	output_open(ctl->out, "removed", OUTPUT_BLOCKS);
	for (size_t i = 0; code == CTL_DONE && i < entries_count(found); i++)
		code = remove_key(&o, entries_key(found, i));
	output_close(ctl->out);
	entries_free(found);
	if (code != CTL_DONE)
		return code;
	mailuser_output(ctl, &o.where.net);
	if (o.done == 0)
		output_say(ctl->out, "%s is not paused", o.who);
	else
		output_say(ctl->out, "%s may send again", o.who);
	return o.done > 0 ? CTL_DONE : CTL_NO;
}

/* ---- the commands ---- */

static const struct args_option pause_options[] = {
	{ "for", ARGS_LIFE, "LIFE",
		"15m, 12h, 30d, or never: until it is resumed" },
	{ "reason", ARGS_TEXT, "TEXT", "why; its user reads it" },
};

static const struct args_spec pause_spec = {
	.name = "pause",
	.usage = "ACCOUNT|HASH [--for LIFE] [--reason TEXT]",
	.help = "Stops mail from an account of this site for a time.",
	.more = "Its mail is answered as the check \"account\" says: by default "
		"it waits (451).\nWithout --for: reports.pause_s.",
	.option = pause_options,
	.option_count = sizeof(pause_options) / sizeof(pause_options[0]),
	.words_min = 1,
	.words_max = 1,
};

static const struct args_option resume_options[] = {
	{ "reason", ARGS_TEXT, "TEXT", "why, for the audit" },
};

static const struct args_spec resume_spec = {
	.name = "resume",
	.usage = "ACCOUNT|HASH [--reason TEXT]",
	.help = "Lets an account that was paused send again.",
	.more = "Exit code 1: it was not paused.",
	.option = resume_options,
	.option_count = sizeof(resume_options) / sizeof(resume_options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_pause = { .spec = &pause_spec, .run = run_pause };
const struct ctl_command cmd_resume = { .spec = &resume_spec,
	.run = run_resume };
