/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/routes, visit, guard: whatever is asked, the site answers; never with
 * the status of a fault of its own, and never with markup of a stranger.
 *
 * Lines of the input: method, path, query, X-Forwarded-For, Accept-Language,
 * Content-Type, Origin, Sec-Fetch-Site; the rest is the body.
 */
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "portal/context.h"
#include "portal/routes.h"
#include "t/fuzz/target.h"

#include <string.h>

/* One site for all inputs; nobody listens where its Redis should be. */
static struct context *open_site(void)
{
	static const char text[] =
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/nowhere\"\n"
		"secret_file = \"/nonexistent/secret\" }\n"
		"redis { servers = {\"unix:/nonexistent/redis\"} }\n"
		"lists { snapshot = \"\" }\n";
	const struct log_options quiet = {
		.ident = "fuzz",
		.target = LOG_TO_STDERR,
		.level = LOG_LEVEL_CRIT,
	};
	struct context *c = NULL;
	struct conf *conf = NULL;
	struct buf why;

	log_open(&quiet);
	buf_init(&why, 4096);
	target_promise(
		conf_load_text("fuzz", slice_of(text), &conf, &why) == RES_OK,
		"the conf is good");
	target_promise(context_open(&c, conf, clock_system(), &why) == RES_OK,
		"the texts are good");
	conf_release(conf);
	buf_clear(&why);
	return c;
}

static bool is_expected(unsigned status)
{
	static const unsigned known[] = { 200, 303, 400, 403, 404, 405, 413,
		415, 422, 429, 503 };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == status)
			return true;
	return false;
}

static struct slice next(struct slice *rest)
{
	struct slice line = { "", 0 };

	if (!slice_cut(rest, '\n', &line))
		line = slice_of("");
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct context *site;
	struct slice rest = slice_make(data, size);
	struct web_request rq = { .has_peer = true };
	struct web_answer out = { .status = 200, .type = "text/plain" };

	if (site == NULL)
		site = open_site();
	rq.peer = ipaddr_from_v4(0x7f000001);
	rq.method = slice_is_equal(next(&rest), slice_of("POST"))
		? slice_of("POST")
		: slice_of("GET");
	rq.path = next(&rest);
	rq.query = next(&rest);
	rq.forwarded_for = next(&rest);
	rq.accept_language = next(&rest);
	rq.content_type = next(&rest);
	rq.origin = next(&rest);
	rq.fetch_site = next(&rest);
	if (slice_is_equal(rq.method, slice_of("POST")))
		rq.body = rest;
	buf_init(&out.body, WEB_ANSWER_MAX);
	buf_init(&out.location, WEB_LOCATION_MAX);
	routes_handle(site, &rq, &out);
	target_promise(is_expected(out.status), "the answer is one of ours");
	target_promise(buf_result(&out.body) == RES_OK, "the page is whole");
	target_promise(strstr(buf_text(&out.body), "<evil") == NULL,
		"no markup of a stranger is in a page");
	target_promise(strpbrk(buf_text(&out.location), "\r\n") == NULL,
		"no line ends within a place that is led to");
	buf_clear(&out.body);
	buf_clear(&out.location);
	return 0;
}
