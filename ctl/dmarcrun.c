/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dmarcrun.h"

#include "auth/dmarcdest.h"
#include "auth/dmarcrecord.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/dmarcparts.h"
#include "web/mailer.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
	DAY_S = 86400,
	TARGETS_MAX = DMARCURI_MAX * 2,
	LETTER_TIMEOUT_MS = 120000,
	WHY_MAX = 1024,
	NAME_MAX_LEN = DMARCLETTER_ID_MAX + MAILBOX_TEXT_MAX + 1
};

static const struct output_column columns[] = {
	{ "day", 10 },
	{ "domain", 30 },
	{ "to", 34 },
	{ "outcome", 0 },
};

/* One domain of one day. */
struct work {
	struct dmarcrun *run;
	struct aggregate_job job;
	struct aggregate_rows rows;
	struct dmarcparts parts;
	char record[AGGREGATE_RECORD_MAX + 1]; /* as it is now */
	struct dmarcuri to[TARGETS_MAX];
	size_t to_count;
	bool is_left; /* for the next run */
	enum result res; /* of Redis */
};

void dmarcrun_begin(struct dmarcrun *run)
{
	output_stream(run->ctl->out, "reports", columns,
		sizeof(columns) / sizeof(columns[0]));
}

/* ---- telling ---- */

static void tell(struct work *w, const char *to, const char *outcome)
{
	struct output *o = w->run->ctl->out;
	const char *day = w->job.day;
	char text[16];

	snprintf(text, sizeof(text), "%.4s-%.2s-%.2s", day, day + 4, day + 6);
	output_row_open(o);
	output_text(o, "day", slice_of(text));
	output_text(o, "domain", slice_of(w->job.domain));
	output_text(o, "to", slice_of(to));
	output_text(o, "outcome", slice_of(outcome));
	output_row_close(o);
	if (!w->run->is_dry) {
		struct logline l;

		log_start(&l, LOG_LEVEL_NOTICE, "dmarc-report");
		log_text(&l, "day", text);
		log_text(&l, "domain", w->job.domain);
		if (to[0] != '\0')
			log_text(&l, "to", to);
		log_text(&l, "outcome", outcome);
		log_send(&l);
	}
}

/* ---- whom to ---- */

static bool is_target(const struct work *w, const char *mailbox)
{
	for (size_t i = 0; i < w->to_count; i++)
		if (slice_is_equal_nocase(
			    slice_of(w->to[i].mailbox), slice_of(mailbox)))
			return true;
	return false;
}

static void add_targets(struct work *w, const struct dmarcuri *uri)
{
	struct dmarcuri to[DMARCURI_MAX];
	size_t count;
	enum dmarcdest_word word = dmarcdest_ask(w->run->dest,
		slice_of(w->job.domain), DMARCDEST_RUA, uri, to, &count);

	if (word == DMARCDEST_UNKNOWN || word == DMARCDEST_REFUSED)
		tell(w, uri->mailbox, dmarcdest_word(word));
	if (word == DMARCDEST_UNKNOWN)
		w->is_left = true;
	for (size_t i = 0; i < count && w->to_count < TARGETS_MAX; i++)
		if (!is_target(w, to[i].mailbox))
			w->to[w->to_count++] = to[i];
}

/* The record as it is now; what DNS cannot say is as it was. False: there is
 * none any more. */
static bool read_rua(struct work *w, struct slice *rua)
{
	struct dmarcrecord record;
	struct slice text = w->rows.record;
	enum result res =
		dmarcdest_record(w->run->dest, slice_of(w->job.domain), &text);

	if (res == RES_MISSING)
		return false;
	text = slice_part(text, 0, AGGREGATE_RECORD_MAX);
	memcpy(w->record, text.at, text.len);
	if (dmarcrecord_parse(slice_make(w->record, text.len), &record) !=
		RES_OK)
		return false;
	*rua = record.rua;
	return !slice_is_empty(record.rua);
}

static void find_targets(struct work *w)
{
	struct dmarcuri uri[DMARCURI_MAX];
	struct slice rua = slice_of("");
	size_t count, ignored;

	if (!read_rua(w, &rua)) {
		tell(w, "", "asks for no reports any more");
		return;
	}
	count = dmarcuri_parse(rua, uri, &ignored);
	if (count == 0)
		tell(w, "", "no address in rua= can be used");
	for (size_t i = 0; i < count; i++)
		add_targets(w, &uri[i]);
}

/* ---- sending ---- */

static enum result post(struct work *w, const struct dmarcparts_one *part,
	const char *to, struct buf *why)
{
	const struct conf *conf = w->run->ctl->conf;
	struct mailer_letter letter = { .rcpt = to,
		.timeout_ms = LETTER_TIMEOUT_MS,
		.text_max = dmarcletter_size(part->packed.len) };
	struct buf text, room;
	enum result res;

	buf_init(&text, letter.text_max);
	buf_init(&room, MAILBOX_TEXT_MAX);
	letter.sender = dmarcletter_email(conf, &room);
	res = dmarcletter_write(&part->letter, to, buf_slice(&part->packed),
		clock_wall_ms(clock_system()), &text);
	if (res == RES_OK) {
		letter.text = buf_slice(&text);
		res = mailer_send(conf, &letter, why);
	}
	buf_clear(&text);
	buf_clear(&room);
	return res;
}

static bool is_final(enum result res)
{
	return res == RES_OK || res == RES_DENIED || res == RES_SYNTAX;
}

