/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "conf/conf.h"
#include "net/cidr.h"
#include "portal/pages.h"
#include "portal/texts.h"
#include "portal/visit.h"

/* RFC 9116 s2.5.5: less than a year is recommended. */
enum { EXPIRES_DAYS = 180, MS_PER_DAY = 86400000 };

static const char plain_type[] = "text/plain; charset=utf-8";

void page_static(struct visit *v)
{
	struct texts_file file;

	if (!texts_file(v->site.texts, v->rest, &file)) {
		visit_not_found(v);
		return;
	}
	v->out->status = STATUS_OK;
	v->out->type = file.type;
	v->out->language = NULL;
	buf_add(&v->out->body, file.data);
}

/* RFC 9116 s2.5. */
void page_security(struct visit *v)
{
	const struct conf *conf = v->site.conf;
	struct buf *out = &v->out->body;
	/* Full days, so that a cached one and a new one are alike. */
	const int64_t day = v->now_ms / MS_PER_DAY + EXPIRES_DAYS;
	char expires[CLOCK_TEXT_MAX];

	v->out->type = plain_type;
	v->out->language = NULL;
	buf_add_format(out, "Contact: mailto:security@%s\n", conf->host);
	buf_add_format(out, "Contact: mailto:abuse@%s\n", conf->host);
	buf_add_format(out, "Contact: %s/contact\n", conf->portal_url);
	buf_add_format(out, "Expires: %s\n",
		clock_format_utc(day * MS_PER_DAY, expires));
	buf_add_text(out, "Preferred-Languages:");
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++)
		buf_add_format(out, "%s %s", i == 0 ? "" : ",",
			language_tag((enum language)i));
	buf_add_format(out, "\nCanonical: %s/.well-known/security.txt\n",
		conf->portal_url);
}

/* From this machine itself, and not passed on by a proxy of ours. */
static bool is_loopback(const struct web_request *rq)
{
	const struct ipaddr v4 = ipaddr_from_v4(0x7f000001);
	const struct cidr net = cidr_around(&v4, 104);
	const struct ipaddr v6 = { { [15] = 1 } };

	if (rq->forwarded_for.len > 0)
		return false;
	return !rq->has_peer || cidr_covers(&net, &rq->peer) ||
		ipaddr_is_equal(&v6, &rq->peer);
}

/* For those who watch over this program: it lives, and does Redis? */
void page_health(struct visit *v)
{
	enum result res;

	if (!is_loopback(v->rq)) {
		visit_not_found(v);
		return;
	}
	res = context_ping(v->site.context);
	v->out->type = plain_type;
	v->out->language = NULL;
	buf_add_format(&v->out->body, "portal ok\nredis %s\n",
		res == RES_OK ? "ok" : result_name(res));
}
