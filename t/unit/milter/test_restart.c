/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/restart.h"

#include "conf/conf.h"
#include "support/case.h"

#include <stdio.h>

struct row {
	const char *before;
	const char *after;
	const char *names;
};

static struct conf *load(const char *text)
{
	struct conf *conf = NULL;
	struct buf errors;
	char whole[1024];

	snprintf(whole, sizeof(whole),
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n%s\n",
		text);
	buf_init(&errors, 8192);
	if (conf_load_text("test", slice_of(whole), &conf, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	return conf;
}

static void names(void **state)
{
	const struct row *row = *state;
	struct conf *before = load(row->before);
	struct conf *after = load(row->after);
	struct buf out;

	buf_init(&out, 4096);
	restart_differences(before, after, &out);
	assert_string_equal(buf_text(&out), row->names);
	buf_clear(&out);
	conf_release(before);
	conf_release(after);
}

#define BASE "milter { socket = \"unix:/run/x/s\" }\n"
#define REDIS "redis { servers = {\"unix:/run/x/r\"} }\n"

int main(void)
{
	static const struct row same = { BASE REDIS, BASE REDIS, "" };
	static const struct row soft = { BASE REDIS,
		BASE REDIS "mode = \"monitor\"\npolicy { reject_at = 30 }\n"
			   "check \"blocked\" { hit = \"mark\" }\n",
		"" };
	static const struct row socket = { BASE REDIS,
		"milter { socket = \"inet:8894@127.0.0.1\" }\n" REDIS,
		"milter.socket" };
	static const struct row user = { BASE REDIS,
		"milter { socket = \"unix:/run/x/s\" user = \"nobody\" }\n" REDIS,
		"milter.user" };
	static const struct row redis = { BASE REDIS,
		BASE "redis { servers = {\"unix:/run/x/r\", "
		     "\"inet:6379@10.0.0.5\"} timeout_ms = 77 }\n",
		"redis.servers, redis.timeout_ms" };
	static const struct row lists = { BASE REDIS,
		BASE REDIS "lists { snapshot = \"/tmp/x\" entries_max = 2000 "
			   "}\nmetrics { listen = \"inet:9894@127.0.0.1\" }\n",
		"lists.snapshot, lists.entries_max, metrics.listen" };
	const struct CMUnitTest cases[] = {
		CASE("the same file needs no restart", names, &same),
		CASE("policy needs no restart", names, &soft),
		CASE("another socket needs one", names, &socket),
		CASE("another user needs one", names, &user),
		CASE("other servers of Redis need one", names, &redis),
		CASE("sizes, files and the metrics port need one", names,
			&lists),
	};

	return cmocka_run_group_tests_name("milter/restart", cases, NULL, NULL);
}
