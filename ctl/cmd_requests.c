/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl requests: who asked to be taken off the list, and what became of
 * it. */
#include "base/arena.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/requestids.h"
#include "store/delist.h"

#include <string.h>

enum { LIST_MOST = 100, MS_PER_S = 1000, ARENA_MAX = 64 * 1024 };

static void add_head(struct output *o, const struct delist_request *q)
{
	char ip[IPADDR_TEXT_MAX];

	output_text(o, "id", slice_of(q->rid));
	output_text(o, "state", slice_of(delist_state_name(q->state)));
	output_text(o, "reason", q->reason);
	output_text(o, "ip", slice_of(ipaddr_format(&q->ip, ip)));
	output_text(o, "mail", q->mail);
	ctl_output_time(o, "created", q->created_ms / MS_PER_S);
}

static void add_more(struct output *o, const struct delist_request *q)
{
	ctl_output_time(o, "changed", q->changed_ms / MS_PER_S);
	ctl_output_time(o, "until", q->until_ms / MS_PER_S);
	ctl_output_time(o, "link_until", q->expires_ms / MS_PER_S);
	output_text(o, "proof", q->proof);
	output_text(o, "needed", q->needed);
	output_text(o, "ticket", q->ticket);
	output_text(o, "ref", q->ref);
	output_text(o, "language", q->language);
	output_text(o, "ptr", q->ptr);
	output_text(o, "ptr_name", q->ptr_name);
	output_text(o, "fits", q->fits);
	output_text(o, "fits_by", q->fits_by);
	output_number(o, "views", q->views);
}

static enum ctl_exit show(struct ctl *ctl, const char *rid)
{
	enum ctl_exit code = ask_open(ctl, LINK_READ);
	struct arena *a = NULL;
	struct delist_request q;
	enum result res = RES_NOMEM;

	if (code != CTL_DONE)
		return code;
	a = arena_new(ARENA_MAX);
	if (a != NULL)
		res = delist_read(ctl->redis, ctl->conf, slice_of(rid),
			ctl_now_s() * MS_PER_S, a, &q);
	if (res == RES_OK) {
		output_open(ctl->out, "request", OUTPUT_BLOCK);
		add_head(ctl->out, &q);
		add_more(ctl->out, &q);
		output_close(ctl->out);
	}
	arena_free(a);
	if (res == RES_SYNTAX) {
		output_error(
			ctl->out, "\"%s\" is not the ID of a request", rid);
		return CTL_USAGE;
	}
	if (res == RES_MISSING) {
		output_say(ctl->out, "there is no request %s", rid);
		return CTL_NO;
	}
	return res == RES_OK ? CTL_DONE : ask_failed(ctl, res);
}

/* ---- list ---- */

static bool is_state(const char *word)
{
	for (enum delist_state s = DELIST_QUEUED; s <= DELIST_BOUNCED; s++)
		if (strcmp(word, delist_state_name(s)) == 0)
			return true;
	return false;
}

static enum ctl_exit list_all(
	struct ctl *ctl, const char *state, int64_t most, struct slice ids)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct delist_request q;
	enum result res = a == NULL ? RES_NOMEM : RES_OK;
	struct slice id;

	while (res == RES_OK && most > 0 && slice_cut(&ids, '\n', &id)) {
		arena_reset(a);
		res = delist_read(ctl->redis, ctl->conf, id,
			ctl_now_s() * MS_PER_S, a, &q);
		/* Its life was shorter than that of the list. */
		if (res == RES_MISSING || res == RES_SYNTAX) {
			res = RES_OK;
			continue;
		}
		if (res != RES_OK ||
			(state != NULL &&
				strcmp(state, delist_state_name(q.state)) != 0))
			continue;
		output_open(ctl->out, NULL, OUTPUT_BLOCK);
		add_head(ctl->out, &q);
		output_close(ctl->out);
		most--;
	}
	arena_free(a);
	return res == RES_OK ? CTL_DONE : ask_failed(ctl, res);
}

static enum ctl_exit list(struct ctl *ctl, const struct args *args)
{
	const char *state = args_text(args, "state");
	struct buf ids;
	enum ctl_exit code;

	if (state != NULL && !is_state(state)) {
		output_error(
			ctl->out, "\"%s\" is not a state of a request", state);
		return CTL_USAGE;
	}
	code = ask_open(ctl, LINK_READ);
	if (code != CTL_DONE)
		return code;
	buf_init(&ids, REQUESTIDS_MAX);
	code = requestids_read(ctl, &ids);
	output_open(ctl->out, "requests", OUTPUT_TABLE);
	if (code == CTL_DONE)
		code = list_all(ctl, state,
			args_number(args, "limit", LIST_MOST), buf_slice(&ids));
	output_close(ctl->out);
	buf_clear(&ids);
	return code;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	const char *verb = args->words > 0 ? args->word[0] : "list";

	if (strcmp(verb, "list") == 0 && args->words < 2)
		return list(ctl, args);
	if (strcmp(verb, "show") == 0 && args->words == 2)
		return show(ctl, args->word[1]);
	output_error(ctl->out, "that is neither \"list\" nor \"show ID\"");
	return CTL_USAGE;
}

static const struct args_option options[] = {
	{ "state", ARGS_TEXT, "STATE", "only those in this state" },
	{ "limit", ARGS_NUMBER, "N", "so many at most (100)" },
};

static const struct args_spec spec = {
	.name = "requests",
	.usage = "[list|show ID] [--state STATE] [--limit N]",
	.help = "Shows who asked to be taken off the list.",
	.more = "Without words: all requests, newest first. States: queued "
		"sent granted wait\ndenied review expired cancelled bounced. "
		"Exit code 1: there is no such request.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 0,
	.words_max = 2,
};

const struct ctl_command cmd_requests = { .spec = &spec, .run = run };
