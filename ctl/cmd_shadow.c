/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl shadow: what checks in shadow would have done. */
#include "conf/conf.h"
#include "ctl/factfiles.h"
#include "judge/replay.h"

#include <stdlib.h>
#include <string.h>

enum { CANDIDATES_MAX = 64, NAME_MAX_OCTETS = 64, ERRORS_MAX = 1 << 16 };

/* The facts judged as if this one were not in shadow. */
struct candidate {
	char check[NAME_MAX_OCTETS];
	struct conf *conf;
	struct replay *replay;
	uint64_t hits; /* verdicts that the check has a hit in */
	uint64_t would[ACTION_REJECT + 1]; /* that it would change, to what */
};

struct run {
	struct ctl *ctl;
	struct conf *plain; /* as the file has it, but enforced */
	struct replay *replay;
	struct candidate candidate[CANDIDATES_MAX];
	size_t count;
	uint64_t told;
	enum ctl_exit code;
};

/* ---- the candidates ---- */

/* A snapshot of our own: mode monitor would hide what is looked for. */
static struct conf *load(struct run *run)
{
	struct conf *conf = NULL;
	struct buf errors;

	buf_init(&errors, ERRORS_MAX);
	if (conf_load(run->ctl->conf_path, &conf, &errors) != RES_OK) {
		output_error(run->ctl->out, "%s: cannot be loaded again",
			run->ctl->conf_path);
		run->code = CTL_USAGE;
	} else {
		conf->mode = CONF_ENFORCE;
		for (size_t i = 0; i < conf->domain_count; i++)
			conf->domains[i].mode = CONF_ENFORCE;
	}
	buf_clear(&errors);
	return conf;
}

static struct candidate *find(struct run *run, const char *check)
{
	for (size_t i = 0; i < run->count; i++)
		if (strcmp(run->candidate[i].check, check) == 0)
			return &run->candidate[i];
	return NULL;
}

static void add(struct run *run, const char *check)
{
	struct candidate *c = &run->candidate[run->count];

	if (run->count == CANDIDATES_MAX || find(run, check) != NULL)
		return;
	snprintf(c->check, sizeof(c->check), "%s", check);
	c->conf = load(run);
	if (c->conf == NULL)
		return;
	for (size_t i = 0; i < c->conf->check_count; i++)
		if (strcmp(c->conf->checks[i].name, check) == 0)
			c->conf->checks[i].shadow = false;
	c->replay = replay_new(c->conf);
	if (c->replay != NULL)
		run->count++;
	else
		conf_release(c->conf);
}

static bool is_in_shadow(const struct run *run, const struct finding *f)
{
	return f->shadow || conf_check_find(run->plain, f->check)->shadow;
}

/* A list entry or zone may be in shadow where its check is not. */
static bool look_for(void *ctx, struct fact *f)
{
	struct run *run = ctx;

	for (size_t i = 0; i < f->findings.count; i++)
		if (is_in_shadow(run, &f->findings.item[i]))
			add(run, f->findings.item[i].check);
	return run->code == CTL_DONE;
}

/* ---- judging ---- */

static void judge_as(struct candidate *c, struct fact *f, enum action plain)
{
	bool was[FINDINGS_MAX] = { false };
	struct replay_result r;
	bool has_hit = false;

	for (size_t i = 0; i < f->findings.count; i++) {
		struct finding *one = &f->findings.item[i];

		was[i] = one->shadow;
		if (strcmp(one->check, c->check) != 0)
			continue;
		one->shadow = false;
		has_hit = has_hit || one->outcome == OUTCOME_HIT;
	}
	replay_fact(c->replay, f, &r);
	for (size_t i = 0; i < f->findings.count; i++)
		f->findings.item[i].shadow = was[i];
	c->hits += has_hit;
	if (f->stage != FACT_ABORT && r.verdict.action != plain)
		c->would[r.verdict.action]++;
}

static bool judge(void *ctx, struct fact *f)
{
	struct run *run = ctx;
	struct replay_result r;

	replay_fact(run->replay, f, &r);
	run->told += f->stage != FACT_ABORT;
	for (size_t i = 0; i < run->count; i++)
		judge_as(&run->candidate[i], f, r.verdict.action);
	return true;
}

/* ---- the command ---- */

static void print(const struct run *run, const struct factfiles_count *count)
{
	struct output *o = run->ctl->out;

	output_number(o, "facts", (int64_t)count->facts);
	output_number(o, "verdicts", (int64_t)run->told);
	if (run->count == 0) {
		output_say(o, "Nothing was in shadow.");
		return;
	}
	output_open(o, "shadow", OUTPUT_TABLE);
	for (size_t i = 0; i < run->count; i++) {
		const struct candidate *c = &run->candidate[i];

		output_open(o, NULL, OUTPUT_BLOCK);
		output_text(o, "check", slice_of(c->check));
		output_number(o, "hits", (int64_t)c->hits);
		for (int a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
			output_number(o, action_name((enum action)a),
				(int64_t)c->would[a]);
		output_close(o);
	}
	output_close(o);
}

static enum ctl_exit report(struct run *run, const struct args *args)
{
	struct factfiles_count count;
	int64_t since_ms = factfiles_since_ms(args);
	enum ctl_exit code =
		factfiles_each(run->ctl, since_ms, look_for, run, &count);

	if (code == CTL_DONE)
		code = run->code;
	if (code == CTL_DONE)
		code = factfiles_each(run->ctl, since_ms, judge, run, &count);
	if (code == CTL_DONE)
		print(run, &count);
	return code;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct run *run = calloc(1, sizeof(*run));
	enum ctl_exit code = CTL_DOWN;

	if (run == NULL)
		return CTL_DOWN;
	run->ctl = ctl;
	run->plain = load(run);
	run->replay = run->plain == NULL ? NULL : replay_new(run->plain);
	if (run->replay != NULL)
		code = report(run, args);
	for (size_t i = 0; i < run->count; i++) {
		replay_free(run->candidate[i].replay);
		conf_release(run->candidate[i].conf);
	}
	replay_free(run->replay);
	conf_release(run->plain);
	free(run);
	return code;
}

static const struct args_option options[] = {
	{ "since", ARGS_LIFE, "LIFE", "what is not older, 7d say" },
};

static const struct args_spec spec = {
	.name = "shadow",
	.usage = "[--since LIFE]",
	.help = "Says what checks, zones and entries in shadow would have done.",
	.more = "From the facts of past messages (facts.folder). For each check: "
		"how often it had a hit,\nand how many verdicts would have been "
		"another, and which, without its shadow.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
};

const struct ctl_command cmd_shadow = { .spec = &spec, .run = run };
