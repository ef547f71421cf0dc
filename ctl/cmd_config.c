/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl config: is the file sound, and what does it come to? */
#include "conf/conf.h"
#include "ctl/ctl.h"

#include <string.h>

enum { TEXT_MAX = 4 << 20 };

static void say_lines(struct output *o, const char *key,
	enum output_style style, struct slice text)
{
	struct slice line;

	output_open(o, key, style);
	while (slice_cut(&text, '\n', &line))
		if (line.len > 0 || style == OUTPUT_PLAIN)
			output_item(o, line);
	output_close(o);
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	bool is_check = args->words > 0;
	struct buf text;

	if (is_check && strcmp(args->word[0], "check") != 0) {
		output_error(ctl->out, "config: \"check\" or nothing");
		return CTL_USAGE;
	}
	buf_init(&text, TEXT_MAX);
	enum result res = conf_load(ctl->conf_path, &ctl->conf, &text);

	/* The bare file is for another file or program. */
	bool is_bare = res == RES_OK && args_flag(args, "effective");

	if (!is_bare) {
		output_text(ctl->out, "file", slice_of(ctl->conf_path));
		output_bool(ctl->out, "is_sound", res == RES_OK);
	}
	if (text.len > 0 && !is_bare)
		say_lines(ctl->out, res == RES_OK ? "warnings" : "errors",
			OUTPUT_LINES, buf_slice(&text));
	if (res != RES_OK) {
		output_error(
			ctl->out, "%s: %s", ctl->conf_path, result_name(res));
	} else if (!is_check) {
		buf_reset(&text);
		conf_print(ctl->conf, &text);
		say_lines(ctl->out, "effective",
			is_bare ? OUTPUT_PLAIN : OUTPUT_LINES,
			buf_slice(&text));
	}
	buf_clear(&text);
	return res == RES_OK ? CTL_DONE : CTL_NO;
}

static const struct args_option options[] = {
	{ "effective", ARGS_FLAG, "",
		"print nothing but the file that would load to the same" },
};

static const struct args_spec spec = {
	.name = "config",
	.usage = "[check] [--effective]",
	.help = "Checks the configuration file and prints every option.",
	.more = "Exit code 1: the file is not sound; every error is shown.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_max = 1,
};

const struct ctl_command cmd_config = {
	.spec = &spec, .run = run, .without_conf = true
};
