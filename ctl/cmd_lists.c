/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl lists accept-empty: Redis lost its lists, and that is right. */
#include "base/random.h"
#include "ctl/ask.h"
#include "ctl/change.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static bool is_confirmed(const struct args *args)
{
	char answer[16] = "";

	if (args_flag(args, "yes"))
		return true;
	if (isatty(STDIN_FILENO) == 0)
		return false;
	fputs("Every milter drops the entries that Redis does not have.\n"
	      "Go on? Type yes: ",
		stderr);
	return fgets(answer, sizeof(answer), stdin) != NULL &&
		strcmp(answer, "yes\n") == 0;
}

static enum ctl_exit accept_empty(struct ctl *ctl)
{
	char value[40];
	struct buf key;
	struct redis_reply reply;

	snprintf(value, sizeof(value), "admin-%016" PRIx64, random_u64());
	buf_init(&key, LIST_NAME_MAX);
	keys_format(&key, ctl_prefix(ctl), "lists:generation", slice_of(""));
	const struct slice get[] = { slice_of("GET"), buf_slice(&key) };
	const struct slice set[] = { slice_of("SET"), buf_slice(&key),
		slice_of(value) };
	const struct change change = { .what = "accept-empty",
		.why = "the lists of Redis count as they stand",
		.key = buf_slice(&key) };
	char before[128] = "";
	enum ctl_exit code = ask_command(ctl, get, 2, &reply);

	if (code == CTL_DONE) {
		snprintf(before, sizeof(before), "%.*s",
			(int)(reply.text.len < 100 ? reply.text.len : 100),
			reply.text.len == 0 ? "" : reply.text.at);
		code = ask_command(ctl, set, 3, &reply);
	}
	if (code == CTL_DONE)
		code = change_note(ctl, &change, before, value);
	if (code == CTL_DONE) {
		output_say(ctl->out, "every milter follows Redis now");
		output_text(ctl->out, "before", slice_of(before));
		output_text(ctl->out, "generation", slice_of(value));
	}
	buf_clear(&key);
	return code;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	if (strcmp(args->word[0], "accept-empty") != 0) {
		output_error(ctl->out, "lists: the only word is accept-empty");
		return CTL_USAGE;
	}
	if (!is_confirmed(args)) {
		output_error(ctl->out, "not confirmed (--yes): nothing done");
		return CTL_REFUSED;
	}
	enum ctl_exit code = ask_open(ctl, LINK_WRITE);

	return code == CTL_DONE ? accept_empty(ctl) : code;
}

static const struct args_option options[] = {
	{ "yes", ARGS_FLAG, "", "do not ask" },
};

static const struct args_spec spec = {
	.name = "lists",
	.usage = "accept-empty [--yes]",
	.help = "Ends the grace that follows a loss of data in Redis.",
	.more = "When most entries vanish from Redis at once, each milter goes "
		"on with its copy for\nlists.loss_grace_s. This tells them "
		"that the loss is meant.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_lists = { .spec = &spec, .run = run };
