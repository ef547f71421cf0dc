/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/guard.h"

#include "base/hex.h"
#include "base/hmac.h"
#include "base/log.h"
#include "conf/conf.h"
#include "net/cidr.h"
#include "portal/meters.h"
#include "store/limit.h"
#include "store/secret.h"

#include <stdio.h>
#include <string.h>

/*
 * A stamp: seconds since 1970, the visitor's network, and a keyed hash over
 * both and the action: "1795717200-0123456789abcdef-" and 32 hex digits. The
 * network is a keyed hash, too, so that a page that is kept tells nobody where
 * it was read.
 */
enum {
	NET_OCTETS = 8,
	MARK_OCTETS = 16,
	STAMP_MAX = 20 + 1 + 2 * NET_OCTETS + 1 + 2 * MARK_OCTETS + 1,
	WINDOW_S = 3600
};

void guard_network(const struct visit *v, char out[CIDR_TEXT_MAX])
{
	struct cidr net;

	if (!v->has_client) {
		snprintf(out, CIDR_TEXT_MAX, "none");
		return;
	}
	net = cidr_of_client(&v->client);
	cidr_format(&net, out);
}

static enum result hash_network(
	const struct visit *v, char out[2 * NET_OCTETS + 1])
{
	char net[CIDR_TEXT_MAX];
	uint8_t mark[SHA256_LEN];
	enum result res;

	guard_network(v, net);
	res = secret_sign(v->site.secret, "form-net", slice_of(net), mark);
	if (res == RES_OK)
		hex_format(mark, NET_OCTETS, out);
	return res;
}

/* head: "SECONDS-NETWORK". */
static enum result make_stamp(const struct visit *v, struct slice head,
	const char *action, char out[STAMP_MAX])
{
	char text[STAMP_MAX + 128];
	char hex[2 * MARK_OCTETS + 1];
	uint8_t mark[SHA256_LEN];
	enum result res;
	int len = snprintf(
		text, sizeof(text), "%.*s %s", SLICE_ARG(head), action);

	if (len < 0 || (size_t)len >= sizeof(text))
		return RES_TOOBIG;
	res = secret_sign(v->site.secret, "form", slice_of(text), mark);
	if (res != RES_OK)
		return res;
	hex_format(mark, MARK_OCTETS, hex);
	len = snprintf(out, STAMP_MAX, "%.*s-%s", SLICE_ARG(head), hex);
	return len < 0 || len >= STAMP_MAX ? RES_TOOBIG : RES_OK;
}

void guard_form(struct visit *v, const char *action)
{
	char net[2 * NET_OCTETS + 1];
	char head[STAMP_MAX];
	char stamp[STAMP_MAX];

	if (hash_network(v, net) != RES_OK)
		return;
	snprintf(head, sizeof(head), "%lld-%s", (long long)(v->now_ms / 1000),
		net);
	if (make_stamp(v, slice_of(head), action, stamp) == RES_OK)
		view_text(v->view, "guard_stamp", stamp);
}

/* ---- does it come from our page? ---- */

static struct slice origin_of(const char *url)
{
	struct slice s = slice_of(url);
	const char *host = strstr(url, "://");
	size_t from = host == NULL ? 0 : (size_t)(host - url) + 3;

	while (from < s.len && s.at[from] != '/')
		from++;
	return slice_part(s, 0, from);
}

/*
 * With "Referrer-Policy: no-referrer" a browser says "Origin: null" of our own
 * forms, too (Fetch s3.2); then Sec-Fetch-Site, where there is one, and the
 * network in the stamp must do.
 */
static bool is_ours(const struct visit *v)
{
	const struct slice origin = v->rq->origin;
	const struct slice site = v->rq->fetch_site;

	if (site.len > 0 && !slice_is_equal(site, slice_of("same-origin")) &&
		!slice_is_equal(site, slice_of("none")))
		return false;
	return origin.len == 0 || slice_is_equal(origin, slice_of("null")) ||
		slice_is_equal_nocase(
			origin, origin_of(v->site.conf->portal_url));
}

struct stamp {
	struct slice head;
	struct slice net;
	int64_t age_s;
};

/* False: it is not one that we have made for that action. */
static bool read_stamp(
	const struct visit *v, const char *action, struct stamp *out)
{
	const struct slice text = form_value(&v->form, "stamp");
	struct slice rest = text;
	struct slice seconds;
	char want[STAMP_MAX];
	uint64_t made_s;

	if (text.len >= STAMP_MAX || !slice_cut(&rest, '-', &seconds) ||
		!slice_cut(&rest, '-', &out->net) ||
		slice_parse_u64(seconds, 1, INT64_MAX / 1000, &made_s) !=
			RES_OK)
		return false;
	out->head = slice_part(text, 0, seconds.len + 1 + out->net.len);
	out->age_s = v->now_ms / 1000 - (int64_t)made_s;
	return make_stamp(v, out->head, action, want) == RES_OK &&
		strlen(want) == text.len &&
		hmac_is_equal(want, text.at, text.len);
}

static enum guard_answer judge_stamp(struct visit *v, const struct stamp *s)
{
	const struct conf_portal *conf = &v->site.conf->portal;
	char net[2 * NET_OCTETS + 1];

	if (hash_network(v, net) != RES_OK ||
		!slice_is_equal(s->net, slice_of(net)) || s->age_s < 0 ||
		s->age_s > (int64_t)conf->form_max_s) {
		visit_fault(v, "form",
			"The form was open for too long, or your network has "
			"changed. Please check it and send it again.");
		return GUARD_STALE;
	}
	if (s->age_s < (int64_t)conf->form_min_s) {
		visit_fault(v, "form",
			"That was faster than people usually are. Please check "
			"the form and send it again.");
		return GUARD_QUICK;
	}
	return GUARD_GOOD;
}

/* ---- how often ---- */

enum guard_answer guard_take(struct visit *v, const char *name, unsigned most)
{
	struct limit limit = {
		.name = name,
		.most = most,
		.window_s = WINDOW_S,
	};
	char net[CIDR_TEXT_MAX];
	struct redis *r = visit_redis(v);
	int64_t wait_s = 0;
	size_t full = 0;
	enum result res;

	if (r == NULL)
		return GUARD_DOWN;
	guard_network(v, net);
	limit.who = slice_of(net);
	res = limit_take(r, slice_of(v->site.conf->redis.prefix), v->now_ms,
		&limit, 1, &full, &wait_s);
	if (res != RES_OK) {
		visit_failed(v, "limit", res);
		return GUARD_DOWN;
	}
	if (full == 1)
		return GUARD_GOOD;
	visit_too_many(v, wait_s);
	return GUARD_LIMITED;
}

static enum guard_answer check(struct visit *v, const char *action)
{
	struct stamp stamp;
	enum guard_answer answer;

	if (!is_ours(v) || !read_stamp(v, action, &stamp)) {
		visit_forbidden(v);
		return GUARD_FORGED;
	}
	if (form_value(&v->form, "website").len > 0)
		return GUARD_MACHINE;
	answer = guard_take(v, "post", v->site.conf->portal.posts_max);
	return answer == GUARD_GOOD ? judge_stamp(v, &stamp) : answer;
}

enum guard_answer guard_check(struct visit *v, const char *action)
{
	const enum guard_answer answer = check(v, action);

	meters_form(context_meters(v->site.context), answer);
	return answer;
}

bool guard_evaluation(struct visit *v)
{
	return guard_take(v, "check", v->site.conf->portal.checks_max) ==
		GUARD_GOOD;
}
