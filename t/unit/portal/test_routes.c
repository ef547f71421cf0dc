/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/routes.h"

#include "conf/conf.h"
#include "policy/code.h"
#include "portal/cases.h"
#include "portal/page.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>

/* 80 zero bits and their check character. */
#define REF "00000000000000000"

struct field {
	const char *name;
	const char *value;
};

/* The world as the pages see it. */
struct world {
	struct conf *conf;
	enum result read;
	enum result ping;
	const struct field *fields; /* the last has name NULL */
	unsigned reads;
};

static struct conf *give_conf(void *ctx)
{
	const struct world *w = ctx;

	return conf_hold(w->conf);
}

static enum result give_case(void *ctx, struct slice ref,
	void (*each)(void *each_ctx, struct slice field, struct slice value),
	void *each_ctx)
{
	struct world *w = ctx;

	w->reads++;
	assert_int_equal(ref.len, strlen(REF));
	for (const struct field *f = w->fields; f != NULL && f->name != NULL;
		f++)
		each(each_ctx, slice_of(f->name), slice_of(f->value));
	return w->read;
}

static enum result give_ping(void *ctx)
{
	const struct world *w = ctx;

	return w->ping;
}

static struct conf *load(const char *text)
{
	struct conf *conf = NULL;
	struct buf errors;

	buf_init(&errors, 4096);
	if (conf_load_text("test", slice_of(text), &conf, &errors) != RES_OK)
		fail_msg("conf: %s", buf_text(&errors));
	buf_clear(&errors);
	return conf;
}

static const char conf_text[] =
	"host = \"mx.example.net\"\n"
	"portal_url = \"https://postmaster.example.net\"\n"
	"milter { socket = \"unix:/nowhere\" }\n"
	"redis { servers = {\"unix:/nowhere\"} }\n"
	"lists { exempt = {\"postmaster\"} }\n";

/* What the page at path says; out is the caller's to clear. */
static void visit(struct world *w, const char *method, const char *path,
	struct web_answer *out)
{
	const struct site site = {
		.conf = give_conf,
		.read_case = give_case,
		.ping = give_ping,
		.ctx = w,
	};
	const struct web_request rq = {
		.method = slice_of(method),
		.path = slice_of(path),
	};
	struct site copy = site;

	w->conf = load(conf_text);
	memset(out, 0, sizeof(*out));
	out->status = 200;
	out->type = "text/plain; charset=utf-8";
	buf_init(&out->body, WEB_ANSWER_MAX);
	routes_handle(&copy, &rq, out);
	assert_int_equal(buf_result(&out->body), RES_OK);
	conf_release(w->conf);
}

