/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl replay: what another configuration would have done. */
#include "conf/conf.h"
#include "ctl/factfiles.h"
#include "judge/replay.h"

#include <stdlib.h>
#include <string.h>

enum {
	ERRORS_MAX = 1 << 16,
	CHANGES_MAX = 512,
	SHOWN = 20,
	SHOWN_MAX = 10000,
	MS_PER_S = 1000
};

/* As many as went from one action to another because of one check. */
struct change {
	enum fact_stage stage;
	enum action from;
	enum action to;
	char *cause;
	uint64_t count;
};

struct shown {
	int64_t wall_ms;
	enum action from, to;
	char cause[64];
	char ref[CASE_REF_MAX];
	char from_domain[FACTFILE_DOMAIN_MAX];
	char rcpt_domain[FACTFILE_DOMAIN_MAX];
};

struct run {
	struct replay *replay;
	struct change change[CHANGES_MAX];
	size_t changes;
	uint64_t told, changed;
	struct shown *shown;
	size_t shown_count, shown_max;
};

static void count_change(struct run *run, const struct replay_result *r)
{
	struct change *c = run->change;
	size_t i = 0;

	while (i < run->changes &&
		(c[i].stage != r->fact->stage || c[i].from != r->fact->action ||
			c[i].to != r->verdict.action ||
			strcmp(c[i].cause, r->cause) != 0))
		i++;
	if (i == CHANGES_MAX)
		return;
	if (i == run->changes) {
		/* Words of a file go with it; those of checks stay. */
		c[i] = (struct change){ r->fact->stage, r->fact->action,
			r->verdict.action, strdup(r->cause), 0 };
		if (c[i].cause == NULL)
			return;
		run->changes++;
	}
	c[i].count++;
}

static void keep_example(struct run *run, const struct replay_result *r)
{
	struct shown *s;

	if (run->shown_count == run->shown_max)
		return;
	s = &run->shown[run->shown_count++];
	s->wall_ms = r->fact->wall_ms;
	s->from = r->fact->action;
	s->to = r->verdict.action;
	snprintf(s->cause, sizeof(s->cause), "%s", r->cause);
	memcpy(s->ref, r->fact->ref, sizeof(s->ref));
	memcpy(s->from_domain, r->fact->from_domain, sizeof(s->from_domain));
	memcpy(s->rcpt_domain, r->fact->rcpt_domain, sizeof(s->rcpt_domain));
}

static bool judge_again(void *ctx, struct fact *f)
{
	struct run *run = ctx;
	struct replay_result r;

	replay_fact(run->replay, f, &r);
	if (!r.is_told)
		return true;
	run->told++;
	if (r.verdict.action == f->action)
		return true;
	run->changed++;
	count_change(run, &r);
	keep_example(run, &r);
	return true;
}

/* ---- what is printed ---- */

static int compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return strcmp(x->cause, y->cause);
}

static const char *stage_name(enum fact_stage s)
{
	return s == FACT_RCPT ? "recipient" : "message";
}

static void print_changes(struct output *o, struct run *run)
{
	qsort(run->change, run->changes, sizeof(run->change[0]),
		compare_changes);
	output_open(o, "changes", OUTPUT_TABLE);
	for (size_t i = 0; i < run->changes; i++) {
		const struct change *c = &run->change[i];

		output_open(o, NULL, OUTPUT_BLOCK);
		output_number(o, "count", (int64_t)c->count);
		output_text(o, "of", slice_of(stage_name(c->stage)));
		output_text(o, "was", slice_of(action_name(c->from)));
		output_text(o, "would_be", slice_of(action_name(c->to)));
		output_text(o, "check",
			slice_of(*c->cause == '\0' ? "(sum)" : c->cause));
		output_close(o);
	}
	output_close(o);
}

static void print_examples(struct output *o, const struct run *run)
{
	output_open(o, "examples", OUTPUT_TABLE);
	for (size_t i = 0; i < run->shown_count; i++) {
		const struct shown *s = &run->shown[i];

		output_open(o, NULL, OUTPUT_BLOCK);
		ctl_output_time(o, "time", s->wall_ms / MS_PER_S);
		output_text(o, "was", slice_of(action_name(s->from)));
		output_text(o, "would_be", slice_of(action_name(s->to)));
		output_text(o, "check", slice_of(s->cause));
		output_text(o, "from_domain", slice_of(s->from_domain));
		output_text(o, "rcpt_domain", slice_of(s->rcpt_domain));
		output_text(o, "ref", slice_of(s->ref));
		output_close(o);
	}
	output_close(o);
}

static void print(
	struct output *o, struct run *run, const struct factfiles_count *count)
{
	output_number(o, "files", (int64_t)count->files);
	output_number(o, "facts", (int64_t)count->facts);
	output_number(o, "judged", (int64_t)run->told);
	output_number(o, "changed", (int64_t)run->changed);
	if (run->changes > 0)
		print_changes(o, run);
	if (run->shown_count > 0)
		print_examples(o, run);
}

/* ---- the command ---- */

static enum ctl_exit load(struct ctl *ctl, const char *path, struct conf **out)
{
	struct buf errors;
	enum result res;
	struct slice rest, line;

	buf_init(&errors, ERRORS_MAX);
	res = conf_load(path, out, &errors);
	rest = buf_slice(&errors);
	while (slice_cut(&rest, '\n', &line))
		if (line.len > 0)
			output_say(ctl->out, "%.*s", SLICE_ARG(line));
	buf_clear(&errors);
	if (res == RES_OK)
		return CTL_DONE;
	output_error(ctl->out, "%s: %s", path, result_name(res));
	return CTL_USAGE;
}

static enum ctl_exit replay(
	struct ctl *ctl, const struct args *args, struct conf *conf)
{
	struct run *run = calloc(1, sizeof(*run));
	struct factfiles_count count;
	enum ctl_exit code = CTL_DOWN;

	if (run == NULL)
		return CTL_DOWN;
	run->shown_max = (size_t)args_number(args, "examples", SHOWN);
	if (run->shown_max > SHOWN_MAX)
		run->shown_max = SHOWN_MAX;
	run->shown = calloc(run->shown_max + 1, sizeof(*run->shown));
	run->replay = replay_new(conf);
	if (run->shown != NULL && run->replay != NULL)
		code = factfiles_each(ctl, factfiles_since_ms(args),
			judge_again, run, &count);
	if (code == CTL_DONE)
		print(ctl->out, run, &count);
	for (size_t i = 0; i < run->changes; i++)
		free(run->change[i].cause);
	replay_free(run->replay);
	free(run->shown);
	free(run);
	return code;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	const char *path = args_text(args, "config");
	struct conf *conf = NULL;
	enum ctl_exit code;

	if (path == NULL)
		path = ctl->conf_path;
	code = load(ctl, path, &conf);
	if (code == CTL_DONE)
		code = replay(ctl, args, conf);
	conf_release(conf);
	return code;
}

static const struct args_option options[] = {
	{ "config", ARGS_TEXT, "FILE", "judge by this file" },
	{ "since", ARGS_LIFE, "LIFE", "what is not older, 7d say" },
	{ "examples", ARGS_NUMBER, "N", "how many changes are shown (20)" },
};

static const struct args_spec spec = {
	.name = "replay",
	.usage = "--config FILE [--since LIFE]",
	.help = "Judges the facts of past messages by another configuration.",
	.more = "Facts are kept where facts.folder is set. What a check would "
		"have seen with other\noptions of its own cannot be told; rules, "
		"scores, thresholds, modes and shadow can.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
};

const struct ctl_command cmd_replay = { .spec = &spec, .run = run };
