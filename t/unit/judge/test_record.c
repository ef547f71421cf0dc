/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/record.h"

#include "base/log.h"
#include "conf/conf.h"
#include "support/case.h"
#include "support/folder.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define S(text)                          \
	{                                \
		(text), sizeof(text) - 1 \
	}

struct log_row {
	struct auth_facts facts;
	const char *text; /* within the line; "": no key of authentication */
};

/* The next line that record_log writes, into line. */
static void read_line(const struct record *r, char line[LOG_LINE_MAX])
{
	struct folder folder;
	char path[FOLDER_PATH_MAX];
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct log_options o = { .ident = "test",
		.target = LOG_TO_SYSLOG,
		.level = LOG_LEVEL_INFO,
		.socket = path };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ssize_t n;

	folder_make(&folder);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s",
		folder_path(&folder, "log", path));
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	log_open(&o);
	record_log(r);
	n = recv(fd, line, LOG_LINE_MAX - 1, 0);
	assert_true(n > 0);
	line[n] = '\0';
	close(fd);
	folder_remove(&folder);
}

static void logs(void **state)
{
	const struct log_row *row = *state;
	const struct conn conn = { .kind = CONN_REMOTE, .id = "abc" };
	const struct envelope envelope = { .rcpt_accepted = 1 };
	const struct verdict verdict = { .action = ACTION_ACCEPT,
		.would_be = ACTION_ACCEPT,
		.mode = "enforce" };
	const struct record r = { .stage = "eom",
		.conn = &conn,
		.envelope = &envelope,
		.verdict = &verdict,
		.auth = &row->facts,
		.ref = "" };
	char line[LOG_LINE_MAX];

	read_line(&r, line);
	if (strstr(line, row->text) == NULL)
		fail_msg("%s is not in %s", row->text, line);
	if (row->text[0] == '\0') {
		assert_null(strstr(line, "spf="));
		assert_null(strstr(line, "dkim="));
		assert_null(strstr(line, "dmarc="));
	}
}

static void logs_place(void **state)
{
	const struct conn conn = { .kind = CONN_REMOTE,
		.id = "abc",
		.country = "NL",
		.asn = 64500,
		.helo = slice_of("mx.example.org") };
	const struct envelope envelope = { .rcpt_accepted = 1 };
	const struct record r = {
		.stage = "eom", .conn = &conn, .envelope = &envelope, .ref = ""
	};
	char line[LOG_LINE_MAX];

	(void)state;
	read_line(&r, line);
	assert_non_null(strstr(
		line, " helo=mx.example.org country=NL asn=64500 action="));
}

static void logs_untold(void **state)
{
	const struct conn conn = { .kind = CONN_REMOTE, .id = "abc" };
	const struct envelope envelope = { .rcpt_accepted = 1 };
	const struct verdict verdict = { .action = ACTION_ACCEPT,
		.would_be = ACTION_ACCEPT,
		.mode = "enforce" };
	struct findings findings = { .count = 0 };
	const struct record r = { .stage = "eom",
		.conn = &conn,
		.envelope = &envelope,
		.verdict = &verdict,
		.findings = &findings,
		.ref = "" };
	char line[LOG_LINE_MAX];

	(void)state;
	findings_add(&findings, "blocked");
	findings_add(&findings, "dnsbl");
	findings_add(&findings, "dnsbl");
	findings_add(&findings, "headers")->outcome = OUTCOME_MISS;
	findings_add(&findings, "rate");
	read_line(&r, line);
	if (strstr(line, " untold=dnsbl,rate ") == NULL)
		fail_msg("%s", line);
}

struct finding_row {
	struct finding finding;
	bool with_rules;
	const char *text;
};

static void tells_finding(void **state)
{
	static const char text[] =
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/run/x/s\" }\n"
		"redis { servers = {\"unix:/run/x/r\"} }\n"
		"check \"iprev\" { fail = \"score 1.5\" }\n"
		"check \"blocked\" { hit = \"reject\" }\n";
	const struct finding_row *row = *state;
	struct ruling_scope scope = { .conf = NULL };
	struct conf *conf = NULL;
	struct buf out;

	buf_init(&out, 4096);
	assert_int_equal(
		conf_load_text("test", slice_of(text), &conf, &out), RES_OK);
	buf_reset(&out);
	scope.conf = row->with_rules ? conf : NULL;
	record_finding(&out, &scope, &row->finding);
	assert_string_equal(buf_text(&out), row->text);
	conf_release(conf);
	buf_clear(&out);
}

