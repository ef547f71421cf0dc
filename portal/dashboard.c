/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /f/TOKEN: a registered sender's own page, and /f/TOKEN.csv, the same as
 * numbers. The link comes in a letter and by /fbl; there is no other way in,
 * and one that does not hold looks like one that never was.
 */
#include "conf/conf.h"
#include "portal/csv.h"
#include "portal/dashdata.h"
#include "portal/dashwords.h"
#include "portal/exhibits.h"
#include "portal/pages.h"
#include "portal/visit.h"
#include "store/token.h"

#include <stdio.h>
#include <string.h>

/* ---- who may see it ---- */

static void show_gone(struct visit *v)
{
	view_say(v->view, "title", "This link does not hold");
	visit_page(v, STATUS_NOT_FOUND, "sender-gone");
}

/* False: it was answered. */
static bool find(struct visit *v, struct fbl *out)
{
	const struct conf *conf = v->site.conf;
	char token[TOKEN_TEXT_MAX];
	char id[CASE_REF_MAX];
	struct redis *r;
	enum result res;

	if (token_parse(v->rest, token) != RES_OK) {
		show_gone(v);
		return false;
	}
	r = visit_redis(v);
	if (r == NULL)
		return false;
	res = fbl_of_token(r, conf, TOKEN_FBL_PAGE, slice_of(token), id);
	if (res == RES_OK)
		res = fbl_read(r, conf, slice_of(id), v->arena, out);
	if (res == RES_MISSING || res == RES_SYNTAX ||
		(res == RES_OK && out->state != FBL_ACTIVE)) {
		show_gone(v);
		return false;
	}
	if (res != RES_OK)
		visit_failed(v, "sender", res);
	return res == RES_OK;
}

/* The same, and all numbers; dashdata_clear. */
static bool read_all(struct visit *v, struct fbl *f, struct dashdata *d)
{
	enum result res;

	if (!find(v, f))
		return false;
	res = dashdata_read(visit_redis(v), v, &f->subject, d);
	if (res != RES_OK)
		visit_failed(v, "traffic", res);
	return res == RES_OK;
}

/* ---- the page ---- */

/* Rows of a table; the file has all. */
enum { SHOWN_DAYS_MAX = 100, SHOWN_ADDRESSES_MAX = 64 };

static void show_days(struct visit *v, const struct dashdata *d)
{
	struct traffic_day total = { .count = { 0 } };
	uint64_t most = 0;
	size_t shown = 0;

	for (size_t i = 0; i < d->days; i++) {
		dashdata_sum(&total, &d->day[i]);
		if (d->day[i].count[TRAFFIC_MESSAGES] > most)
			most = d->day[i].count[TRAFFIC_MESSAGES];
	}
	view_number(v->view, "most", (int64_t)most);
	view_flag(v->view, "has_days", !dashdata_is_empty(&total));
	for (size_t i = 0; i < d->days; i++) {
		char date[DASHDATA_DATE_MAX];
		struct view *item;

		if (dashdata_is_empty(&d->day[i]))
			continue;
		if (++shown > SHOWN_DAYS_MAX)
			break;
		item = view_item(v->view, "days");
		dashdata_date(d, i, date);
		view_text(item, "date_iso", date);
		visit_date(v, item, "date", slice_of(date));
		view_flag(item, "is_day", true);
		view_flag(item, "is_today", i == 0);
		dashwords_counts(v, item, &d->day[i]);
	}
	view_flag(v->view, "has_more_days", shown > SHOWN_DAYS_MAX);
	dashwords_counts(v, view_item(v->view, "total"), &total);
}

/* Of each address its days together; rows hold one at most some thousand
 * times. */
static void show_addresses(struct visit *v, const struct dashdata *d)
{
	struct traffic_row sum[TRAFFIC_ADDRESSES_MAX];
	size_t count = 0;
	bool has_more = false;

	for (size_t i = 0; i < d->row_count; i++) {
		size_t at = 0;

		while (at < count &&
			!cidr_is_equal(&sum[at].net, &d->row[i].net))
			at++;
		if (at == TRAFFIC_ADDRESSES_MAX) {
			has_more = true;
			continue;
		}
		if (at == count)
			sum[count++] = (struct traffic_row){
				.net = d->row[i].net,
			};
		dashdata_sum(&sum[at].count, &d->row[i].count);
	}
	dashwords_sort(sum, count);
	for (size_t i = 0; i < count && i < SHOWN_ADDRESSES_MAX; i++) {
		struct view *item = view_item(v->view, "addresses");
		char text[CIDR_TEXT_MAX];

		view_text(item, "address", cidr_format(&sum[i].net, text));
		dashwords_counts(v, item, &sum[i].count);
	}
	view_flag(v->view, "has_addresses", count > 0);
	view_flag(v->view, "has_more_addresses",
		has_more || count > SHOWN_ADDRESSES_MAX);
	if (d->row_days < d->days)
		view_number(v->view, "address_days", (int64_t)d->row_days);
}

