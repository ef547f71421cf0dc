/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tickets of reports: one of a report that names nothing of ours, and one
 * of an account, which all reports about it are added to while it is open.
 *
 *   Preport:account:ACCOUNT  STRING: number of its ticket, counted up when that
 *                            is closed; EXPIRE reports.keep_s
 * A reporter whose address is not proved is never written to: then the ticket
 * has no address.
 */
#include "store/reportcore.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "conf/conf.h"
#include "store/account.h"
#include "store/ticket.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	MEMORY_MAX = 8 * 1024 * 1024,
	SUMMARY_MAX = 32 * 1024,
	SHOWN_MAX = 20, /* originals that are told of */
	TRIES = 5,
	RID_MAX = 64,
	NUMBER_MAX = 24,
	HOUR_S = 3600
};

/* KEYS: the number. ARGV: that is over, life. The answer: which is next. */
static const char number_text[] =
	"local n = redis.call('GET', KEYS[1]) or '1'\n"
	"if n == ARGV[1] then n = string.format('%.0f', n + 1) end\n"
	"redis.call('SET', KEYS[1], n, 'EX', ARGV[2])\n"
	"return n\n";

/* ---- what the administrator reads ---- */

static void add_reporter(const struct report_work *w, struct buf *out)
{
	const struct report_filing *f = w->filing;

	buf_add_format(out, "Report %s, by ", w->id);
	if (f->reporter.len > 0)
		buf_add(out, f->reporter);
	else
		buf_add_text(out, "nobody who says who he is");
	if (f->proof == REPORT_UNPROVEN)
		buf_add_text(out, " (not proved)");
	if (f->proof == REPORT_LOCAL)
		buf_add_text(out, " (a user of ours)");
	if (f->client.len > 0) {
		buf_add_text(out, ", from ");
		buf_add(out, f->client);
	}
	buf_add_text(out, "\n");
}

static void add_line(struct buf *out, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	buf_add_format(out, "  %s: ", name);
	buf_add(out, value);
	buf_add_char(out, '\n');
}

static void add_original(
	const struct report_original *o, size_t number, struct buf *out)
{
	char text[CLOCK_TEXT_MAX], ip[IPADDR_TEXT_MAX];

	buf_add_format(out, "Original %u: %s, %s; trace: %s\n",
		(unsigned)number, report_kind_name(o->kind),
		report_form_name(o->form), tracekeys_word_name(o->trace_word));
	add_line(out, "From", o->from);
	add_line(out, "Subject", o->subject);
	add_line(out, "Message-ID", o->message_id);
	if (report_is_traced(o))
		add_line(out, "Passed here",
			slice_of(clock_format_utc(
				o->trace.at_s * REPORT_MS, text)));
	else if (o->has_claimed_ip)
		add_line(out, "Said to come from",
			slice_of(ipaddr_format(&o->claimed_ip, ip)));
}

static void add_words(const struct report_work *w, struct buf *out)
{
	if (w->filing->text.len == 0)
		return;
	buf_add_text(out, "\n");
	buf_add(out, utf8_cut(w->filing->text, REPORT_TEXT_MAX));
	buf_add_text(out, "\n\n");
}

/* Past support.text_max it would not be taken. */
static struct slice cut(const struct report_work *w, const struct buf *text)
{
	return utf8_cut(buf_slice(text), w->conf->support.text_max);
}

/* ---- of a report that names nothing of ours ---- */

enum result report_ticket_plain(struct report_work *w, char id[CASE_REF_MAX])
{
	const struct report_filing *f = w->filing;
	struct ticket_form form = { .language = f->language,
		.subject = slice_of("abuse report"),
		.rid = slice_of(w->id) };
	struct ticket_filed filed;
	struct buf text;
	enum result res;

	buf_init(&text, SUMMARY_MAX);
	add_reporter(w, &text);
	add_words(w, &text);
	for (size_t i = 0; i < w->count && i < SHOWN_MAX; i++)
		add_original(&f->original[i], i, &text);
	if (f->proof != REPORT_UNPROVEN)
		form.mail = f->reporter;
	form.text = cut(w, &text);
	res = ticket_file(
		w->redis, w->conf, w->secret, w->now_ms, &form, &filed);
	if (res == RES_OK)
		snprintf(id, CASE_REF_MAX, "%s", filed.id);
	buf_clear(&text);
	return res;
}

/* ---- of an account ---- */

