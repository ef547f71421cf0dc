/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/releasing.h"

#include "base/arena.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/change.h"
#include "ctl/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST = 20000,
	STEP = 64,
	READ_MEMORY_MAX = 512 * 1024 * 1024,
	KEY_MAX = 64,
	ID_OCTETS = (LESSON_ID_MAX - 1) / 2
};

/* ---- which ---- */

struct wanted {
	struct releasing *r;
	const char *id;
	int number;
};

static void note(void *ctx, const struct report_waiting *w)
{
	const struct wanted *wanted = ctx;
	struct releasing *r = wanted->r;
	struct releasing_name *more;

	if (wanted->id[0] != '\0' && strcmp(wanted->id, w->id) != 0)
		return;
	if (wanted->number >= 0 && (unsigned)wanted->number != w->number)
		return;
	if (r->count % STEP == 0) {
		more = realloc(r->name, (r->count + STEP) * sizeof(*r->name));
		if (more == NULL) {
			r->is_lost = true;
			return;
		}
		r->name = more;
	}
	r->name[r->count] = (struct releasing_name){ .number = w->number,
		.is_spam = w->is_spam };
	memcpy(r->name[r->count].id, w->id, CASE_REF_MAX);
	r->count++;
}

enum ctl_exit releasing_gather(
	struct releasing *r, struct ctl *ctl, const char *id, int number)
{
	struct wanted wanted = { .r = r, .id = id, .number = number };
	enum result res;

	*r = (struct releasing){ .ctl = ctl };
	teaching_init(&r->spam, ctl, TEACHING_SPAM);
	teaching_init(&r->ham, ctl, TEACHING_HAM);
	res = report_pending(ctl->redis, ctl->conf, MOST, note, &wanted);
	if (res == RES_OK && r->is_lost)
		res = RES_NOMEM;
	return res == RES_OK ? CTL_DONE : ask_failed(ctl, res);
}

void releasing_clear(struct releasing *r)
{
	teaching_clear(&r->spam);
	teaching_clear(&r->ham);
	free(r->name);
	*r = (struct releasing){ .name = NULL };
}

/* ---- learning ---- */

/* The name of a lesson whose message was not kept. */
static bool name_lesson(struct slice packed, char out[LESSON_ID_MAX])
{
	uint8_t sum[SHA256_LEN];

	if (sha256(packed, sum) != RES_OK)
		return false;
	hex_format(sum, ID_OCTETS, out);
	return true;
}

static bool name_message(const struct releasing *r, struct slice message,
	char out[LESSON_ID_MAX])
{
	struct reading reading;
	bool found;

	if (reading_open(&reading, r->ctl->conf, message) != RES_OK)
		return false;
	found = reading_id(&reading, out) == RES_OK;
	reading_close(&reading);
	return found;
}

/* The lesson that was made of the whole message, or what is kept of it. */
static enum ctl_exit learn_item(
	struct releasing *r, bool is_spam, const struct report_item *i)
{
	struct teaching *t = is_spam ? &r->spam : &r->ham;
	char id[LESSON_ID_MAX];
	bool is_taken = false;
	enum ctl_exit code = CTL_DONE;

	if (i->lesson.len > 0 &&
		(name_message(r, i->message, id) || name_lesson(i->lesson, id)))
		code = teaching_add_packed(t, id, i->lesson, &is_taken);
	if (code == CTL_DONE && !is_taken)
		code = teaching_add(t, i->message);
	return code;
}

/* One report is read once for all of its originals that stand side by side. */
static enum ctl_exit learn_run(struct releasing *r, size_t *at)
{
	const char *id = r->name[*at].id;
	struct arena *a = arena_new(READ_MEMORY_MAX);
	struct report p = { .count = 0 };
	enum result res = a == NULL ? RES_NOMEM
				    : report_read(r->ctl->redis, r->ctl->conf,
					      slice_of(id), true, a, &p);
	enum ctl_exit code = CTL_DONE;

	if (res != RES_OK && res != RES_MISSING)
		code = ask_failed(r->ctl, res);
	for (; code == CTL_DONE && *at < r->count &&
		strcmp(r->name[*at].id, id) == 0;
		(*at)++) {
		const struct releasing_name *n = &r->name[*at];

		if (n->number < p.count)
			code = learn_item(r, n->is_spam, &p.item[n->number]);
	}
	arena_free(a);
	return code;
}

static enum ctl_exit take_all(struct releasing *r)
{
	enum result res = RES_OK;

	for (size_t i = 0; res == RES_OK && i < r->count; i++) {
		res = report_taken(r->ctl->redis, r->ctl->conf,
			slice_of(r->name[i].id), r->name[i].number);
		if (res == RES_OK)
			r->taken++;
		if (res == RES_MISSING)
			res = RES_OK;
	}
	return res == RES_OK ? CTL_DONE : ask_failed(r->ctl, res);
}

enum ctl_exit releasing_learn(struct releasing *r, struct teaching_model *out)
{
	enum ctl_exit code = CTL_DONE;

	for (size_t at = 0; code == CTL_DONE && at < r->count;)
		code = learn_run(r, &at);
	if (code == CTL_DONE)
		code = teaching_flush(&r->spam);
	if (code == CTL_DONE)
		code = teaching_flush(&r->ham);
	if (code == CTL_DONE)
		code = teaching_finish(r->ctl, "reports release", out);
	if (code == CTL_DONE)
		code = take_all(r);
	r->unreadable = r->spam.unreadable + r->ham.unreadable;
	return code;
}

enum ctl_exit releasing_drop(struct releasing *r)
{
	enum ctl_exit code = CTL_DONE;
	char key[KEY_MAX];

	for (size_t i = 0; code == CTL_DONE && i < r->count; i++) {
		struct change change = { .what = "drop",
			.why = "reports drop" };

		snprintf(key, sizeof(key), "report:%s:%u", r->name[i].id,
			r->name[i].number);
		change.key = slice_of(key);
		code = change_note(r->ctl, &change, "waits", "");
	}
	return code == CTL_DONE ? take_all(r) : code;
}