static void show_subject(struct visit *v, const struct dashdata *d)
{
	const struct fbl_subject *s = d->subject;
	char text[CIDR_TEXT_MAX];

	view_text(v->view, "subject",
		s->is_net ? cidr_format(&s->net, text) : s->domain);
	view_flag(v->view, "is_domain", !s->is_net);
	view_flag(v->view, "is_network",
		s->is_net && traffic_is_network(&s->net));
	view_number(v->view, "kept", (int64_t)d->days);
	view_format(v->view, "csv", "/f/%.*s.csv", SLICE_ARG(v->rest));
	view_flag(v->view, "is_off", !v->site.conf->traffic.enabled);
}

void page_sender(struct visit *v)
{
	struct dashdata d;
	struct fbl f;

	if (!read_all(v, &f, &d))
		return;
	view_say(v->view, "title", "Mail of {subject}");
	show_subject(v, &d);
	show_days(v, &d);
	if (f.subject.is_net && traffic_is_network(&f.subject.net))
		show_addresses(v, &d);
	if (f.subject.is_net)
		dashwords_list(v, &d);
	dashdata_clear(&d);
	visit_page(v, STATUS_OK, "sender");
}

/* ---- the numbers ---- */

/* What happened on the list that day, "listed delisted". */
static void add_events(struct buf *out, const struct dashdata *d, size_t day,
	const struct cidr *net)
{
	char text[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < d->address_count; i++) {
		const struct standing *s = &d->address[i].standing;

		if (!cidr_is_equal(&d->address[i].net, net))
			continue;
		for (size_t k = s->log_count; k > 0; k--) {
			const struct standing_event *e = &s->log[k - 1];

			if (dashdata_day_of(d, e->at_ms) == day &&
				len + strlen(e->what) + 2 < sizeof(text))
				len += (size_t)snprintf(text + len,
					sizeof(text) - len, "%s%s",
					len > 0 ? " " : "", e->what);
		}
	}
	csv_text(out, slice_of(text));
}

static void add_line(struct buf *out, const struct dashdata *d, size_t day,
	const char *scope, const struct cidr *net, const struct traffic_day *t)
{
	const uint64_t delivered = dashdata_delivered(t);
	char text[CIDR_TEXT_MAX];
	char date[DASHDATA_DATE_MAX];
	char rate[32] = "";

	csv_text(out, slice_of(dashdata_date(d, day, date)));
	csv_text(out, slice_of(scope));
	csv_text(out,
		slice_of(net == NULL ? d->subject->domain
				     : cidr_format(net, text)));
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		csv_number(out, t->count[i]);
	if (delivered > 0)
		snprintf(rate, sizeof(rate), "%.3f",
			100.0 * (double)t->count[TRAFFIC_COMPLAINTS] /
				(double)delivered);
	csv_text(out, slice_of(rate));
	if (net == NULL || strcmp(scope, "network") == 0)
		csv_text(out, slice_of(""));
	else
		add_events(out, d, day, net);
	csv_end(out);
}

static bool has_row(
	const struct dashdata *d, size_t day, const struct cidr *net)
{
	for (size_t i = 0; i < d->row_count; i++)
		if (d->row[i].day == day && cidr_is_equal(&d->row[i].net, net))
			return true;
	return false;
}

static bool has_event(
	const struct dashdata *d, const struct standing *s, size_t day)
{
	for (size_t i = 0; i < s->log_count; i++)
		if (dashdata_day_of(d, s->log[i].at_ms) == day)
			return true;
	return false;
}

/* Those with numbers, and those whom only the list knows. */
static void add_addresses(struct buf *out, const struct dashdata *d, size_t day)
{
	static const struct traffic_day none;

	for (size_t i = 0; i < d->row_count; i++)
		if (d->row[i].day == day)
			add_line(out, d, day, "address", &d->row[i].net,
				&d->row[i].count);
	for (size_t i = 0; i < d->address_count; i++) {
		const struct dashdata_address *a = &d->address[i];

		if (has_event(d, &a->standing, day) &&
			!has_row(d, day, &a->net))
			add_line(out, d, day, "address", &a->net, &none);
	}
}

static void add_head(struct buf *out)
{
	csv_text(out, slice_of("date"));
	csv_text(out, slice_of("scope"));
	csv_text(out, slice_of("subject"));
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		csv_text(out,
			slice_of(
				traffic_counter_name((enum traffic_counter)i)));
	csv_text(out, slice_of("complaint_rate"));
	csv_text(out, slice_of("list_events"));
	csv_end(out);
}

void page_sender_csv(struct visit *v)
{
	static const struct web_field fields[] = {
		{ "Content-Disposition",
			"attachment; filename=\"traffic.csv\"" },
		{ NULL, NULL },
	};
	struct dashdata d;
	struct fbl f;

	if (!read_all(v, &f, &d))
		return;
	add_head(&v->out->body);
	for (size_t i = 0; i < d.days; i++) {
		const bool is_network =
			f.subject.is_net && traffic_is_network(&f.subject.net);

		add_line(&v->out->body, &d, i,
			is_network		   ? "network"
				: f.subject.is_net ? "address"
						   : "domain",
			f.subject.is_net ? &f.subject.net : NULL, &d.day[i]);
		if (is_network)
			add_addresses(&v->out->body, &d, i);
	}
	dashdata_clear(&d);
	v->out->type = "text/csv; charset=utf-8";
	v->out->fields = fields;
}