static void tells_whose_rules(void **state)
{
	static const char text[] =
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/run/x/s\" }\n"
		"redis { servers = {\"unix:/run/x/r\"} }\n"
		"domain \"a.example\" { reject_at = 7.5 "
		"rules = {\"iprev fail = mark\"} }\n"
		"domain \"b.example\" { reject_at = 15 }\n";
	const struct finding f = {
		.check = "iprev", .outcome = OUTCOME_HIT, .detail = "fail"
	};
	struct ruling_scope scope = { .conf = NULL };
	struct conf *conf = NULL;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(
		conf_load_text("test", slice_of(text), &conf, &out), RES_OK);
	buf_reset(&out);
	scope.conf = conf;
	scope.domain = conf_domain_find(conf, slice_of("a.example"));
	record_finding(&out, &scope, &f);
	record_policy(&out, &scope);
	assert_string_equal(buf_text(&out),
		"iprev=hit detail=fail rule=\"mark\" of=\"a.example\"\n"
		"mark_at=5 greylist_at=4 quarantine_at=10 reject_at=7.5 "
		"of=\"a.example\"");
	buf_reset(&out);
	scope.domain = conf_domain_find(conf, slice_of("b.example"));
	record_finding(&out, &scope, &f);
	record_policy(&out, &scope);
	assert_string_equal(buf_text(&out),
		"iprev=hit detail=fail rule=\"score 2.0\"\n"
		"mark_at=5 greylist_at=4 quarantine_at=10 reject_at=15");
	conf_release(conf);
	buf_clear(&out);
}

static const struct dkim_fact signatures[] = {
	{ .result = AUTH_FAIL, .domain = S("example.org"), .selector = S("s") },
	{ .result = AUTH_PASS, .domain = S("a.example"), .selector = S("x.y") },
};

static const struct log_row every = {
	.facts = { .iprev.result = AUTH_PASS,
		.mailfrom.result = AUTH_SOFTFAIL,
		.helo.result = AUTH_NONE,
		.dkim_is_known = true,
		.dkim_count = 2,
		.dkim = signatures,
		.arc.result = AUTH_FAIL,
		.from_kind = FROM_ONE,
		.dmarc = { .result = AUTH_FAIL,
			.policy = DMARC_POLICY_REJECT,
			.policy_tag = "sp",
			.override = S("known mailing list") },
		.dmarc_other.result = AUTH_PASS },
	.text = " iprev=pass spf=softfail spf_helo=none "
		"dkim=fail:example.org/s,pass:a.example/x.y arc=fail "
		"from_kind=one dmarc=fail dmarc_policy=\"sp=reject\" "
		"dmarc_override=\"known mailing list\" dmarc_psl=pass "
};

static const struct log_row unsigned_mail = { .facts.dkim_is_known = true,
	.text = " dkim=none " };

static const struct log_row nothing = { .text = "" };

static const struct finding_row scored = { .finding = { .check = "iprev",
						   .outcome = OUTCOME_HIT,
						   .detail = "fail",
						   .evidence =
							   S("a \"name\"") },
	.with_rules = true,
	.text = "iprev=hit detail=fail rule=\"score 1.5\" "
		"seen=\"a \\x22name\\x22\"\n" };

static const struct finding_row weighed = { .finding = { .check = "iprev",
						    .outcome = OUTCOME_HIT,
						    .detail = "fail",
						    .factor = 2.5 },
	.with_rules = true,
	.text = "iprev=hit detail=fail rule=\"score 3.75\" factor=2.5\n" };

static const struct finding_row refused = {
	.finding = { .check = "blocked",
		.outcome = OUTCOME_HIT,
		.detail = "self",
		.shadow = true,
		.subject = S("rp:block:192.0.2.1") },
	.with_rules = true,
	.text = "blocked=hit detail=self rule=\"reject\" shadow=yes "
		"key=\"rp:block:192.0.2.1\"\n"
};

static const struct finding_row bare = { .finding = { .check = "iprev",
						 .outcome = OUTCOME_MISS },
	.text = "iprev=miss\n" };

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("the line has the result of every method", logs, &every),
		CASE("an unsigned message is dkim=none", logs, &unsigned_mail),
		CASE("what was not evaluated is not in the line", logs,
			&nothing),
		CASE("the line says where the client is", logs_place, NULL),
		CASE("the line names each check that could not tell, once",
			logs_untold, NULL),
		CASE("a finding tells its share in the sum", tells_finding,
			&scored),
		CASE("a share with a factor is told as their product",
			tells_finding, &weighed),
		CASE("a finding tells its action", tells_finding, &refused),
		CASE("a rule of a domain, and its thresholds, name it",
			tells_whose_rules, NULL),
		CASE("without rules it tells what was seen", tells_finding,
			&bare),
	};

	return cmocka_run_group_tests_name("judge/record", cases, NULL, NULL);
}
