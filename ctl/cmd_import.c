/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl import: a list of somebody else, whole or not at all. */
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/feedstore.h"
#include "ctl/infile.h"
#include "store/listing.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
	FILE_MAX = 512 << 20,
	LIFE_DEFAULT_S = 7 * 24 * 3600,
	SHRINK_DEFAULT = 50,
	WHY_MAX = 1024
};

struct job {
	struct ctl *ctl;
	const struct args *args;
	struct feedstore_request rq;
	enum feedfile_format format;
	bool force;
	bool skip_bad;
	bool shows_progress;
	int64_t begun_ms;
};

static enum ctl_exit read_input(struct job *j, struct buf *out)
{
	struct buf why;

	buf_init(&why, WHY_MAX);
	enum result res = infile_read(j->rq.file, out, &why);

	if (res != RES_OK)
		output_error(j->ctl->out, "%s", buf_text(&why));
	buf_clear(&why);
	return res == RES_OK ? CTL_DONE : CTL_REFUSED;
}

static bool read_class(struct job *j, const char *text)
{
	enum listing_class class = LISTING_SELF;

	j->rq.class = text == NULL ? "feed" : text;
	if (listing_class_parse(slice_of(j->rq.class), &class))
		return true;
	output_error(j->ctl->out,
		"--class: \"%s\" is none of self, policy, review, feed", text);
	return false;
}

static bool read_format(struct job *j, const char *text)
{
	if (text != NULL && strcmp(text, "drop-json") == 0) {
		j->format = FEEDFILE_DROP_JSON;
		return true;
	}
	j->format = FEEDFILE_CIDR;
	if (text != NULL && strcmp(text, "cidr") == 0)
		return true;
	output_error(j->ctl->out, "--format: cidr or drop-json");
	return false;
}

static void show_progress(void *ctx, size_t done)
{
	const struct job *j = ctx;

	if (j->shows_progress)
		fprintf(stderr, "\r%zu of %zu ", done, j->rq.feed->count);
}

static bool read_job(struct job *j)
{
	const struct args *args = j->args;

	j->rq.name = args_text(args, "source");
	j->rq.file = args->word[0];
	j->rq.kind = args_flag(args, "allow") ? LIST_ALLOW : LIST_BLOCK;
	j->rq.life_s = args_number(args, "ttl", LIFE_DEFAULT_S);
	j->rq.progress = show_progress;
	j->rq.ctx = j;
	j->force = args_flag(args, "force");
	j->skip_bad = args_flag(args, "skip-bad");
	j->shows_progress = isatty(STDERR_FILENO) != 0;
	if (j->rq.name == NULL || !feedstore_name_is_valid(j->rq.name)) {
		output_error(j->ctl->out,
			"--source NAME is missing, or not of letters, digits "
			"and ._- (64 at most)");
		return false;
	}
	return read_format(j, args_text(args, "format")) &&
		read_class(j, args_text(args, "class"));
}

static void say_faults(struct output *o, const struct feedfile *feed)
{
	struct slice rest = buf_slice(&feed->why);
	struct slice line;

	if (feed->faults == 0)
		return;
	output_open(o, "refused_lines", OUTPUT_LINES);
	while (slice_cut(&rest, '\n', &line))
		if (line.len > 0)
			output_item(o, line);
	output_close(o);
}

static enum ctl_exit judge_file(struct job *j, const struct feedfile *feed)
{
	struct output *o = j->ctl->out;

	say_faults(o, feed);
	if (feed->faults > 0 && !j->skip_bad) {
		output_error(o,
			"%zu lines cannot be taken; nothing was imported "
			"(--skip-bad leaves them out)",
			feed->faults);
		return CTL_REFUSED;
	}
	if (feed->count == 0) {
		output_error(o,
			"the file holds no network; a feed is never emptied "
			"by an empty file");
		return CTL_REFUSED;
	}
	return CTL_DONE;
}

static enum ctl_exit judge_shrink(
	struct job *j, const struct feedstore_state *state)
{
	int64_t most = args_number(j->args, "max-shrink", SHRINK_DEFAULT);
	int64_t count = (int64_t)j->rq.feed->count;

	if (j->force || state->entries <= 0 ||
		count * 100 >= state->entries * (100 - most))
		return CTL_DONE;
	output_error(j->ctl->out,
		"the feed would shrink from %" PRId64 " to %" PRId64
		" entries, by more than %" PRId64
		" %% (--max-shrink, --force); nothing was imported",
		state->entries, count, most);
	return CTL_REFUSED;
}

