/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/teaching.h"

#include "ctl/ask.h"
#include "ctl/change.h"
#include "ctl/reading.h"
#include "heur/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MS_PER_S = 1000, TRIES = 20 };

void teaching_init(struct teaching *t, struct ctl *ctl, enum teaching_kind kind)
{
	*t = (struct teaching){ .ctl = ctl, .kind = kind };
}

static void drop_waiting(struct teaching *t)
{
	for (size_t i = 0; i < t->waiting; i++)
		free(t->index[i]);
	t->waiting = 0;
}

void teaching_clear(struct teaching *t)
{
	drop_waiting(t);
}

enum ctl_exit teaching_flush(struct teaching *t)
{
	const struct lessons_batch batch = {
		.lesson = t->batch,
		.count = t->waiting,
		.now_ms = ctl_now_s() * MS_PER_S,
	};
	struct ctl *ctl = t->ctl;
	enum result res = RES_OK;

	if (t->waiting == 0)
		return CTL_DONE;
	if (t->kind == TEACHING_FORGET)
		res = lessons_remove(ctl->redis, ctl->conf, &batch, &t->change);
	else
		res = lessons_add(ctl->redis, ctl->conf, &batch, &t->change);
	drop_waiting(t);
	return res == RES_OK ? CTL_DONE : ask_failed(ctl, res);
}

/* index is given. */
static enum ctl_exit add_lesson(
	struct teaching *t, const struct lesson *l, uint32_t *index)
{
	t->batch[t->waiting] = *l;
	t->index[t->waiting++] = index;
	return t->waiting == LESSONS_BATCH ? teaching_flush(t) : CTL_DONE;
}

enum ctl_exit teaching_add(struct teaching *t, struct slice text)
{
	struct lesson l = { .is_spam = t->kind == TEACHING_SPAM };
	struct tokens tokens = { .count = 0 };
	struct tokens_source source;
	struct reading r;
	enum result res = reading_open(&r, t->ctl->conf, text);

	t->messages++;
	if (res == RES_SYNTAX || res == RES_TOOBIG) {
		t->unreadable++;
		return CTL_DONE;
	}
	if (res != RES_OK)
		return ask_failed(t->ctl, res);
	source = reading_source(&r, t->ctl->conf);
	res = reading_id(&r, l.id);
	if (res == RES_OK && t->kind != TEACHING_FORGET)
		res = tokens_gather(&source, &tokens);
	reading_close(&r);
	if (res != RES_OK)
		return ask_failed(t->ctl, res);
	l.index = tokens.index;
	l.count = tokens.count;
	return add_lesson(t, &l, tokens.index);
}

enum ctl_exit teaching_add_packed(
	struct teaching *t, const char *id, struct slice packed, bool *is_taken)
{
	uint32_t *index = calloc(LESSON_FEATURES_MAX, sizeof(*index));
	struct lesson l = { .count = 0 };
	enum result res =
		index == NULL ? RES_NOMEM : lesson_unpack(packed, index, &l);

	*is_taken = res == RES_OK;
	if (res != RES_OK) {
		free(index);
		return res == RES_NOMEM ? ask_failed(t->ctl, res) : CTL_DONE;
	}
	l.is_spam = t->kind == TEACHING_SPAM;
	snprintf(l.id, sizeof(l.id), "%s", id);
	t->messages++;
	return add_lesson(t, &l, index);
}

enum ctl_exit teaching_add_all(struct teaching *t)
{
	struct lessons all;
	enum ctl_exit code = CTL_DONE;
	enum result res = lessons_read(t->ctl->redis, t->ctl->conf, &all);

	if (res != RES_OK)
		return ask_failed(t->ctl, res);
	for (size_t i = 0; i < all.count && code == CTL_DONE; i++)
		code = add_lesson(t, &all.lesson[i], NULL);
	t->messages += all.count;
	lessons_clear(&all);
	return code;
}

/* ---- the model ---- */

static enum result learn(const struct lessons *l, float *weights)
{
	struct model_example *e = calloc(l->count + 1, sizeof(*e));
	enum result res;

	if (e == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < l->count; i++)
		e[i] = (struct model_example){ l->lesson[i].index,
			l->lesson[i].count, l->lesson[i].is_spam };
	res = model_learn(e, l->count, weights);
	free(e);
	return res;
}

static enum result make(struct ctl *ctl, const char *why, float *weights,
	struct teaching_model *out)
{
	struct lessons l;
	enum result res = lessons_read(ctl->redis, ctl->conf, &l);

	if (res != RES_OK)
		return res;
	res = learn(&l, weights);
	const struct lessons_model model = {
		.weights = weights,
		.edits = l.edits,
		.spam = l.spam,
		.ham = l.count - l.spam,
		.who = slice_of(ctl->who),
		.why = slice_of(why),
	};

	if (res == RES_OK)
		res = lessons_install(ctl->redis, ctl->conf, &model,
			ctl_now_s() * MS_PER_S, &out->version);
	out->spam = model.spam;
	out->ham = model.ham;
	out->unusable = l.unusable;
	lessons_clear(&l);
	return res;
}

enum ctl_exit teaching_finish(
	struct ctl *ctl, const char *why, struct teaching_model *out)
{
	const struct change change = {
		.what = "learn", .why = why, .key = slice_of("content:model")
	};
	float *weights = malloc(TOKENS_SPACE * sizeof(*weights));
	enum result res = weights == NULL ? RES_NOMEM : RES_EXISTS;

	/* Somebody else may learn at the same time. */
	for (unsigned i = 0; i < TRIES && res == RES_EXISTS; i++)
		res = make(ctl, why, weights, out);
	free(weights);
	if (res != RES_OK)
		return ask_failed(ctl, res);
	change_log(ctl, &change);
	return CTL_DONE;
}
