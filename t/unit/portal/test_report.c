/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of portal/report and portal/reportstatus. */
#include "conf/conf.h"
#include "portal/context.h"
#include "portal/reportmail.h"
#include "portal/routes.h"
#include "store/case.h"
#include "store/mailq.h"
#include "store/upload.h"
#include "support/case.h"
#include "unit/portal/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 256 * 1024, ID_LEN = CASE_REF_MAX - 1, TARGET_MAX = 128 };

#define MULTIPART "multipart/form-data; boundary=xYz"

struct desk {
	struct site site;
	struct buf body;
	char stamp[128];
	char id[CASE_REF_MAX];
};

static int set_up_with(void **state, const char *more)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	site_open(&d->site, more);
	d->site.visitor.content_type = MULTIPART;
	buf_init(&d->body, BODY_MAX);
	*state = d;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, "");
}

static int set_up_small(void **state)
{
	return set_up_with(state,
		"reports { per_client = 2 originals_max = 2 "
		"upload_max = 16384 }\n");
}

static int set_up_off(void **state)
{
	return set_up_with(state, "reports { enabled = no }\n");
}

static int tear_down(void **state)
{
	struct desk *d = *state;

	buf_clear(&d->body);
	site_close(&d->site);
	free(d);
	return 0;
}

/* ---- a form ---- */

static void field(struct desk *d, const char *name, const char *value)
{
	buf_add_format(&d->body,
		"--xYz\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n"
		"%s\r\n",
		name, value);
}

static void file(struct desk *d, const char *name, const char *octets)
{
	buf_add_format(&d->body,
		"--xYz\r\nContent-Disposition: form-data; name=\"files\"; "
		"filename=\"%s\"\r\nContent-Type: message/rfc822\r\n\r\n"
		"%s\r\n",
		name, octets);
}

/* Reads the page and waits as people do. */
static void begin(struct desk *d)
{
	(void)site_get(&d->site, "/report");
	site_expect(&d->site, 200);
	(void)site_hidden(&d->site, "stamp", d->stamp, sizeof(d->stamp));
	d->site.now_ms += 60000;
	buf_reset(&d->body);
	field(d, "stamp", d->stamp);
	field(d, "website", "");
}

static void send_to(struct desk *d, const char *target)
{
	buf_add_text(&d->body, "--xYz--\r\n");
	(void)site_post(&d->site, target, buf_text(&d->body));
}

static const char mail[] = "Received: from x\r\nFrom: a@example.org\r\n"
			   "Subject: pills\r\n\r\nbuy\r\n";

/* The ID that the answer leads to. */
static void filed(struct desk *d, const char *query)
{
	const char *to = buf_text(&d->site.answer.location);

	site_expect(&d->site, 303);
	assert_true(strncmp(to, "/report/", 8) == 0);
	assert_string_equal(to + 8 + ID_LEN, query);
	assert_int_equal(
		case_ref_parse(slice_make(to + 8, ID_LEN), d->id), RES_OK);
}

static void wants(struct desk *d, const char *want, const char *const *words)
{
	char got[512] = "";

	assert_true(redis_server_do(d->site.redis, words, got, sizeof(got)));
	assert_string_equal(got, want);
}
#define WANTS(d, want, ...) \
	wants((d), (want), (const char *const[]){ __VA_ARGS__, NULL })

/* ---- taking ---- */

static void a_report_waits_for_the_worker(void **state)
{
	struct desk *d = *state;
	char key[64];

	begin(d);
	field(d, "kind", "phish");
	file(d, "a.eml", mail);
	file(d, "", "");
	field(d, "text", "it wants my password");
	field(d, "mail", "Joe@Example.org");
	send_to(d, "/report?lang=es");
	filed(d, "?lang=es");
	snprintf(key, sizeof(key), "rp:upload:%s", d->id);
	WANTS(d, "1", "EXISTS", key);
	WANTS(d, "1", "XLEN", "rp:mailq:slow");
}

