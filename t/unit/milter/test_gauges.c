/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/gauges.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "dns/zonewatch.h"
#include "judge/telemetry.h"
#include "store/blocklist.h"
#include "store/mirror.h"
#include "store/writer.h"
#include "support/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char text[] = "host = \"mx.example.net\"\n"
			   "portal_url = \"https://postmaster.example.net\"\n"
			   "milter { socket = \"unix:/run/x/s\" }\n"
			   "lists { snapshot = \"\" }\n"
			   "redis { servers = {\"unix:/nonexistent/r\"} }\n";

struct parts {
	struct conf *conf;
	struct telemetry telemetry;
	struct gauges gauges;
	struct buf out;
};

static void make(struct parts *p)
{
	struct gauges *g = &p->gauges;
	struct buf errors;

	buf_init(&errors, 8192);
	buf_init(&p->out, 1 << 20);
	if (conf_load_text("test", slice_of(text), &p->conf, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	assert_int_equal(telemetry_init(&p->telemetry), RES_OK);
	*g = (struct gauges){ .telemetry = &p->telemetry,
		.clock = clock_system(),
		.start_s = 1795000000 };
	assert_int_equal(
		mirror_open(&g->mirror, p->conf, clock_system()), RES_OK);
	assert_int_equal(blocklist_open(&g->blocklist, p->conf, g->mirror,
				 clock_system()),
		RES_OK);
	assert_int_equal(
		writer_open(&g->writer, p->conf, clock_system()), RES_OK);
	assert_int_equal(gauges_register(g, p->telemetry.metrics), RES_OK);
}

static void drop(struct parts *p)
{
	blocklist_close(p->gauges.blocklist);
	mirror_close(p->gauges.mirror);
	writer_close(p->gauges.writer);
	telemetry_clear(&p->telemetry);
	conf_release(p->conf);
	buf_clear(&p->out);
}

static void assert_line(struct parts *p, const char *line)
{
	if (strstr(buf_text(&p->out), line) == NULL)
		fail_msg("no \"%s\" in\n%s", line, buf_text(&p->out));
}

static void all_are_there(void **state)
{
	const struct verdict refused = { .action = ACTION_REJECT,
		.would_be = ACTION_REJECT };
	const struct verdict shadow = { .action = ACTION_ACCEPT,
		.would_be = ACTION_REJECT };
	struct parts p;

	(void)state;
	make(&p);
	telemetry_connection(&p.telemetry);
	telemetry_session(&p.telemetry, 1);
	telemetry_recipient(&p.telemetry, &refused, 3);
	telemetry_recipient(&p.telemetry, &shadow, 0);
	telemetry_recipient(&p.telemetry, NULL, 0);
	telemetry_message(&p.telemetry, NULL);
	telemetry_case(&p.telemetry, false);
	telemetry_reload(&p.telemetry, true);
	gauges_format(p.telemetry.metrics, &p.out);
	assert_int_equal(buf_result(&p.out), RES_OK);
	assert_line(&p, "\nreprieve_connections_total 1\n");
	assert_line(&p, "\nreprieve_recipients_total{action=\"reject\"} 1\n");
	assert_line(&p, "\nreprieve_recipients_total{action=\"accept\"} 1\n");
	assert_line(&p, "\nreprieve_recipients_total{action=\"unjudged\"} 1\n");
	assert_line(&p, "\nreprieve_messages_total{action=\"unjudged\"} 1\n");
	assert_line(&p, "\nreprieve_would_refuse_total 1\n");
	assert_line(&p, "\nreprieve_cases_total{outcome=\"dropped\"} 1\n");
	assert_line(&p, "\nreprieve_reloads_total{outcome=\"ok\"} 1\n");
	assert_line(&p, "\nreprieve_reply_seconds_count 3\n");
	assert_line(&p, "\nreprieve_lists_entries 0\n");
	assert_line(&p, "\nreprieve_lists_state 0\n");
	assert_line(&p, "\nreprieve_lists_usable 0\n");
	assert_line(&p, "\nreprieve_redis_breaker_open 0\n");
	assert_line(&p, "\nreprieve_writer_connected 0\n");
	assert_line(&p, "\nreprieve_open_sessions 1\n");
	assert_line(&p, "\nreprieve_log_dropped_total 0\n");
	assert_line(&p, "\nreprieve_build_info{version=\"");
	drop(&p);
}

static void each_zone_has_a_series(void **state)
{
	static const char zones[] =
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://p.example.net\"\n"
		"milter { socket = \"fd:3\" }\n"
		"dnsbl \"a.test\" { }\ndnsbl \"b.test\" { }\n";
	const struct dnsbl_reading listed = { .state = DNSBL_LISTED };
	const struct dnsbl_reading error = { .state = DNSBL_TROUBLE };
	struct zonewatch *w;
	struct conf *conf;
	struct parts p;

	(void)state;
	make(&p);
	assert_int_equal(
		conf_load_text("f", slice_of(zones), &conf, &p.out), RES_OK);
	assert_int_equal(zonewatch_open(&w, clock_system()), RES_OK);
	gauges_format_zones(w, &p.out);
	assert_int_equal(p.out.len, 0);
	assert_int_equal(zonewatch_follow(w, conf), RES_OK);
	zonewatch_note(w, &conf->zones[0], &listed);
	for (int i = 0; i < ZONEWATCH_ERRORS; i++)
		zonewatch_note(w, &conf->zones[1], &error);
	gauges_format_zones(w, &p.out);
	assert_line(&p, "# TYPE reprieve_dnsbl_zone_up gauge\n");
	assert_line(&p, "\nreprieve_dnsbl_zone_up{zone=\"a.test\"} 1\n");
	assert_line(&p, "\nreprieve_dnsbl_zone_up{zone=\"b.test\"} 0\n");
	assert_line(&p, "\nreprieve_dnsbl_asked_total{zone=\"b.test\"} 3\n");
	assert_line(&p, "\nreprieve_dnsbl_listed_total{zone=\"a.test\"} 1\n");
	assert_line(&p, "\nreprieve_dnsbl_unknown_total{zone=\"b.test\"} 3\n");
	zonewatch_close(w);
	conf_release(conf);
	drop(&p);
}

/* promtool is Prometheus' own judge of the format. */
static void promtool_has_nothing_to_say(void **state)
{
	struct parts p;
	FILE *f;

	(void)state;
	if (system("command -v promtool >/dev/null 2>&1") != 0) {
		print_message("# promtool is not installed\n");
		skip();
	}
	make(&p);
	gauges_format(p.telemetry.metrics, &p.out);
	f = popen("promtool check metrics 1>&2", "w");
	assert_non_null(f);
	assert_int_equal(fwrite(p.out.at, 1, p.out.len, f), p.out.len);
	assert_int_equal(pclose(f), 0);
	drop(&p);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("each metric is there with its value", all_are_there,
			NULL),
		CASE("each DNS list has a series of its own",
			each_zone_has_a_series, NULL),
		CASE("promtool finds nothing to say",
			promtool_has_nothing_to_say, NULL),
	};

	return cmocka_run_group_tests_name("milter/gauges", cases, NULL, NULL);
}
