/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl learn: teach the content classifier, and ask it. */
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/mailsource.h"
#include "ctl/reading.h"
#include "ctl/teaching.h"
#include "heur/content.h"
#include "heur/model.h"

#include <stdlib.h>
#include <string.h>

enum {
	SIZE_DEFAULT = 16 * 1024 * 1024,
	WHY_MAX = 8192,
	TOKENS_TEXT_MAX = 2048,
	NUMBER_MAX = 16,
	MS_PER_S = 1000
};

/* Every message of every path goes through it. */
struct pass {
	struct ctl *ctl;
	enum ctl_exit code;
	struct teaching teaching;
	float *weights; /* test only */
};

static enum ctl_exit walk(struct pass *p, const struct args *args,
	bool (*each)(void *ctx, const char *name, struct slice text))
{
	const struct mailsource source = {
		.octets_max =
			(size_t)args_number(args, "max-size", SIZE_DEFAULT),
		.each = each,
		.ctx = p,
	};
	struct buf why;

	for (size_t i = 1; i < args->words && p->code == CTL_DONE; i++) {
		enum result res;

		buf_init(&why, WHY_MAX);
		res = mailsource_walk(&source, args->word[i], &why);
		if (res != RES_OK) {
			output_error(p->ctl->out, "%s", buf_text(&why));
			p->code = CTL_USAGE;
		}
		buf_clear(&why);
	}
	return p->code;
}

/* ---- spam, ham, forget ---- */

static bool teach_one(void *ctx, const char *name, struct slice text)
{
	struct pass *p = ctx;

	(void)name;
	p->code = teaching_add(&p->teaching, text);
	return p->code == CTL_DONE;
}

static void say_taught(struct output *o, const struct teaching *t,
	const struct teaching_model *m)
{
	const struct lessons_change *c = &t->change;

	output_number(o, "messages", (int64_t)t->messages);
	if (t->kind == TEACHING_FORGET) {
		output_number(o, "forgotten", (int64_t)c->removed);
	} else {
		output_number(o, "new", (int64_t)c->added);
		if (c->moved > 0)
			output_number(o, "moved", (int64_t)c->moved);
	}
	if (c->dropped > 0)
		output_number(o, "oldest_dropped", (int64_t)c->dropped);
	if (t->unreadable > 0)
		output_number(o, "no_messages", (int64_t)t->unreadable);
	output_number(o, "version", (int64_t)m->version);
	output_number(o, "spam", (int64_t)m->spam);
	output_number(o, "ham", (int64_t)m->ham);
	if (m->unusable > 0)
		output_number(o, "of_another_version", (int64_t)m->unusable);
}

/* What was read before a path failed counts all the same. */
static enum ctl_exit settle(struct pass *p, const char *why)
{
	struct teaching_model model = { 0 };
	enum ctl_exit code = teaching_flush(&p->teaching);

	if (code == CTL_DONE)
		code = teaching_finish(p->ctl, why, &model);
	if (code == CTL_DONE)
		say_taught(p->ctl->out, &p->teaching, &model);
	if (code == CTL_DONE && p->teaching.messages == p->teaching.unreadable)
		code = CTL_NO;
	return p->code == CTL_DONE ? code : p->code;
}

static enum ctl_exit teach(
	struct ctl *ctl, const struct args *args, enum teaching_kind kind)
{
	enum ctl_exit code = ask_open(ctl, LINK_WRITE);
	struct pass *p = calloc(1, sizeof(*p));

	if (code != CTL_DONE || p == NULL) {
		free(p);
		return code != CTL_DONE ? code : ask_failed(ctl, RES_NOMEM);
	}
	p->ctl = ctl;
	teaching_init(&p->teaching, ctl, kind);
	if (args_flag(args, "all"))
		p->code = teaching_add_all(&p->teaching);
	code = p->code == CTL_DONE ? walk(p, args, teach_one) : p->code;
	/* Otherwise Redis has failed. */
	if (code == CTL_DONE || code == CTL_USAGE)
		code = settle(p, args->word[0]);
	teaching_clear(&p->teaching);
	free(p);
	return code;
}

static enum ctl_exit run_spam(struct ctl *ctl, const struct args *args)
{
	return teach(ctl, args, TEACHING_SPAM);
}

static enum ctl_exit run_ham(struct ctl *ctl, const struct args *args)
{
	return teach(ctl, args, TEACHING_HAM);
}

static enum ctl_exit run_forget(struct ctl *ctl, const struct args *args)
{
	return teach(ctl, args, TEACHING_FORGET);
}

/* ---- test ---- */

static enum result judge(struct pass *p, const struct tokens_source *source,
	struct buf *names, double *odds)
{
	struct tokens t;
	enum result res = tokens_gather(source, &t);

	if (res != RES_OK)
		return res;
	*odds = model_log_odds(p->weights, &t);
	tokens_clear(&t);
	return content_explain(source, p->weights, *odds, names);
}

static void say_judged(
	struct output *o, const char *name, double odds, struct slice names)
{
	char number[NUMBER_MAX];

	(void)snprintf(number, sizeof(number), "%.4f", model_probability(odds));
	output_row_open(o);
	output_text(o, "probability", slice_of(number));
	output_text(o, "message", slice_of(name));
	output_text(o, "by", names);
	output_row_close(o);
}