static void nothing_to_say_is_a_fault(void **state)
{
	struct desk *d = *state;

	begin(d);
	field(d, "mail", "joe");
	file(d, "", "");
	send_to(d, "/report");
	site_expect(&d->site, 422);
	site_expect_text(&d->site, "href=\"#kind\"");
	site_expect_text(&d->site, "href=\"#files\"");
	site_expect_text(&d->site, "href=\"#mail\"");
	site_expect_text(&d->site, "value=\"joe\"");
	site_expect_text(&d->site, "<title>Error:");
	WANTS(d, "0", "EXISTS", "rp:mailq:slow");
}

static void what_is_no_message_is_a_fault(void **state)
{
	struct desk *d = *state;

	begin(d);
	field(d, "kind", "junk");
	file(d, "a.msg", "\xd0\xcf\x11\xe0 not one");
	field(d, "pasted", "hello there <b>\r\nFrom: x");
	send_to(d, "/report");
	site_expect(&d->site, 422);
	site_expect_text(&d->site, "href=\"#files\"");
	site_expect_text(&d->site, "href=\"#pasted\"");
	site_expect_text(&d->site, "hello there &lt;b&gt;");
	site_expect_text(&d->site, "choose the files again");
	site_expect_text(&d->site, "value=\"junk\" required checked");
}

static void text_alone_will_do(void **state)
{
	struct desk *d = *state;

	begin(d);
	field(d, "kind", "abuse");
	field(d, "text", "somebody knocks at my ports");
	send_to(d, "/report");
	filed(d, "");
}

static void a_pasted_source_will_do(void **state)
{
	struct desk *d = *state;

	begin(d);
	field(d, "kind", "notjunk");
	field(d, "pasted", "\r\nFrom joe Thu Jan 1\r\nFrom: a@b\r\n\r\nhi");
	send_to(d, "/report");
	filed(d, "");
}

static void a_form_without_files_is_read_too(void **state)
{
	struct desk *d = *state;
	char body[512];

	begin(d);
	d->site.visitor.content_type = "application/x-www-form-urlencoded";
	snprintf(body, sizeof(body),
		"stamp=%s&website=&kind=abuse&text=hello%%0Athere", d->stamp);
	(void)site_post(&d->site, "/report", body);
	filed(d, "");
}

/* ---- refusing ---- */

static void a_form_of_nobody_does_nothing(void **state)
{
	struct desk *d = *state;

	field(d, "kind", "junk");
	file(d, "a.eml", mail);
	send_to(d, "/report");
	site_expect(&d->site, 403);
	WANTS(d, "0", "EXISTS", "rp:mailq:slow");
}

static void a_machine_is_led_on(void **state)
{
	struct desk *d = *state;

	begin(d);
	buf_reset(&d->body);
	field(d, "stamp", d->stamp);
	field(d, "website", "https://spam.example");
	field(d, "kind", "junk");
	field(d, "text", "buy");
	send_to(d, "/report");
	filed(d, "");
	WANTS(d, "0", "EXISTS", "rp:mailq:slow");
}

static void a_client_has_a_limit(void **state)
{
	struct desk *d = *state;

	for (int i = 0; i < 3; i++) {
		begin(d);
		field(d, "kind", "abuse");
		field(d, "text", "hello");
		send_to(d, "/report");
		if (i < 2)
			filed(d, "");
	}
	site_expect(&d->site, 429);
	WANTS(d, "2", "XLEN", "rp:mailq:slow");
	/* A fault costs nobody his place. */
	d->site.visitor.peer = "198.51.100.7";
	for (int i = 0; i < 3; i++) {
		begin(d);
		send_to(d, "/report");
		site_expect(&d->site, 422);
	}
}

static void files_have_a_bound(void **state)
{
	struct desk *d = *state;

	begin(d);
	field(d, "kind", "junk");
	for (int i = 0; i < 3; i++)
		file(d, "a.eml", mail);
	send_to(d, "/report");
	site_expect(&d->site, 422);
	site_expect_text(&d->site, "too many files");
	begin(d);
	field(d, "kind", "junk");
	buf_add_text(&d->body,
		"--xYz\r\nContent-Disposition: form-data; name=\"files\"; "
		"filename=\"a.eml\"\r\n\r\nFrom: a@b\r\n\r\n");
	for (int i = 0; i < 17 * 1024; i++)
		buf_add_char(&d->body, 'a');
	buf_add_text(&d->body, "\r\n");
	send_to(d, "/report");
	site_expect(&d->site, 413);
	WANTS(d, "0", "EXISTS", "rp:mailq:slow");
}

