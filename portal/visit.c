/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/visit.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "portal/frame.h"
#include "portal/texts.h"
#include "web/catalog.h"
#include "web/template.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	QUERY_VALUE_MAX = 4096,
	NAME_LEN_MAX = 64,
	S_PER_MINUTE = 60,
	S_PER_HOUR = 3600,
	S_PER_DAY = 86400,
	SPAN_MAX_S = 2000000000
};

static const char html_type[] = "text/html; charset=utf-8";

/* ---- who, and in which language ---- */

/* The last hop only: what stands before it, anybody may have written. */
static bool read_forwarded(struct slice list, struct ipaddr *out)
{
	const size_t comma = slice_find_last(list, ',');

	if (comma < list.len)
		list = slice_part(list, comma + 1, list.len);
	return ipaddr_parse(out, slice_trim(list)) == RES_OK;
}

static void find_client(struct visit *v)
{
	const struct web_request *rq = v->rq;
	const struct cidrset *proxies = v->site.conf->portal.proxies.set;

	v->client = rq->peer;
	v->has_client = rq->has_peer;
	if (rq->has_peer &&
		(proxies == NULL || !cidrset_match(proxies, &rq->peer)))
		return;
	if (read_forwarded(rq->forwarded_for, &v->client))
		v->has_client = true;
}

static void choose_language(struct visit *v)
{
	static const char *const queries[LANGUAGE_COUNT] = {
		[LANGUAGE_EN] = "?lang=en",
		[LANGUAGE_ES] = "?lang=es",
		[LANGUAGE_PT_BR] = "?lang=pt-BR",
	};
	const struct slice wanted = form_value(&v->query, "lang");
	enum language usual = LANGUAGE_EN;

	if (!language_parse(slice_of(v->site.conf->portal.language), &usual))
		usual = LANGUAGE_EN;
	v->language = language_choose(wanted, v->rq->accept_language, usual);
	v->lang_query = language_parse(wanted, &usual) ? queries[usual] : "";
}

static void fail_plainly(struct visit *v)
{
	v->out->status = STATUS_INTERNAL;
	v->out->type = "text/plain; charset=utf-8";
	buf_reset(&v->out->body);
	buf_add_text(&v->out->body,
		"Something failed here; please try again later.\n");
}

enum result visit_begin(struct visit *v, struct context *c,
	const struct web_request *rq, struct web_answer *out)
{
	static const struct form_limits limits = { QUERY_VALUE_MAX, true };
	enum result res;

	context_enter(c, &v->site);
	v->rq = rq;
	v->out = out;
	v->now_ms = clock_wall_ms(v->site.clock);
	v->arena = arena_new(VISIT_MEMORY_MAX);
	if (v->arena != NULL)
		v->view = view_new(v->arena);
	if (v->view == NULL) {
		fail_plainly(v);
		return RES_NOMEM;
	}
	find_client(v);
	res = form_parse(&v->query, rq->query, &limits, v->arena);
	choose_language(v);
	out->language = language_tag(v->language);
	frame_fill(v);
	if (res != RES_OK)
		visit_bad(v, STATUS_BAD_REQUEST);
	return res;
}

void visit_end(struct visit *v)
{
	context_give(v->site.context, v->loan);
	arena_free(v->arena);
	context_leave(&v->site);
}

struct redis *visit_redis(struct visit *v)
{
	if (v->loan == NULL &&
		context_take(v->site.context, &v->loan) != RES_OK) {
		visit_unavailable(v);
		return NULL;
	}
	return context_redis(v->loan);
}

/* ---- the answer ---- */

void visit_page(struct visit *v, unsigned status, const char *template)
{
	struct web_answer *out = v->out;
	enum result res;

	view_flag(v->view, "has_errors", visit_has_faults(v));
	out->status = status;
	out->type = html_type;
	out->language = language_tag(v->language);
	buf_reset(&out->body);
	res = template_render(texts_templates(v->site.texts),
		slice_of(template), v->view,
		texts_catalog(v->site.texts, v->language), &out->body);
	if (res == RES_OK)
		return;
	log_message(LOG_LEVEL_ERROR, "page", "template %s: %s", template,
		result_name(res));
	fail_plainly(v);
}

