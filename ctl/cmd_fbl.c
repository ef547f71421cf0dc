/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl fbl: senders who registered for feedback. */
#include "base/arena.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "store/fbl.h"

#include <string.h>

enum { ARENA_MAX = 64 * 1024, LIST_MOST = 100, MS_PER_S = 1000 };

static enum ctl_exit told(struct ctl *ctl, enum result res, const char *id)
{
	if (res == RES_OK)
		return CTL_DONE;
	if (res == RES_SYNTAX) {
		output_error(
			ctl->out, "\"%s\" is not the ID of a registration", id);
		return CTL_USAGE;
	}
	if (res == RES_MISSING) {
		output_say(ctl->out, "there is no registration %s", id);
		return CTL_NO;
	}
	return ask_failed(ctl, res);
}

static void add_head(struct output *o, const struct fbl *f)
{
	char net[CIDR_TEXT_MAX];

	output_text(o, "id", slice_of(f->id));
	output_text(o, "state", slice_of(fbl_state_name(f->state)));
	output_text(o, "subject",
		slice_of(f->subject.is_net ? cidr_format(&f->subject.net, net)
					   : f->subject.domain));
	output_text(o, "mail", f->mail);
	ctl_output_time(o, "created", f->created_ms / MS_PER_S);
	ctl_output_time(o, "proved", f->proved_ms / MS_PER_S);
}

static void add_row(void *ctx, const struct fbl *f)
{
	struct ctl *ctl = ctx;

	output_open(ctl->out, NULL, OUTPUT_BLOCK);
	add_head(ctl->out, f);
	output_close(ctl->out);
}

static enum ctl_exit list(struct ctl *ctl, const struct args *args)
{
	const struct fbl_listing how = {
		.most = (size_t)args_number(args, "limit", LIST_MOST),
		.each = add_row,
		.ctx = ctl,
	};
	enum ctl_exit code = ask_open(ctl, LINK_READ);

	if (code != CTL_DONE)
		return code;
	output_open(ctl->out, "registrations", OUTPUT_TABLE);
	code = told(ctl, fbl_list(ctl->redis, ctl->conf, &how), "");
	output_close(ctl->out);
	return code;
}

static enum result add_all(struct ctl *ctl, const struct fbl *f)
{
	char record[FBL_RECORD_MAX];
	struct fbl_sent sent;
	struct output *o = ctl->out;
	enum result res = fbl_sent(ctl->redis, ctl->conf, slice_of(f->id),
		ctl_now_s() * MS_PER_S, &sent);

	if (res == RES_OK)
		res = fbl_record_name(&f->subject, record);
	if (res != RES_OK)
		return res;
	output_open(o, "registration", OUTPUT_BLOCK);
	add_head(o, f);
	output_text(o, "language", f->language);
	if (f->is_cfbl)
		output_text(o, "by", slice_of("CFBL-Address"));
	else
		output_text(o, "record", slice_of(record));
	ctl_output_time(o, "looked", f->looked_ms / MS_PER_S);
	ctl_output_time(o, "gone", f->gone_ms / MS_PER_S);
	output_number(o, "sent_today", (int64_t)sent.sent);
	output_number(o, "held_today", (int64_t)sent.held);
	output_close(o);
	return RES_OK;
}

static enum ctl_exit show(struct ctl *ctl, const char *id)
{
	enum ctl_exit code = ask_open(ctl, LINK_READ);
	struct arena *a = NULL;
	struct fbl f;
	enum result res = RES_NOMEM;

	if (code != CTL_DONE)
		return code;
	a = arena_new(ARENA_MAX);
	if (a != NULL)
		res = fbl_read(ctl->redis, ctl->conf, slice_of(id), a, &f);
	if (res == RES_OK)
		res = add_all(ctl, &f);
	code = told(ctl, res, id);
	arena_free(a);
	return code;
}

static enum ctl_exit end(struct ctl *ctl, const char *id)
{
	enum ctl_exit code = ask_open(ctl, LINK_WRITE);
	enum result res;

	if (code != CTL_DONE)
		return code;
	res = fbl_end_id(
		ctl->redis, ctl->conf, slice_of(id), slice_of(ctl->who));
	if (res == RES_OK || res == RES_EXISTS) {
		output_say(ctl->out, "%s",
			res == RES_OK ? "no more reports go out"
				      : "it had ended before");
		return CTL_DONE;
	}
	return told(ctl, res, id);
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	const char *verb = args->words > 0 ? args->word[0] : "list";

	if (args->words < 2 && strcmp(verb, "list") == 0)
		return list(ctl, args);
	if (args->words == 2 && strcmp(verb, "show") == 0)
		return show(ctl, args->word[1]);
	if (args->words == 2 && strcmp(verb, "end") == 0)
		return end(ctl, args->word[1]);
	output_error(ctl->out, "it is list, show ID or end ID");
	return CTL_USAGE;
}

static const struct args_option options[] = {
	{ "limit", ARGS_NUMBER, "N", "so many at most (100)" },
};

static const struct args_spec spec = {
	.name = "fbl",
	.usage = "[list|show ID|end ID] [--limit N]",
	.help = "Shows and ends registrations for feedback.",
	.more = "Without words: all that confirmed their mailbox, newest "
		"first. States: confirmed\n(the record in DNS is missing), "
		"active, lapsed (it is gone), ended. Exit code 1:\nthere is no "
		"such registration.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 0,
	.words_max = 2,
};

const struct ctl_command cmd_fbl = { .spec = &spec, .run = run };
