/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl remove: one entry, under whatever spelling it has. */
#include "ctl/ask.h"
#include "ctl/change.h"
#include "ctl/cover.h"
#include "ctl/entry.h"

#include <string.h>

struct removal {
	struct cover_question where;
	char scope[HOSTNAME_MAX];
	const char *why;
	size_t done;
};

static enum ctl_exit remove_key(
	struct ctl *ctl, struct removal *r, struct slice key)
{
	static const char feed[] = ENTRY_ORIGIN_FEED;
	const struct change change = {
		.what = "remove", .why = r->why, .key = key
	};
	struct change_answer answer;

	change_answer_init(&answer);
	enum ctl_exit code = change_run(ctl, &change, &answer);

	if (code == CTL_DONE && answer.was_there) {
		r->done++;
		output_say(ctl->out, "removed %.*s", SLICE_ARG(key));
		if (slice_has_prefix(buf_slice(&answer.origin), slice_of(feed)))
			output_say(ctl->out,
				"it came from %s and returns with its next "
				"import; an exception (allow) lasts",
				buf_text(&answer.origin));
		output_open(ctl->out, NULL, OUTPUT_BLOCK);
		output_text(ctl->out, "key", key);
		output_json(ctl->out, "before", buf_slice(&answer.before));
		output_close(ctl->out);
	}
	change_answer_clear(&answer);
	return code;
}

static bool is_same(
	const struct ctl *ctl, const struct removal *r, struct slice key)
{
	struct list_name name;

	return list_name_parse(&name, ctl_prefix(ctl), key) == RES_OK &&
		cidr_is_equal(&name.net, &r->where.net);
}

/* "::ffff:192.0.2.1", "192.0.2.9/24": the milter reads them all as one. */
static enum ctl_exit remove_other_spellings(struct ctl *ctl, struct removal *r)
{
	const struct entry_filter filter = { .has_kind = true,
		.kind = r->where.kind,
		.has_scope = true,
		.scope = r->scope,
		.has_match = true,
		.match = r->where.net };
	struct entries *entries = NULL;
	enum ctl_exit code = entries_gather(ctl, &filter, &entries);

	if (code != CTL_DONE)
		return code;
	for (size_t i = 0; i < entries_count(entries) && code == CTL_DONE; i++)
		if (is_same(ctl, r, entries_key(entries, i)))
			code = remove_key(ctl, r, entries_key(entries, i));
	entries_free(entries);
	return code;
}

static enum ctl_exit say_what_remains(struct ctl *ctl, const struct removal *r)
{
	struct cover_answer found;
	char key[LIST_NAME_MAX];
	enum ctl_exit code = cover_ask(ctl, &r->where, &found);

	for (size_t i = 0; i < found.count && code == CTL_DONE; i++)
		if (cover_key(ctl, &r->where, &found.net[i], key))
			output_say(ctl->out, "still covered by %s", key);
	return code;
}

static bool read_removal(struct ctl *ctl, const struct args *args,
	struct removal *r, char key[LIST_NAME_MAX])
{
	r->why = args_text(args, "reason");
	if (r->why == NULL)
		r->why = "";
	r->where.scope = r->scope;
	r->where.kind = args_flag(args, "allow") ? LIST_ALLOW : LIST_BLOCK;
	if (!cover_parse(ctl, args->word[0], &r->where))
		return false;
	if (!ctl_read_scope(ctl, args, r->scope))
		return false;
	if (cover_key(ctl, &r->where, &r->where.net, key))
		return true;
	output_error(ctl->out, "the key prefix is too long");
	return false;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct removal r = { .done = 0 };
	char key[LIST_NAME_MAX];

	if (!read_removal(ctl, args, &r, key))
		return CTL_USAGE;
	enum ctl_exit code = ask_open(ctl, LINK_WRITE);

	if (code != CTL_DONE)
		return code;
	output_open(ctl->out, "removed", OUTPUT_BLOCKS);
	code = remove_key(ctl, &r, slice_of(key));
	if (code == CTL_DONE && !args_flag(args, "quick"))
		code = remove_other_spellings(ctl, &r);
	output_close(ctl->out);
	if (code == CTL_DONE && r.done == 0)
		output_say(ctl->out, "there is no %s", key);
	if (code == CTL_DONE)
		code = say_what_remains(ctl, &r);
	return code == CTL_DONE && r.done == 0 ? CTL_NO : code;
}

static const struct args_option options[] = {
	{ "allow", ARGS_FLAG, "", "an exception instead of a listing" },
	{ "rcpt", ARGS_TEXT, "DOMAIN", "of the lists of this domain" },
	{ "reason", ARGS_TEXT, "TEXT", "why, for the audit" },
	{ "quick", ARGS_FLAG, "",
		"only the usual spelling; do not look for others" },
};

static const struct args_spec spec = {
	.name = "remove",
	.usage =
		"IP|CIDR|asn:N|country:CC|domain:NAME|user:HASH [--allow] [--rcpt DOMAIN] [--reason TEXT] [--quick]",
	.help = "Takes an entry off the block list (or an exception away).",
	.more = "Exit code 1: there was no such entry.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_remove = { .spec = &spec, .run = run };
