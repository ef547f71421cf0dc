/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/frame.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "portal/texts.h"
#include "portal/visit.h"

#include <string.h>
#include <time.h>

enum { HREF_MAX = 8192 };

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') ||
		(c != '\0' && strchr("-._~/", c) != NULL);
}

void frame_add_escaped(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_plain(text.at[i]))
			buf_add_char(out, text.at[i]);
		else
			buf_add_format(
				out, "%%%02X", (unsigned char)text.at[i]);
	}
}

/* The same page in another language, with what else was asked for. */
static void add_href(const struct visit *v, enum language l, struct buf *out)
{
	frame_add_escaped(out, v->rq->path);
	buf_add_format(out, "?lang=%s", language_tag(l));
	for (size_t i = 0; i < v->query.count; i++) {
		const struct form_field *f = &v->query.field[i];

		if (slice_is_equal(f->name, slice_of("lang")))
			continue;
		buf_add_char(out, '&');
		frame_add_escaped(out, f->name);
		buf_add_char(out, '=');
		frame_add_escaped(out, f->value);
	}
}

static void add_languages(struct visit *v)
{
	struct buf href;

	buf_init(&href, HREF_MAX);
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		const enum language l = (enum language)i;
		struct view *item = view_item(v->view, "languages");

		buf_reset(&href);
		add_href(v, l, &href);
		view_text(item, "tag", language_tag(l));
		view_text(item, "name", language_name(l));
		view_flag(item, "is_current", l == v->language);
		view_slice(item, "href", buf_slice(&href));
	}
	buf_clear(&href);
}

static void add_year(struct visit *v)
{
	const time_t now_s = (time_t)(v->now_ms / 1000);
	struct tm tm;

	if (gmtime_r(&now_s, &tm) != NULL)
		view_number(v->view, "year", tm.tm_year + 1900);
}

void frame_fill(struct visit *v)
{
	const struct conf *conf = v->site.conf;
	struct texts_file file;
	struct view *view = v->view;

	view_text(view, "lang", language_tag(v->language));
	view_text(view, "lang_query", v->lang_query);
	view_text(view, "site_name",
		conf->portal.name[0] != '\0' ? conf->portal.name : conf->host);
	view_text(view, "host", conf->host);
	view_text(view, "portal_url", conf->portal_url);
	view_format(view, "postmaster", "postmaster@%s", conf->host);
	view_format(view, "abuse", "abuse@%s", conf->host);
	view_text(view, "logo",
		texts_file(v->site.texts, slice_of("logo.png"), &file)
			? "/static/logo.png"
			: "/static/logo.svg");
	view_flag(view, "has_errors", false);
	add_year(v);
	add_languages(v);
}