static void say_summary(struct job *j, const struct feedfile *feed,
	const struct feedstore_counts *c)
{
	struct output *o = j->ctl->out;
	char span[OUTPUT_SPAN_MAX];
	int64_t took_ms = clock_mono_ms(clock_system()) - j->begun_ms;

	output_text(o, "source", slice_of(j->rq.name));
	output_text(o, "list", slice_of(list_kind_name(j->rq.kind)));
	output_number(o, "entries", (int64_t)feed->count);
	output_number(o, "added", c->added);
	output_number(o, "changed", c->changed);
	output_number(o, "same", c->same);
	output_number(o, "kept", c->kept);
	output_number(o, "removed", c->removed);
	output_number(o, "refused", (int64_t)feed->faults);
	output_number(o, "repeated", (int64_t)feed->repeated);
	output_number(o, "took_ms", took_ms);
	if (c->kept > 0)
		output_say(o,
			"%" PRId64 " entries of another origin stand under the "
			"same name and were kept as they are",
			c->kept);
	if (j->rq.life_s > 0)
		output_say(o, "entries end in %s unless imported again (--ttl)",
			output_format_span(j->rq.life_s, span));
	else
		output_say(o, "entries never end by themselves");
}

static enum ctl_exit load(struct job *j, const struct feedfile *feed)
{
	bool dry = args_flag(j->args, "dry-run");
	struct feedstore_state state = { .entries = -1 };
	struct feedstore_counts counts = { .added = 0 };
	enum ctl_exit code = ask_open(j->ctl, dry ? LINK_READ : LINK_WRITE);

	if (code == CTL_DONE)
		code = feedstore_look(j->ctl, &j->rq, &state);
	if (code == CTL_DONE)
		code = judge_shrink(j, &state);
	if (code != CTL_DONE)
		return code;
	if (dry) {
		output_say(j->ctl->out,
			"dry run: nothing was written; entries of another "
			"origin are not counted apart");
		counts.added = (int64_t)state.new;
		counts.same = (int64_t)(feed->count - state.new);
		counts.removed = (int64_t)state.gone;
	} else {
		code = feedstore_replace(j->ctl, &j->rq, &counts);
		if (j->shows_progress)
			fputs("\r\033[K", stderr);
	}
	if (code == CTL_DONE)
		say_summary(j, feed, &counts);
	return code;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct job j = { .ctl = ctl, .args = args };
	struct feedfile feed = { .count = 0 };
	struct buf text;

	j.begun_ms = clock_mono_ms(clock_system());
	if (!read_job(&j))
		return CTL_USAGE;
	buf_init(&text, FILE_MAX);
	enum ctl_exit code = read_input(&j, &text);

	if (code == CTL_DONE) {
		const struct feedfile_request rq = { .text = buf_slice(&text),
			.format = j.format,
			.reason_max = ctl->conf->lists.reason_max,
			.trusted = ctl->conf->milter.trusted.set,
			.take_any = j.force };

		if (feedfile_read(&rq, &feed) == RES_OK)
			code = judge_file(&j, &feed);
		else
			code = ask_failed(ctl, RES_NOMEM);
		j.rq.feed = &feed;
		if (code == CTL_DONE)
			code = load(&j, &feed);
		feedfile_clear(&feed);
	}
	buf_clear(&text);
	return code;
}

static const struct args_option options[] = {
	{ "format", ARGS_TEXT, "cidr|drop-json", "what the file is" },
	{ "source", ARGS_TEXT, "NAME", "the feed whose entries these are" },
	{ "ttl", ARGS_LIFE, "LIFE", "life without a further import (7d)" },
	{ "class", ARGS_TEXT, "CLASS", "self, policy, review, feed (feed)" },
	{ "allow", ARGS_FLAG, "", "exceptions instead of listings" },
	{ "dry-run", ARGS_FLAG, "", "say what would be done" },
	{ "skip-bad", ARGS_FLAG, "", "leave out lines that cannot be taken" },
	{ "max-shrink", ARGS_PERCENT, "PERCENT",
		"refuse a feed that shrinks by more (50)" },
	{ "force", ARGS_FLAG, "",
		"take very wide, private and trusted networks; any shrinking" },
};

static const struct args_spec spec = {
	.name = "import",
	.usage = "FILE|- --format cidr|drop-json --source NAME [options]",
	.help = "Replaces the entries of one feed by those of a file.",
	.more = "The whole file is read and checked first. Entries of other "
		"origins are never touched;\nold entries of the feed go only "
		"when all new ones are in. Exit code 4: refused.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_import = { .spec = &spec, .run = run };
