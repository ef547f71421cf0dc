/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl reports: abuse reports, and what waits to be learnt of them. */
#include "base/arena.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/mailuser.h"
#include "ctl/releasing.h"
#include "store/report.h"

#include <string.h>

enum {
	READ_MEMORY_MAX = 512 * 1024 * 1024,
	LIST_MOST = 100,
	MS_PER_S = 1000,
	ALL = -1
};

/* What a result of store/report means here. */
static enum ctl_exit told(struct ctl *ctl, enum result res, const char *id)
{
	if (res == RES_OK)
		return CTL_DONE;
	if (res == RES_SYNTAX) {
		output_error(ctl->out, "\"%s\" is not the ID of a report", id);
		return CTL_USAGE;
	}
	if (res == RES_MISSING) {
		output_say(ctl->out, "there is no report %s", id);
		return CTL_NO;
	}
	return ask_failed(ctl, res);
}

/* ---- list ---- */

static void add_head(struct output *o, const struct report *p)
{
	output_text(o, "id", slice_of(p->id));
	output_text(o, "state", slice_of(report_state_name(p->state)));
	output_text(o, "effect", slice_of(report_effect_name(p->effect)));
	ctl_output_time(o, "at", p->at_ms / MS_PER_S);
	output_number(o, "originals", (int64_t)p->count);
	output_text(o, "proof", slice_of(report_proof_name(p->proof)));
	output_text(o, "reporter", p->reporter);
	output_text(o, "ticket", slice_of(p->ticket));
}

static void add_row(void *ctx, const struct report *p)
{
	struct ctl *ctl = ctx;

	output_open(ctl->out, NULL, OUTPUT_BLOCK);
	add_head(ctl->out, p);
	output_close(ctl->out);
}

static enum ctl_exit list(struct ctl *ctl, const struct args *args)
{
	const struct report_listing how = {
		.most = (size_t)args_number(args, "limit", LIST_MOST),
		.only_open = args_flag(args, "open"),
		.each = add_row,
		.ctx = ctl,
	};
	enum ctl_exit code = ask_open(ctl, LINK_READ);

	if (code != CTL_DONE)
		return code;
	output_open(ctl->out, "reports", OUTPUT_TABLE);
	code = told(ctl, report_list(ctl->redis, ctl->conf, &how), "");
	output_close(ctl->out);
	return code;
}

/* ---- show ---- */