void visit_not_found(struct visit *v)
{
	view_say(v->view, "title", "There is no such page");
	view_flag(v->view, "is_public", false);
	visit_page(v, STATUS_NOT_FOUND, "not-found");
}

void visit_unavailable(struct visit *v)
{
	view_say(v->view, "title", "We cannot look this up at the moment");
	visit_page(v, STATUS_UNAVAILABLE, "unavailable");
}

void visit_forbidden(struct visit *v)
{
	view_say(v->view, "title", "This form did not come from our site");
	visit_page(v, STATUS_FORBIDDEN, "forbidden");
}

void visit_bad(struct visit *v, unsigned status)
{
	view_say(v->view, "title", "We cannot read this request");
	view_flag(v->view, "is_too_large", status == STATUS_TOO_LARGE);
	visit_page(v, status, "bad-request");
}

void visit_too_many(struct visit *v, int64_t wait_s)
{
	view_say(v->view, "title", "Too many requests");
	visit_span(v, v->view, "wait", wait_s);
	visit_page(v, STATUS_TOO_MANY, "too-many");
}

void visit_failed(struct visit *v, const char *what, enum result res)
{
	struct logline line;

	log_start(&line, LOG_LEVEL_ERROR, "failed");
	log_text(&line, "what", what);
	log_text(&line, "result", result_name(res));
	log_send(&line);
	/* A server that was the primary when the connection was made. */
	if (v->loan != NULL && res == RES_READONLY)
		context_spoil(v->loan);
	visit_unavailable(v);
}

void visit_redirect(struct visit *v, const char *path)
{
	struct buf *to = &v->out->location;

	v->out->status = STATUS_SEE_OTHER;
	buf_reset(to);
	buf_add_text(to, path);
	if (v->lang_query[0] != '\0') {
		buf_add_char(to, strchr(path, '?') == NULL ? '?' : '&');
		buf_add_text(to, v->lang_query + 1);
	}
}

/* ---- faults of a form ---- */

void visit_fault(struct visit *v, const char *field, const char *text)
{
	struct view *item = view_item(v->view, "errors");
	char name[NAME_LEN_MAX];
	const char *kept;
	int len = snprintf(name, sizeof(name), "%s_error", field);

	view_text(item, "field", field);
	view_say(item, "text", text);
	if (len < 0 || (size_t)len >= sizeof(name))
		return;
	kept = arena_text(v->arena, slice_of(name));
	if (kept != NULL)
		view_say(v->view, kept, text);
}

bool visit_has_faults(const struct visit *v)
{
	return view_find(v->view, slice_of("errors")).kind == VIEW_LIST;
}

/* ---- times ---- */

static const char *const months[] = { N_("January"), N_("February"),
	N_("March"), N_("April"), N_("May"), N_("June"), N_("July"),
	N_("August"), N_("September"), N_("October"), N_("November"),
	N_("December") };

enum { FORM_TIME = 0, FORM_DATE };

static const char *const time_forms[] = {
	N_("{day} {month} {year}, {time} UTC"),
	N_("{day} {month} {year}"),
};

struct gap {
	const char *name; /* with its braces */
	struct slice value;
};

/* text with the gaps filled. */
static void fill_gaps(struct buf *out, struct slice text,
	const struct gap *gaps, size_t count)
{
	while (text.len > 0) {
		size_t i = 0;

		while (i < count &&
			!slice_has_prefix(text, slice_of(gaps[i].name)))
			i++;
		if (i < count) {
			buf_add(out, gaps[i].value);
			text = slice_part(text, strlen(gaps[i].name), text.len);
		} else {
			buf_add_char(out, text.at[0]);
			text = slice_part(text, 1, text.len);
		}
	}
}