static void a_broken_body_is_refused(void **state)
{
	struct desk *d = *state;

	begin(d);
	field(d, "kind", "junk");
	field(d, "kind", "phish");
	send_to(d, "/report");
	site_expect(&d->site, 400);
	begin(d);
	(void)site_post(&d->site, "/report", buf_text(&d->body));
	site_expect(&d->site, 400);
	/* Files are for that page alone. */
	begin(d);
	send_to(d, "/support");
	site_expect(&d->site, 415);
}

static void only_that_page_has_more_room(void **state)
{
	struct desk *d = *state;
	static const char *const others[] = { "/", "/support", "/report/",
		"/report/x", "/Report", "/reports" };
	struct web_room room = { .body_max = 1 };

	routes_room(d->site.context, slice_of("/report"), &room);
	assert_true(room.has_files);
	assert_true(room.body_max > d->site.conf->reports.upload_max &&
		room.body_max < 2 * d->site.conf->reports.upload_max);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		room = (struct web_room){ .body_max = 1 };
		routes_room(d->site.context, slice_of(others[i]), &room);
		assert_false(room.has_files);
		assert_int_equal(room.body_max, 1);
	}
}

static void without_reports_it_says_whom_to_write(void **state)
{
	struct desk *d = *state;

	(void)site_get(&d->site, "/report");
	site_expect(&d->site, 200);
	site_expect_text(&d->site, "mailto:abuse@mx.example.net");
	site_expect_no_text(&d->site, "<form id=\"form\"");
	field(d, "kind", "junk");
	send_to(d, "/report");
	site_expect(&d->site, 404);
}

static void nothing_is_lost_quietly(void **state)
{
	struct desk *d = *state;

	begin(d);
	field(d, "kind", "abuse");
	field(d, "text", "hello");
	redis_server_stop(d->site.redis);
	d->site.redis = NULL;
	send_to(d, "/report");
	site_expect(&d->site, 503);
}

/* ---- the page of a report ---- */

static void it_says_that_a_report_waits(void **state)
{
	struct desk *d = *state;
	char target[TARGET_MAX];

	begin(d);
	field(d, "kind", "abuse");
	field(d, "text", "hello");
	send_to(d, "/report");
	filed(d, "");
	snprintf(target, sizeof(target), "/report/%s", d->id);
	(void)site_get(&d->site, target);
	site_expect(&d->site, 200);
	site_expect_text(&d->site, d->id);
	site_expect_text(&d->site, "noindex");
	assert_true(d->site.answer.refresh_s > 0);
}

static void an_unknown_one_never_was(void **state)
{
	struct desk *d = *state;
	char target[TARGET_MAX], id[CASE_REF_MAX];
	char *never;

	(void)site_get(&d->site, "/report/nonsense");
	site_expect(&d->site, 404);
	never = strdup(buf_text(&d->site.answer.body));
	case_ref_new(id);
	snprintf(target, sizeof(target), "/report/%s", id);
	(void)site_get(&d->site, target);
	site_expect(&d->site, 404);
	assert_int_equal(strlen(never) - 2 * strlen("nonsense"),
		d->site.answer.body.len - 2 * ID_LEN);
	free(never);
}

/* ---- what is handed on ---- */