static void add_lines(struct output *o, const char *key, struct slice text)
{
	struct slice line;

	output_open(o, key, OUTPUT_PLAIN);
	while (slice_cut(&text, '\n', &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		output_item(o, line);
	}
	output_close(o);
}

static void add_trace(struct ctl *ctl, const struct trace *t)
{
	char ip[IPADDR_TEXT_MAX], account[MAILUSER_TEXT_MAX];
	struct output *o = ctl->out;

	if (t->direction == TRACE_UNKNOWN)
		return;
	output_text(o, "direction",
		slice_of(t->direction == TRACE_OUT ? "out" : "in"));
	ctl_output_time(o, "passed", t->at_s);
	output_text(o, "trace_id", slice_of(t->id));
	output_number(o, "recipients", t->recipients);
	if (t->has_ip)
		output_text(o, "source", slice_of(ipaddr_format(&t->ip, ip)));
	output_text(o, "dkim", slice_of(t->domain));
	if (t->account[0] != '\0')
		output_text(o, "account",
			slice_of(mailuser_format(ctl, t->account, account)));
}

static void add_item(
	struct ctl *ctl, size_t number, const struct report_item *i)
{
	char ip[IPADDR_TEXT_MAX];
	struct output *o = ctl->out;

	output_open(o, NULL, OUTPUT_BLOCK);
	output_number(o, "original", (int64_t)number);
	output_text(o, "kind", slice_of(report_kind_name(i->kind)));
	output_text(o, "form", slice_of(report_form_name(i->form)));
	output_text(o, "trace", slice_of(tracekeys_word_name(i->trace_word)));
	output_text(o, "effect", slice_of(report_effect_name(i->effect)));
	if (i->waits)
		output_bool(o, "waits", true);
	add_trace(ctl, &i->trace);
	output_text(o, "from", i->from);
	output_text(o, "subject", i->subject);
	output_text(o, "message_id", i->message_id);
	if (i->has_claimed_ip)
		output_text(o, "claimed_source",
			slice_of(ipaddr_format(&i->claimed_ip, ip)));
	output_text(o, "cfbl_address", i->cfbl_address);
	output_close(o);
}

static void add_report(struct ctl *ctl, const struct report *p)
{
	char account[MAILUSER_TEXT_MAX];
	struct output *o = ctl->out;

	output_open(o, "report", OUTPUT_BLOCK);
	add_head(o, p);
	if (p->account.len > 0) {
		char hash[SECRET_HASH_MAX];

		snprintf(hash, sizeof(hash), "%.*s", SLICE_ARG(p->account));
		output_text(o, "account",
			slice_of(mailuser_format(ctl, hash, account)));
	}
	output_text(o, "client", p->client);
	output_text(o, "language", p->language);
	add_lines(o, "text", p->text);
	output_close(o);
	output_open(o, "items", OUTPUT_BLOCKS);
	for (size_t i = 0; i < p->count; i++)
		add_item(ctl, i, &p->item[i]);
	output_close(o);
}

/* One original as it came, line by line. */
static enum ctl_exit add_message(
	struct ctl *ctl, const struct report *p, int64_t number)
{
	if (number < 0 || (uint64_t)number >= p->count) {
		output_say(ctl->out, "report %s has no original %lld", p->id,
			(long long)number);
		return CTL_NO;
	}
	if (p->item[number].message.len == 0) {
		output_say(ctl->out, "nothing was kept of it");
		return CTL_NO;
	}
	add_lines(ctl->out, "message", p->item[number].message);
	return CTL_DONE;
}

static enum ctl_exit show(struct ctl *ctl, const struct args *args)
{
	int64_t number = args_number(args, "original", ALL);
	bool is_one = number != ALL;
	const char *id = args->word[1];
	enum ctl_exit code = ask_open(ctl, LINK_READ);
	struct arena *a = NULL;
	struct report p;
	enum result res;

	if (code != CTL_DONE)
		return code;
	a = arena_new(READ_MEMORY_MAX);
	res = a == NULL ? RES_NOMEM
			: report_read(ctl->redis, ctl->conf, slice_of(id),
				  is_one, a, &p);
	code = told(ctl, res, id);
	if (code == CTL_DONE && is_one)
		code = add_message(ctl, &p, number);
	else if (code == CTL_DONE)
		add_report(ctl, &p);
	arena_free(a);
	return code;
}

/* ---- close ---- */

static enum ctl_exit close_one(struct ctl *ctl, const struct args *args)
{
	const char *id = args->word[1];
	enum ctl_exit code = ask_open(ctl, LINK_WRITE);

	if (code != CTL_DONE)
		return code;
	code = told(ctl,
		report_close(ctl->redis, ctl->conf, slice_of(id),
			ctl_now_s() * MS_PER_S, slice_of(ctl->who)),
		id);
	if (code == CTL_DONE)
		output_say(ctl->out, "report %s is closed", id);
	return code;
}

/* ---- training ---- */

static void add_waiting(void *ctx, const struct report_waiting *w)
{
	char name[CASE_REF_MAX + 16];
	struct ctl *ctl = ctx;

	snprintf(name, sizeof(name), "%s:%u", w->id, w->number);
	output_open(ctl->out, NULL, OUTPUT_BLOCK);
	output_text(ctl->out, "original", slice_of(name));
	output_text(ctl->out, "as", slice_of(w->is_spam ? "spam" : "ham"));
	output_text(ctl->out, "from", w->from);
	output_text(ctl->out, "subject", w->subject);
	output_close(ctl->out);
}

static enum ctl_exit waiting(struct ctl *ctl, const struct args *args)
{
	enum ctl_exit code = ask_open(ctl, LINK_READ);
	enum result res;

	if (code != CTL_DONE)
		return code;
	output_open(ctl->out, "waiting", OUTPUT_TABLE);
	res = report_pending(ctl->redis, ctl->conf,
		(size_t)args_number(args, "limit", LIST_MOST), add_waiting,
		ctl);
	output_close(ctl->out);
	return told(ctl, res, "");
}

/* "ID" or "ID:N". False: said why. */
static bool read_name(
	struct ctl *ctl, const char *text, char id[CASE_REF_MAX], int *number)
{
	struct slice all = slice_of(text);
	size_t at = slice_find(all, ':');
	uint64_t value;

	*number = ALL;
	if (case_ref_parse(slice_part(all, 0, at), id) != RES_OK)
		goto bad;
	if (at == all.len)
		return true;
	if (slice_parse_u64(slice_part(all, at + 1, all.len), 0,
		    REPORT_ORIGINALS_MAX - 1, &value) != RES_OK)
		goto bad;
	*number = (int)value;
	return true;
bad:
	output_error(ctl->out, "\"%s\" is neither the ID of a report nor ID:N",
		text);
	return false;
}

static void say_learnt(struct output *o, const struct releasing *r,
	const struct teaching_model *m)
{
	output_number(o, "released", (int64_t)r->taken);
	output_number(o, "new",
		(int64_t)(r->spam.change.added + r->ham.change.added));
	if (r->unreadable > 0)
		output_number(o, "no_messages", (int64_t)r->unreadable);
	output_number(o, "version", (int64_t)m->version);
	output_number(o, "spam", (int64_t)m->spam);
	output_number(o, "ham", (int64_t)m->ham);
}

static enum ctl_exit settle(
	struct ctl *ctl, struct releasing *r, bool is_learnt)
{
	struct teaching_model model = { .version = 0 };
	enum ctl_exit code;

	if (r->count == 0) {
		output_say(ctl->out, "nothing of that waits to be learnt");
		return CTL_NO;
	}
	if (!is_learnt) {
		code = releasing_drop(r);
		if (code == CTL_DONE)
			output_number(ctl->out, "dropped", (int64_t)r->taken);
		return code;
	}
	code = releasing_learn(r, &model);
	if (code == CTL_DONE)
		say_learnt(ctl->out, r, &model);
	return code;
}

static enum ctl_exit decide(
	struct ctl *ctl, const struct args *args, bool is_learnt)
{
	char id[CASE_REF_MAX] = "";
	struct releasing r;
	int number = ALL;
	enum ctl_exit code;

	if (args->words > 1 && !read_name(ctl, args->word[1], id, &number))
		return CTL_USAGE;
	code = ask_open(ctl, LINK_WRITE);
	if (code != CTL_DONE)
		return code;
	code = releasing_gather(&r, ctl, id, number);
	if (code == CTL_DONE)
		code = settle(ctl, &r, is_learnt);
	releasing_clear(&r);
	return code;
}

static enum ctl_exit release(struct ctl *ctl, const struct args *args)
{
	return decide(ctl, args, true);
}

static enum ctl_exit drop(struct ctl *ctl, const struct args *args)
{
	return decide(ctl, args, false);
}

/* ---- words ---- */

enum wants { NOTHING, AN_ID, AN_ID_OR_ALL };

static const struct {
	const char *word;
	enum ctl_exit (*run)(struct ctl *ctl, const struct args *args);
	enum wants wants;
} verbs[] = {
	{ "list", list, NOTHING },
	{ "show", show, AN_ID },
	{ "close", close_one, AN_ID },
	{ "waiting", waiting, NOTHING },
	{ "release", release, AN_ID_OR_ALL },
	{ "drop", drop, AN_ID_OR_ALL },
};

static bool has_its_words(const struct args *args, enum wants wants)
{
	bool has_id = args->words > 1;
	bool is_all = args_flag(args, "all");

	switch (wants) {
	case NOTHING:
		return !has_id && !is_all;
	case AN_ID:
		return has_id && !is_all;
	case AN_ID_OR_ALL:
		return has_id != is_all;
	}
	return false;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	const char *verb = args->words > 0 ? args->word[0] : "list";

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verb, verbs[i].word) != 0)
			continue;
		if (has_its_words(args, verbs[i].wants))
			return verbs[i].run(ctl, args);
		output_error(ctl->out, "reports %s: %s", verb,
			verbs[i].wants == NOTHING ? "no ID is wanted"
				: verbs[i].wants == AN_ID
				? "which report?"
				: "which original? ID, ID:N or --all");
		return CTL_USAGE;
	}
	output_error(ctl->out,
		"\"%s\" is none of list, show, close, waiting, release and "
		"drop",
		verb);
	return CTL_USAGE;
}

static const struct args_option options[] = {
	{ "open", ARGS_FLAG, "", "list: only those nobody has looked at" },
	{ "limit", ARGS_NUMBER, "N", "so many at most (100)" },
	{ "original", ARGS_NUMBER, "N", "show: that original as it came" },
	{ "all", ARGS_FLAG, "", "release, drop: all that wait" },
};

static const struct args_spec spec = {
	.name = "reports",
	.usage = "[list|show ID|close ID|waiting|release ID[:N]|drop ID[:N]] "
		 "[--open] [--limit N] [--original N] [--all]",
	.help = "Abuse reports, and what the classifier may learn of them.",
	.more = "Without words: all reports, newest first. Originals whose "
		"trace holds wait to be\nlearnt: release teaches them, as spam "
		"or (notjunk) as ham; drop does not.\nExit code 1: there is no "
		"such report, or nothing that waits.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 0,
	.words_max = 2,
};

const struct ctl_command cmd_reports = { .spec = &spec, .run = run };