static bool test_one(void *ctx, const char *name, struct slice text)
{
	struct pass *p = ctx;
	struct tokens_source source;
	struct reading r;
	struct buf names;
	double odds = 0;
	enum result res = reading_open(&r, p->ctl->conf, text);

	if (res == RES_SYNTAX || res == RES_TOOBIG) {
		output_error(p->ctl->out, "%s: this is no message", name);
		p->code = CTL_USAGE;
		return false;
	}
	buf_init(&names, TOKENS_TEXT_MAX);
	if (res == RES_OK) {
		source = reading_source(&r, p->ctl->conf);
		res = judge(p, &source, &names, &odds);
		reading_close(&r);
	}
	if (res == RES_OK)
		say_judged(p->ctl->out, name, odds, buf_slice(&names));
	else
		p->code = ask_failed(p->ctl, res);
	buf_clear(&names);
	return p->code == CTL_DONE;
}

static enum ctl_exit run_test(struct ctl *ctl, const struct args *args)
{
	static const struct output_column columns[] = {
		{ "probability", 11 },
		{ "message", 0 },
		{ "by", 0 },
	};
	struct pass p = { .ctl = ctl, .code = ask_open(ctl, LINK_READ) };
	enum result res;

	if (p.code != CTL_DONE)
		return p.code;
	p.weights = malloc(LESSON_WEIGHTS_LEN);
	res = p.weights == NULL
		? RES_NOMEM
		: lessons_weights(ctl->redis, ctl->conf, p.weights);
	if (res == RES_MISSING) {
		output_say(ctl->out, "nothing has been learnt yet");
		p.code = CTL_NO;
	} else if (res != RES_OK) {
		p.code = ask_failed(ctl, res);
	} else {
		output_stream(ctl->out, "messages", columns,
			sizeof(columns) / sizeof(columns[0]));
		p.code = walk(&p, args, test_one);
	}
	free(p.weights);
	return p.code;
}

/* ---- status ---- */

static enum ctl_exit run_status(struct ctl *ctl, const struct args *args)
{
	const struct conf_content *c = &ctl->conf->content;
	struct lessons_about about;
	enum ctl_exit code = ask_open(ctl, LINK_READ);
	enum result res;
	bool is_enough;

	(void)args;
	if (code != CTL_DONE)
		return code;
	res = lessons_about(ctl->redis, ctl->conf, &about);
	if (res != RES_OK)
		return ask_failed(ctl, res);
	is_enough = about.spam >= c->min_learnt && about.ham >= c->min_learnt;
	output_number(ctl->out, "version", (int64_t)about.version);
	output_number(ctl->out, "spam", (int64_t)about.spam);
	output_number(ctl->out, "ham", (int64_t)about.ham);
	ctl_output_time(ctl->out, "learnt", about.learnt_ms / MS_PER_S);
	output_number(ctl->out, "min_learnt", (int64_t)c->min_learnt);
	output_bool(ctl->out, "enabled", c->enabled);
	if (c->enabled && !is_enough)
		output_say(ctl->out,
			"it says nothing yet: less than content.min_learnt of "
			"%s",
			about.spam < c->min_learnt ? "spam" : "ham");
	if (!c->enabled)
		output_say(ctl->out, "it is not asked: content.enabled is no");
	return c->enabled && is_enough ? CTL_DONE : CTL_NO;
}

/* ---- the words ---- */

static const struct {
	const char *word;
	enum ctl_exit (*run)(struct ctl *ctl, const struct args *args);
	bool wants_paths;
} verbs[] = {
	{ "spam", run_spam, true },
	{ "ham", run_ham, true },
	{ "forget", run_forget, true },
	{ "test", run_test, true },
	{ "status", run_status, false },
};

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	bool is_forget = strcmp(args->word[0], "forget") == 0;
	bool is_all = args_flag(args, "all");

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(args->word[0], verbs[i].word) != 0)
			continue;
		if (is_all && (!is_forget || args->words > 1)) {
			output_error(ctl->out,
				"learn: --all is for \"forget\" alone");
			return CTL_USAGE;
		}
		if (verbs[i].wants_paths == (args->words > 1 || is_all))
			return verbs[i].run(ctl, args);
		output_error(ctl->out, "learn %s: %s", args->word[0],
			verbs[i].wants_paths ? "which messages?"
					     : "no path is wanted");
		return CTL_USAGE;
	}
	output_error(ctl->out,
		"learn: spam, ham, forget, test or status, not \"%s\"",
		args->word[0]);
	return CTL_USAGE;
}

static const struct args_option options[] = {
	{ "all", ARGS_FLAG, "", "forget: everything that was learnt" },
	{ "max-size", ARGS_NUMBER, "OCTETS",
		"of a message that are read; default 16777216" },
};

static const struct args_spec spec = {
	.name = "learn",
	.usage = "spam|ham|forget|test PATH... | forget --all | status",
	.help = "Teaches the content classifier, and asks it.",
	.more = "A PATH is a file with one message, an mbox, a Maildir, a "
		"folder of files, or - for\nstandard input. A message that is "
		"learnt twice counts once; learnt as the other\nkind, it "
		"moves. The model is made anew of all that is kept, so what is "
		"forgotten\nis gone from it. No text is kept, only hashed "
		"features (reprieve-redis(7)).\n"
		"Exit code 1: no message there, nothing learnt yet, or it is "
		"not asked (status).",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 1,
	.words_max = ARGS_WORDS_MAX,
};

const struct ctl_command cmd_learn = { .spec = &spec, .run = run };