static struct slice translate(const struct visit *v, const char *english)
{
	return catalog_find(
		texts_catalog(v->site.texts, v->language), slice_of(english));
}

/* One of time_forms. */
static void say_time(const struct visit *v, struct view *to, const char *name,
	const struct tm *tm, const char *form)
{
	char day[16];
	char year[16];
	char hour[16];
	struct buf text;

	snprintf(day, sizeof(day), "%d", tm->tm_mday);
	snprintf(year, sizeof(year), "%d", tm->tm_year + 1900);
	snprintf(hour, sizeof(hour), "%02d:%02d", tm->tm_hour, tm->tm_min);
	const struct gap gaps[] = {
		{ "{day}", slice_of(day) },
		{ "{month}", translate(v, months[tm->tm_mon]) },
		{ "{year}", slice_of(year) },
		{ "{time}", slice_of(hour) },
	};

	buf_init(&text, 256);
	fill_gaps(&text, translate(v, form), gaps,
		sizeof(gaps) / sizeof(gaps[0]));
	view_slice(to, name, buf_slice(&text));
	buf_clear(&text);
}

void visit_time(struct visit *v, struct view *to, const char *name,
	const char *name_iso, int64_t wall_ms)
{
	const time_t wall_s = (time_t)(wall_ms / 1000);
	char iso[CLOCK_TEXT_MAX];
	struct tm tm;

	if (wall_ms == 0 || gmtime_r(&wall_s, &tm) == NULL)
		return;
	say_time(v, to, name, &tm, time_forms[FORM_TIME]);
	view_text(to, name_iso, clock_format_utc(wall_ms, iso));
}

void visit_date(
	struct visit *v, struct view *to, const char *name, struct slice date)
{
	uint64_t year;
	uint64_t month;
	uint64_t day;
	struct tm tm = { .tm_mday = 1 };

	if (date.len != 10 ||
		slice_parse_u64(slice_part(date, 0, 4), 1900, 9999, &year) !=
			RES_OK ||
		slice_parse_u64(slice_part(date, 5, 2), 1, 12, &month) !=
			RES_OK ||
		slice_parse_u64(slice_part(date, 8, 2), 1, 31, &day) !=
			RES_OK) {
		view_slice(to, name, date);
		return;
	}
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)day;
	say_time(v, to, name, &tm, time_forms[FORM_DATE]);
}

static const struct unit {
	int64_t seconds;
	int64_t until; /* longer spans are told in the next unit */
	const char *one;
	const char *many;
} units[] = {
	{ S_PER_MINUTE, 2 * S_PER_HOUR, N_("1 minute"), N_("{n} minutes") },
	{ S_PER_HOUR, 2 * S_PER_DAY, N_("1 hour"), N_("{n} hours") },
	{ S_PER_DAY, INT64_MAX, N_("1 day"), N_("{n} days") },
};

/* The first unit that is fine enough; a whole number of a greater one is told
 * in that: 1 hour, not 60 minutes. */
static const struct unit *unit_for(int64_t seconds)
{
	size_t i = 0;

	while (seconds >= units[i].until ||
		(units[i].until != INT64_MAX &&
			seconds % units[i + 1].seconds == 0))
		i++;
	return &units[i];
}

void visit_span(
	struct visit *v, struct view *to, const char *name, int64_t seconds)
{
	const int64_t span =
		seconds < 1 ? 1 : (seconds > SPAN_MAX_S ? SPAN_MAX_S : seconds);
	const struct unit *u = unit_for(span);
	const int64_t n = (span - 1) / u->seconds + 1;
	char digits[24];
	struct buf text;

	snprintf(digits, sizeof(digits), "%lld", (long long)n);
	const struct gap gap = { "{n}", slice_of(digits) };

	buf_init(&text, 128);
	fill_gaps(&text, translate(v, n == 1 ? u->one : u->many), &gap, 1);
	view_slice(to, name, buf_slice(&text));
	buf_clear(&text);
}