static void note(
	struct work *w, const char *to, enum result res, const struct buf *why)
{
	char text[WHY_MAX] = "sent";

	if (res == RES_OK)
		w->run->sent++;
	else
		snprintf(text, sizeof(text), "%s: %s",
			is_final(res) ? "refused" : "left for the next run",
			why->len > 0 ? buf_text(why) : result_name(res));
	if (is_final(res)) {
		w->run->down = 0;
	} else {
		w->run->down++;
		w->is_left = true;
	}
	tell(w, to, text);
}

static void send_part(
	struct work *w, const struct dmarcparts_one *part, const char *to)
{
	const struct ctl *ctl = w->run->ctl;
	char name[NAME_MAX_LEN];
	bool has_gone = false;
	struct buf why;
	enum result res;

	if (w->run->down >= DMARCRUN_DOWN_MAX) {
		w->is_left = true;
		return;
	}
	snprintf(name, sizeof(name), "%s %s", part->id, to);
	w->res = aggregate_has_gone(
		ctl->redis, ctl->conf, &w->job, slice_of(name), &has_gone);
	if (w->res != RES_OK || has_gone)
		return;
	buf_init(&why, WHY_MAX);
	res = post(w, part, to, &why);
	if (is_final(res))
		w->res = aggregate_gone(
			ctl->redis, ctl->conf, &w->job, slice_of(name));
	note(w, to, res, &why);
	buf_clear(&why);
}

static void show_part(
	struct work *w, const struct dmarcparts_one *part, const char *to)
{
	(void)part;
	tell(w, to, "would be sent");
}

/* RFC 9990 s3.5: an address whose limit it exceeds gets none of it. */
static bool fits(const struct work *w, const struct dmarcuri *to)
{
	for (size_t i = 0; to->limit > 0 && i < w->parts.count; i++)
		if (dmarcletter_size(w->parts.part[i].packed.len) > to->limit)
			return false;
	return true;
}

static void send_all(struct work *w)
{
	for (size_t t = 0; t < w->to_count; t++) {
		if (!fits(w, &w->to[t])) {
			tell(w, w->to[t].mailbox, "more than its size limit");
			continue;
		}
		for (size_t i = 0; i < w->parts.count && w->res == RES_OK; i++)
			(w->run->is_dry ? show_part : send_part)(
				w, &w->parts.part[i], w->to[t].mailbox);
	}
}

/* ---- a dry run's copy ---- */

static void keep(struct work *w, const struct dmarcparts_one *part)
{
	char name[DMARCLETTER_NAME_MAX], path[PATH_MAX];
	enum result res;

	if (w->run->folder == NULL) {
		fwrite(buf_text(&part->xml), 1, part->xml.len, stdout);
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", w->run->folder,
		dmarcletter_name(&part->letter, part->id, name));
	res = file_write(path, 0640, buf_slice(&part->packed));
	if (res != RES_OK) {
		output_error(
			w->run->ctl->out, "%s: %s", path, result_name(res));
		w->is_left = true;
	}
}

/* ---- one domain ---- */

static void make_parts(struct work *w)
{
	struct dmarcletter letter = { .conf = w->run->ctl->conf,
		.domain = w->job.domain,
		.day = w->job.day };
	enum result res = dmarcletter_day(letter.day, &letter.begin_s);

	letter.end_s = letter.begin_s + DAY_S - 1;
	if (res == RES_OK)
		res = dmarcparts_make(&letter, &w->rows, &w->parts);
	if (res == RES_NOMEM)
		w->is_left = true;
	if (res != RES_OK)
		tell(w, "",
			res == RES_NOMEM	    ? "no memory"
				: res == RES_TOOBIG ? "too big for a letter"
						    : "nothing to be reported");
}

static void report(struct work *w)
{
	const struct ctl *ctl = w->run->ctl;

	w->res = aggregate_read(ctl->redis, ctl->conf, &w->job, &w->rows);
	if (w->res == RES_MISSING) {
		w->res = RES_OK;
		return;
	}
	if (w->res != RES_OK)
		return;
	find_targets(w);
	if (w->to_count > 0)
		make_parts(w);
	for (size_t i = 0; w->run->is_dry && i < w->parts.count; i++)
		keep(w, &w->parts.part[i]);
	send_all(w);
}

/* False: it is not for us. */
static bool claim(struct work *w)
{
	const struct ctl *ctl = w->run->ctl;
	enum aggregate_claim word = AGGREGATE_MINE;

	if (!w->run->is_dry)
		w->res = aggregate_claim(ctl->redis, ctl->conf, &w->job,
			DMARCRUN_LEASE_S, &word);
	if (w->res == RES_OK && word == AGGREGATE_TAKEN)
		tell(w, "", "another process is at it");
	return w->res == RES_OK && word == AGGREGATE_MINE;
}

enum ctl_exit dmarcrun_domain(
	struct dmarcrun *run, const char *day, const char *domain)
{
	struct work w = {
		.run = run, .job = { day, domain, run->who }, .res = RES_OK
	};

	if (claim(&w)) {
		report(&w);
		if (w.res == RES_OK && !run->is_dry)
			w.res = aggregate_settle(run->ctl->redis,
				run->ctl->conf, &w.job, !w.is_left);
	}
	if (w.is_left)
		run->failed++;
	dmarcparts_clear(&w.parts);
	aggregate_rows_clear(&w.rows);
	return w.res == RES_OK ? CTL_DONE : ask_failed(run->ctl, w.res);
}