static void add_pause(const struct report_work *w,
	const struct report_outcome *o, struct buf *out)
{
	static const char *const says[] = {
		[REPORT_PAUSE_NO] = "It is not paused.",
		[REPORT_PAUSE_DONE] = "It is paused now.",
		[REPORT_PAUSE_WOULD] =
			"It would be paused, were reports.pause yes.",
		[REPORT_PAUSE_ALLOWED] =
			"It is not paused, for an entry allows it.",
		[REPORT_PAUSE_ALREADY] = "It was paused before.",
	};

	buf_add_format(out, "Reporters within %u h: %u; it takes %u. ",
		w->conf->reports.window_s / HOUR_S, o->reporters,
		w->conf->reports.pause_at);
	if ((size_t)o->pause < sizeof(says) / sizeof(says[0]))
		buf_add_text(out, says[o->pause]);
	buf_add_text(out, "\n");
}

static void add_account(
	const struct report_work *w, const char *account, struct buf *out)
{
	struct arena *a = arena_new(ACCOUNT_NAME_MAX * 4);
	struct slice name;

	buf_add_format(out, "Account %s", account);
	if (a != NULL &&
		account_name(w->redis, w->conf, account, a, &name) == RES_OK) {
		buf_add_text(out, " (");
		buf_add(out, name);
		buf_add_text(out, ")");
	}
	buf_add_text(out, " sent what is reported.\n");
	arena_free(a);
}

static enum result next_number(struct report_work *w, const char *account,
	const char *over, char out[NUMBER_MAX])
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	enum result res;

	report_key(&call, w->conf, "report:account:", account);
	script_arg(&call, slice_of(over));
	script_number(&call, w->conf->reports.keep_s);
	res = script_run(w->redis, number_text, &call, &reply);
	if (res == RES_OK)
		snprintf(out, NUMBER_MAX, "%.*s",
			SLICE_ARG(slice_part(reply.text, 0, 20)));
	return res;
}

/* Is that ticket one that reports are still added to? */
static enum result look(struct report_work *w, const char *id, bool *is_open)
{
	struct arena *a = arena_new(MEMORY_MAX);
	struct ticket t = { .state = TICKET_UNKNOWN };
	enum result res = a == NULL ? RES_NOMEM
				    : ticket_read(w->redis, w->conf,
					      slice_of(id), w->now_ms, a, &t);

	*is_open = ticket_is_ours(t.state) || t.state == TICKET_WAITING;
	arena_free(a);
	return res == RES_MISSING ? RES_OK : res;
}

/* Added by its name, so that it is there once. */
static enum result add(struct report_work *w, const char *id, const char *item,
	struct slice text, bool *is_added)
{
	const struct ticket_entry entry = {
		.id = slice_of(id), .text = text, .message_id = slice_of(item)
	};
	enum result res = ticket_add(w->redis, w->conf, &entry, w->now_ms);

	*is_added = res == RES_OK;
	return res == RES_FULL || res == RES_DENIED ? RES_OK : res;
}

struct telling {
	const char *account;
	const char *item;
	struct slice text;
	bool is_urgent; /* not to be lost in a ticket that is full */
};

/* One try. *is_done false: that ticket takes no more, there is to be another.
 */
static enum result add_to(struct report_work *w, const struct telling *t,
	const char *number, char id[CASE_REF_MAX], bool *is_done)
{
	char rid[RID_MAX];
	struct ticket_form form = { .subject = slice_of("abuse report"),
		.text = t->text,
		.message_id = slice_of(t->item) };
	struct ticket_filed filed;
	bool is_open = false, is_added = false;
	enum result res;

	snprintf(rid, sizeof(rid), "user:%s:%.20s", t->account, number);
	form.rid = slice_of(rid);
	res = ticket_file(
		w->redis, w->conf, w->secret, w->now_ms, &form, &filed);
	if (res == RES_OK)
		res = look(w, filed.id, &is_open);
	if (res == RES_OK && is_open)
		res = add(w, filed.id, t->item, t->text, &is_added);
	*is_done = is_added || (is_open && !t->is_urgent);
	if (res == RES_OK)
		snprintf(id, CASE_REF_MAX, "%s", filed.id);
	return res;
}

enum result report_ticket_account(struct report_work *w, size_t number,
	const struct report_outcome *o, char id[CASE_REF_MAX])
{
	const struct report_original *original = &w->filing->original[number];
	char item[REPORT_NAME_MAX], which[NUMBER_MAX] = "";
	struct telling t = { .account = original->trace.account,
		.item = report_item_name(w->id, number, item),
		.is_urgent = o->pause == REPORT_PAUSE_DONE };
	struct buf text;
	bool is_done = false;
	enum result res = RES_OK;

	buf_init(&text, SUMMARY_MAX);
	add_account(w, t.account, &text);
	add_pause(w, o, &text);
	add_reporter(w, &text);
	add_original(original, number, &text);
	add_words(w, &text);
	t.text = cut(w, &text);
	for (int i = 0; i < TRIES && res == RES_OK && !is_done; i++) {
		res = next_number(w, t.account, which, which);
		if (res == RES_OK)
			res = add_to(w, &t, which, id, &is_done);
	}
	buf_clear(&text);
	return res;
}