static void names_what_it_is(void **state)
{
	static const struct {
		const char *text;
		enum reportmail_sort want;
	} rows[] = {
		{ "From: a", REPORTMAIL_MESSAGE },
		{ "\xef\xbb\xbf\r\n Received: x", REPORTMAIL_MESSAGE },
		{ "From joe\nFrom: a", REPORTMAIL_MESSAGE },
		{ "From joe", REPORTMAIL_NOTHING },
		{ " { \"Version\": 4 }", REPORTMAIL_JSON },
		{ "", REPORTMAIL_NOTHING },
		{ "hello there: x", REPORTMAIL_NOTHING },
		{ ": x", REPORTMAIL_NOTHING },
		{ "\xd0\xcf\x11\xe0:", REPORTMAIL_NOTHING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
			reportmail_sort(slice_of(rows[i].text)), rows[i].want);
}

static void nothing_of_a_stranger_is_plain(void **state)
{
	static const char evil[] = "From: a\n\n--reprieve-report\n"
				   "X-Reprieve-Form-Reporter: e@evil\n";
	struct reportmail m = {
		.host = "mx.example.net",
		.reporter = slice_of("joe@example.org"),
		.client = slice_of("192.0.2.1/32"),
		.language = "es",
		.text = slice_of(evil),
		.part = { slice_of(evil), slice_of("{}") },
		.count = 2,
	};
	struct buf out;

	(void)state;
	buf_init(&out, reportmail_size(2 * sizeof(evil)));
	assert_int_equal(reportmail_write(&m, &out), RES_OK);
	assert_null(strstr(buf_text(&out), "evil"));
	assert_non_null(strstr(buf_text(&out),
		"\nX-Reprieve-Form-Reporter: joe@example.org\n"
		"X-Reprieve-Form-Client: 192.0.2.1/32\n"
		"X-Reprieve-Form-Language: es\n"));
	assert_non_null(strstr(buf_text(&out), "\"original-1.eml\""));
	assert_non_null(strstr(buf_text(&out), "application/json"));
	assert_non_null(strstr(buf_text(&out), "\n--reprieve-report--\n"));
	buf_clear(&out);
}

static void a_large_one_fits(void **state)
{
	const size_t len = 1024 * 1024;
	char *octets = calloc(1, len);
	struct reportmail m = { .host = "h", .language = "en", .count = 1 };
	struct buf out;

	(void)state;
	assert_non_null(octets);
	m.part[0] = slice_make(octets, len);
	buf_init(&out, reportmail_size(len));
	assert_int_equal(reportmail_write(&m, &out), RES_OK);
	assert_true(out.len > len);
	buf_clear(&out);
	free(octets);
}

#define WITH(text, function, before)                                           \
	{                                                                      \
		.name = (text), .test_func = (function), .setup_func = before, \
		.teardown_func = tear_down                                     \
	}
#define DESK(text, function) WITH(text, function, set_up)

int main(void)
{
	const struct CMUnitTest cases[] = {
		DESK("a report waits for the worker",
			a_report_waits_for_the_worker),
		DESK("a report without anything is a fault",
			nothing_to_say_is_a_fault),
		DESK("a file that is no message is a fault",
			what_is_no_message_is_a_fault),
		DESK("text alone will do", text_alone_will_do),
		DESK("a source that is pasted will do",
			a_pasted_source_will_do),
		DESK("a form without files is read, too",
			a_form_without_files_is_read_too),
		DESK("a form that is not ours does nothing",
			a_form_of_nobody_does_nothing),
		DESK("a machine learns nothing, and does nothing",
			a_machine_is_led_on),
		WITH("a client has a limit", a_client_has_a_limit,
			set_up_small),
		WITH("files have a bound", files_have_a_bound, set_up_small),
		DESK("a body that is not whole is refused",
			a_broken_body_is_refused),
		DESK("only that page has more room",
			only_that_page_has_more_room),
		WITH("a site without reports says whom to write to",
			without_reports_it_says_whom_to_write, set_up_off),
		DESK("without Redis nothing is lost quietly",
			nothing_is_lost_quietly),
		DESK("the page says that a report waits",
			it_says_that_a_report_waits),
		DESK("an unknown report is as one that never was",
			an_unknown_one_never_was),
		CASE("what is sent is told apart", names_what_it_is, NULL),
		CASE("nothing of a stranger stands plain in the mail",
			nothing_of_a_stranger_is_plain, NULL),
		CASE("a large message fits", a_large_one_fits, NULL),
	};

	return cmocka_run_group_tests_name("portal/report", cases, NULL, NULL);
}