static void expect(const struct web_answer *out, const char *text)
{
	if (strstr(buf_text(&out->body), text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, buf_text(&out->body));
}

static void refuse(const struct web_answer *out, const char *text)
{
	if (strstr(buf_text(&out->body), text) != NULL)
		fail_msg("\"%s\" in:\n%s", text, buf_text(&out->body));
}

/* ---- which page ---- */

struct row {
	const char *method;
	const char *path;
	enum result read;
	unsigned status;
	unsigned reads; /* how often the store was asked */
	const char *has;
};

static void leads(void **state)
{
	const struct row *row = *state;
	struct world w = { .read = row->read, .ping = row->read };
	struct web_answer out;

	visit(&w, row->method, row->path, &out);
	assert_int_equal(out.status, row->status);
	assert_int_equal(w.reads, row->reads);
	expect(&out, row->has);
	buf_clear(&out.body);
}

/* ---- the page of a case ---- */

static const struct field blocked[] = {
	{ "ref", REF },
	{ "first_seen", "2026-11-22T20:53:32Z" },
	{ "last_seen", "2026-11-22T21:00:01Z" },
	{ "count", "3" },
	{ "code", "BLOCKED_REVIEW" },
	{ "action", "reject" },
	{ "stage", "rcpt" },
	{ "mode", "enforce" },
	{ "ip", "192.0.2.7" },
	{ "net", "192.0.2.7" },
	{ "class", "review" },
	{ "key", "rp:block:192.0.0.0/16" },
	{ "reason", "phishing <img src=x onerror=alert(1)> & \"more\"" },
	{ "until", "2026-12-01T00:00:00Z" },
	{ "helo", "helo.sender.example" },
	{ "sender_domain", "sender.example" },
	{ "sender_hash", "0123456789abcdef" },
	{ "rcpt_domain", "rcpt.example" },
	{ "rcpt_hash", "fedcba9876543210" },
	{ "findings", "blocked=hit secret-detail" },
	{ "reply", "554 5.7.1 Access denied, sending IP [192.0.2.7] needs" },
	{ "session", "SESSION77" },
	{ "queue_id", "4XYZQUEUE" },
	{ "host", "node-7.internal" },
	{ "a_field_of_tomorrow", "tomorrow" },
	{ NULL, NULL },
};

static void visit_blocked(struct web_answer *out)
{
	struct world w = { .fields = blocked };

	visit(&w, "GET", "/r/" REF, out);
	assert_int_equal(out->status, 200);
	assert_string_equal(out->type, "text/html; charset=utf-8");
}

static void shows_the_evidence(void **state)
{
	const struct code_row *row = code_row(CODE_BLOCKED_REVIEW);
	struct web_answer out;

	(void)state;
	visit_blocked(&out);
	expect(&out, REF);
	expect(&out, "<dd>192.0.2.7</dd>");
	expect(&out, "554 5.7.1 (BLOCKED_REVIEW)");
	expect(&out, "2026-11-22T20:53:32Z");
	expect(&out, "2026-11-22T21:00:01Z");
	expect(&out, "<dd>3</dd>");
	expect(&out, "2026-12-01T00:00:00Z");
	expect(&out, "review: Removed only after a look by a person.");
	expect(&out, "sending IP [192.0.2.7] needs");
	expect(&out, row->cause);
	expect(&out, row->remedy);
	expect(&out, "mailto:postmaster@mx.example.net");
	expect(&out, "takes mail from refused servers too");
	buf_clear(&out.body);
}

static void escapes_the_evidence(void **state)
{
	struct web_answer out;

	(void)state;
	visit_blocked(&out);
	expect(&out,
		"phishing &lt;img src=x onerror=alert(1)&gt; &amp; "
		"&quot;more&quot;");
	refuse(&out, "<img");
	buf_clear(&out.body);
}

static void keeps_the_rest_inside(void **state)
{
	static const char *const inside[] = { "rp:block", "192.0.0.0",
		"helo.sender", "sender.example", "0123456789abcdef",
		"rcpt.example", "fedcba9876543210", "secret-detail",
		"SESSION77", "4XYZQUEUE", "node-7.internal", "tomorrow" };
	struct web_answer out;

	(void)state;
	visit_blocked(&out);
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		refuse(&out, inside[i]);
	buf_clear(&out.body);
}

static const struct field unauthenticated[] = {
	{ "code", "SCORE_END" },
	{ "dkim", "fail d=a.example s=x reason=\"<b>\"\npass d=b.example\n" },
	{ "spf", "fail" },
	{ "spf_record", "v=spf1 ip4:192.0.2.1 -all" },
	{ "spf_lookups", "3" },
	{ "dmarc_author", "sender.example" },
	{ "arc_trusted", "rp:trust:arc:inside.example" },
	{ "findings", "spf=hit secret-detail" },
	{ NULL, NULL },
};

static void shows_authentication(void **state)
{
	struct world w = { .fields = unauthenticated };
	struct web_answer out;

	(void)state;
	visit(&w, "GET", "/r/" REF, &out);
	expect(&out, "<dt>SPF</dt>\n<dd>fail</dd>");
	expect(&out, "<dt>SPF record</dt>\n<dd>v=spf1 ip4:192.0.2.1 -all");
	expect(&out, "(at most 10)</dt>\n<dd>3</dd>");
	expect(&out, "<dd>sender.example</dd>");
	expect(&out,
		"<dt>DKIM signatures</dt>\n<dd><code>fail d=a.example s=x "
		"reason=&quot;&lt;b&gt;&quot;</code></dd>\n"
		"<dd><code>pass d=b.example</code></dd>");
	refuse(&out, "<b>");
	refuse(&out, "inside.example");
	refuse(&out, "secret-detail");
	buf_clear(&out.body);
}

/* The page of the greatest case that the milter can write. */
static void fits_the_greatest_case(void **state)
{
	static char big[CASES_LINES_MAX + 1];
	struct field fields[CASEAUTH_COUNT + 1];
	struct world w = { .fields = fields };
	struct web_answer out;

	(void)state;
	memset(big, '"', sizeof(big) - 1);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		fields[i] = (struct field){ caseauth_fields[i].name, big };
	fields[CASEAUTH_COUNT] = (struct field){ NULL, NULL };
	visit(&w, "GET", "/r/" REF, &out);
	assert_int_equal(buf_result(&out.body), RES_OK);
	expect(&out, "</html>");
	expect(&out, "<dt>Reverse DNS remark</dt>");
	buf_clear(&out.body);
}

struct words {
	const struct field *fields;
	const char *has;
	const char *lacks;
};

static void words_fit(void **state)
{
	const struct words *row = *state;
	struct world w = { .fields = row->fields };
	struct web_answer out;

	visit(&w, "GET", "/r/" REF, &out);
	assert_int_equal(out.status, 200);
	expect(&out, row->has);
	if (row->lacks != NULL)
		refuse(&out, row->lacks);
	buf_clear(&out.body);
}

#define FIELDS(...) ((const struct field[]){ __VA_ARGS__, { NULL, NULL } })

/* Each row of the table of codes explains itself on its page. */
static void explains_every_code(void **state)
{
	(void)state;
	for (int c = CODE_NONE + 1; c < CODE_COUNT; c++) {
		const struct code_row *row = code_row((enum code)c);
		struct world w = { .fields = FIELDS({ "code", row->name }) };
		struct web_answer out;

		visit(&w, "GET", "/r/" REF, &out);
		expect(&out, row->name);
		expect(&out, row->smtp);
		expect(&out, row->xcode);
		expect(&out, "<h2>What happened</h2>");
		expect(&out, "<h2>What to do</h2>");
		buf_clear(&out.body);
	}
}

/* No oracle: a wrong reference and an unknown one look alike. */
static void tells_no_difference(void **state)
{
	struct world w = { .read = RES_MISSING };
	struct web_answer unknown;
	struct web_answer wrong;

	(void)state;
	visit(&w, "GET", "/r/" REF, &unknown);
	visit(&w, "GET", "/r/NONSENSE", &wrong);
	assert_int_equal(unknown.status, wrong.status);
	assert_string_equal(buf_text(&unknown.body), buf_text(&wrong.body));
	buf_clear(&unknown.body);
	buf_clear(&wrong.body);
}

/* ---- headers ---- */

static void field_is(void **state)
{
	const struct field *want = *state;

	for (const struct web_field *f = page_fields; f->name != NULL; f++) {
		if (strcmp(f->name, want->name) != 0)
			continue;
		if (strstr(f->value, want->value) == NULL)
			fail_msg("%s is %s", f->name, f->value);
		return;
	}
	fail_msg("there is no %s", want->name);
}

#define ROW(text, ...) CASE(text, leads, (&(struct row){ __VA_ARGS__ }))
#define WORDS(text, ...) CASE(text, words_fit, (&(struct words){ __VA_ARGS__ }))
#define FIELD(text, ...) CASE(text, field_is, (&(struct field){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("the start page tells how to read a refusal", "GET", "/",
			RES_OK, 200, 0, "How to read a refusal"),
		ROW("the style is a file of its own", "GET", "/style.css",
			RES_OK, 200, 0, "body {"),
		ROW("a reference leads to its case", "GET", "/r/" REF, RES_OK,
			200, 1, REF),
		ROW("a reference typed with dashes and in lower case does too",
			"GET", "/r/oooo-oooo-oooo-oooo-o", RES_OK, 200, 1, REF),
		ROW("an unknown reference is not found", "GET", "/r/" REF,
			RES_MISSING, 404, 1, "17 letters and digits"),
		ROW("a reference with a wrong check is not asked for", "GET",
			"/r/00000000000000001", RES_OK, 404, 0,
			"17 letters and digits"),
		ROW("text that is no reference is not asked for", "GET",
			"/r/<script>", RES_OK, 404, 0, "There is no such page"),
		ROW("the folder of cases has no page", "GET", "/r/", RES_OK,
			404, 0, "There is no such page"),
		ROW("another path has no page", "GET", "/admin", RES_OK, 404, 0,
			"There is no such page"),
		ROW("a path below a page has no page", "GET", "/style.css/x",
			RES_OK, 404, 0, "There is no such page"),
		ROW("without Redis the page says so, and whom to write to",
			"GET", "/r/" REF, RES_DOWN, 503, 1,
			"postmaster@mx.example.net"),
		ROW("a slow Redis is as good as none", "GET", "/r/" REF,
			RES_TIMEOUT, 503, 1, "Your reference stays valid"),
		ROW("a Redis that refuses us is as good as none", "GET",
			"/r/" REF, RES_DENIED, 503, 1,
			"Your reference stays valid"),
		ROW("the start page needs no Redis", "GET", "/", RES_DOWN, 200,
			0, "How to read a refusal"),
		ROW("health says that all is well", "GET", "/healthz", RES_OK,
			200, 0, "portal ok\nredis ok\n"),
		ROW("health says that Redis is away", "GET", "/healthz",
			RES_DOWN, 200, 0, "portal ok\nredis down\n"),
		ROW("a page cannot be posted to", "POST", "/r/" REF, RES_OK,
			405, 0, "can only be read"),
		CASE("a case shows its evidence, cause and remedy",
			shows_the_evidence, NULL),
		CASE("evidence cannot become markup", escapes_the_evidence,
			NULL),
		CASE("a case shows what authentication found, escaped",
			shows_authentication, NULL),
		CASE("the greatest case fits a page", fits_the_greatest_case,
			NULL),
		CASE("senders, recipients, hashes and keys stay inside",
			keeps_the_rest_inside, NULL),
		CASE("every code has its cause and remedy", explains_every_code,
			NULL),
		CASE("a wrong reference looks like an unknown one",
			tells_no_difference, NULL),
		WORDS("a code of another version is shown as it is",
			FIELDS({ "code", "BLOCKED_TOMORROW" }),
			"BLOCKED_TOMORROW", "What to do"),
		WORDS("a rule on trial has refused nothing",
			FIELDS({ "code", "BLOCKED_SELF" },
				{ "mode", "monitor" }, { "action", "reject" }),
			"Nothing was refused", "did not take"),
		WORDS("a list in shadow has refused nothing",
			FIELDS({ "code", "BLOCKED_SELF" }, { "mode", "shadow" },
				{ "action", "reject" }),
			"Nothing was refused", "did not take"),
		WORDS("a delay is told from a refusal",
			FIELDS({ "code", "INTERNAL" }, { "mode", "enforce" },
				{ "action", "tempfail" }),
			"try again later", "did not take"),
		WORDS("a class of another version is shown as it is",
			FIELDS({ "class", "tomorrow" }), "<dd>tomorrow</dd>",
			NULL),
		WORDS("a case without fields is a page all the same",
			FIELDS({ "count", "1" }), "Reference", "Reason"),
		FIELD("no page loads anything from elsewhere",
			"Content-Security-Policy", "default-src 'none'"),
		FIELD("no page can be framed", "Content-Security-Policy",
			"frame-ancestors 'none'"),
		FIELD("links do not carry the reference away",
			"Referrer-Policy", "no-referrer"),
		FIELD("types are not guessed", "X-Content-Type-Options",
			"nosniff"),
		FIELD("pages are not stored", "Cache-Control", "no-store"),
		FIELD("the language is said", "Content-Language", "en"),
	};

	return cmocka_run_group_tests_name("portal/routes", cases, NULL, NULL);
}
