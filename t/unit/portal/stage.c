/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/portal/stage.h"

#include "base/arena.h"
#include "store/blocklist.h"
#include "store/mirror.h"
#include "support/case.h"
#include "support/dns_server.h"

#include <stdio.h>
#include <time.h>

enum { NAP_NS = 1000000, NAPS_MAX = 20000, BODY_MAX = 4096 };

static void nap(void)
{
	const struct timespec span = { 0, NAP_NS };

	(void)nanosleep(&span, NULL);
}

static void wait_until_live(struct stage *s)
{
	struct mirror_status status;

	for (int i = 0; i < NAPS_MAX; i++) {
		mirror_read_status(context_mirror(s->site.context), &status);
		if (status.state == MIRROR_LIVE)
			return;
		nap();
	}
	fail_msg("the lists are not there");
}

void stage_open(struct stage *s, const char *more)
{
	char text[1024];

	s->dns = dns_server_start();
	snprintf(text, sizeof(text), "dns { forward = {\"127.0.0.1@%u\"} }\n%s",
		dns_server_port(s->dns), more);
	site_open(&s->site, text);
	assert_int_equal(context_start(s->site.context), RES_OK);
	wait_until_live(s);
}

void stage_close(struct stage *s)
{
	site_close(&s->site);
	dns_server_stop(s->dns);
}

void stage_case(struct stage *s, const char *field, const char *value)
{
	assert_true(REDIS_DO(s->site.redis, "HSET", STAGE_CASE, field, value));
}

void stage_blocked(struct stage *s)
{
	stage_case(s, "ref", STAGE_REF);
	stage_case(s, "first_seen", "2026-11-22T20:53:32Z");
	stage_case(s, "last_seen", "2026-11-22T21:00:01Z");
	stage_case(s, "count", "3");
	stage_case(s, "code", "BLOCKED_SELF");
	stage_case(s, "action", "reject");
	stage_case(s, "mode", "enforce");
	stage_case(s, "ip", "192.0.2.7");
	stage_case(s, "class", "self");
	stage_case(s, "reason", "spam run");
	stage_case(
		s, "reply", "554 5.7.1 Access denied, sending IP [192.0.2.7]");
}

static bool is_listed(struct stage *s, const char *text)
{
	struct arena *a = arena_new(1 << 16);
	struct blocklist_result r;
	struct ipaddr ip;
	bool is;

	assert_int_equal(ipaddr_parse(&ip, slice_of(text)), RES_OK);
	assert_int_equal(blocklist_match(context_blocklist(s->site.context),
				 &ip, slice_of(""), a, &r),
		RES_OK);
	is = r.answer == BLOCKLIST_BLOCKED;
	arena_free(a);
	return is;
}

static void wait_for(struct stage *s, const char *ip, bool want)
{
	for (int i = 0; i < NAPS_MAX; i++) {
		if (is_listed(s, ip) == want)
			return;
		nap();
	}
	fail_msg("%s: the list does not change", ip);
}

void stage_list(struct stage *s, const char *ip)
{
	char key[64];

	snprintf(key, sizeof(key), "rp:block:%s", ip);
	assert_true(REDIS_DO(s->site.redis, "HSET", key, "reason", "spam run",
		"class", "self", "since", "2026-11-22T20:00:00Z"));
	wait_for(s, ip, true);
}

void stage_clear(struct stage *s, const char *ip)
{
	char key[64];

	snprintf(key, sizeof(key), "rp:block:%s", ip);
	assert_true(REDIS_DO(s->site.redis, "DEL", key));
	wait_for(s, ip, false);
}

const char *stage_post(struct stage *s, const char *page, const char *target,
	const char *fields)
{
	char stamp[256], body[BODY_MAX];

	(void)site_get(&s->site, page);
	site_expect(&s->site, 200);
	(void)site_hidden(&s->site, "stamp", stamp, sizeof(stamp));
	s->site.now_ms += 10000;
	snprintf(body, sizeof(body), "stamp=%s&website=&%s", stamp, fields);
	return site_post(&s->site, target, body);
}
