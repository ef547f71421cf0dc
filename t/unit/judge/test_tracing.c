/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/tracing.h"

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "judge/pipeline.h"
#include "judge/record.h"
#include "judge/session.h"
#include "judge/telemetry.h"
#include "store/account.h"
#include "store/secret.h"
#include "support/case.h"
#include "support/fake_mta.h"
#include "web/metrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DATE "Fri, 27 Nov 2026 01:00:00 +0000"
#define SIGNATURE "v=1; a=rsa-sha256; d=example.org; s=s; b=x; bh=y; "

struct world {
	struct secret secret;
	struct tracekeys_ring ring;
	struct tracing tracing;
	struct pipeline pipeline;
	struct casework work;
	struct telemetry telemetry;
	struct session_env env;
	struct conf *conf;
	struct session *session;
	struct fake_mta mta;
	struct tracebind bind; /* of what was sent */
	char seen[256]; /* the accounts, each with a blank behind it */
	bool is_signed; /* the fake check finds a signature */
	char folder[32];
	char log_path[64];
	int log_fd;
	char line[LOG_LINE_MAX];
};

/* ---- fakes ---- */

static enum result keys(void *at, struct tracekeys_ring *out)
{
	const struct world *w = at;

	*out = w->ring;
	return w->ring.now.name[0] == '\0' ? RES_MISSING : RES_OK;
}

static void seen(
	void *at, const struct conf *conf, const char *hash, struct slice name)
{
	struct world *w = at;
	size_t len = strlen(w->seen);

	assert_true(account_is_hash(slice_of(hash)));
	assert_non_null(conf);
	snprintf(
		w->seen + len, sizeof(w->seen) - len, "%.*s ", SLICE_ARG(name));
}

static enum check_progress find_dkim(
	const struct check_input *in, struct findings *out)
{
	static const struct dkim_fact one = { .result = AUTH_PASS,
		.domain = { "m.example.org", 13 },
		.signed_fields = { "From:CFBL-Address", 17 } };
	const struct world *w = in->service;

	if (out == NULL)
		return CHECK_DONE;
	in->auth->dkim_is_known = true;
	if (w->is_signed) {
		in->auth->dkim = &one;
		in->auth->dkim_count = 1;
	}
	in->auth->from_kind = FROM_ONE;
	in->auth->dmarc.from_domain = slice_of("example.org");
	findings_add(out, "dkim")->outcome = OUTCOME_MISS;
	return CHECK_DONE;
}

static const struct pipeline_check checks[] = {
	{ .name = "dkim",
		.begin = STAGE_EOH,
		.await = STAGE_END,
		.service = SERVICE_BLOCKLIST,
		.step = find_dkim },
};

static void refuse(const struct check_input *in, struct findings *out)
{
	struct finding *f = findings_add(out, "blocked");

	(void)in;
	f->outcome = OUTCOME_HIT;
	f->detail = "spam";
	f->subject = slice_of("rp:block:192.0.2.1");
}

static const struct pipeline_step refusal = { STAGE_END, false,
	SERVICE_BLOCKLIST, refuse };

static void refer(void *at, const struct ipaddr *ip, const char *code,
	struct slice subject, char ref[CASE_REF_MAX], bool *is_new)
{
	(void)at;
	(void)ip;
	(void)code;
	(void)subject;
	*is_new = true;
	snprintf(ref, CASE_REF_MAX, "%s", "7K3M9QXB2HTD4FZ6T");
}

static enum result record(void *at, const char ref[CASE_REF_MAX], bool is_new,
	const struct case_facts *facts)
{
	(void)at;
	(void)ref;
	(void)is_new;
	(void)facts;
	return RES_OK;
}

/* ---- a world ---- */

static void open_log_socket(struct world *w)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct log_options o = { .ident = "test",
		.target = LOG_TO_SYSLOG,
		.level = LOG_LEVEL_INFO,
		.socket = w->log_path };

	snprintf(w->folder, sizeof(w->folder), "/tmp/reprieve.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->log_path, sizeof(w->log_path), "%s/log", w->folder);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", w->log_path);
	w->log_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(w->log_fd >= 0);
	assert_int_equal(
		bind(w->log_fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	log_open(&o);
}

static struct conf *load(const char *more)
{
	struct conf *conf = NULL;
	struct buf errors;
	char text[2048];

	snprintf(text, sizeof(text),
		"host = \"MX.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/run/x/s\" "
		"trusted = {\"198.51.100.0/24\"} }\n"
		"redis { servers = {\"unix:/run/x/r\"} }\n%s\n",
		more);
	buf_init(&errors, 8192);
	if (conf_load_text("test", slice_of(text), &conf, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	return conf;
}

static struct world *world_new(const char *conf)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	open_log_socket(w);
	w->secret.len = 32;
	snprintf(w->ring.now.name, sizeof(w->ring.now.name), "k1");
	w->tracing = (struct tracing){ keys, seen, &w->secret, NULL, w, w };
	w->pipeline = (struct pipeline){
		.checks = checks, .check_count = 1, .auth_count = 1
	};
	w->pipeline.service[SERVICE_BLOCKLIST] = w;
	w->work = (struct casework){ refer, record, NULL };
	assert_int_equal(telemetry_init(&w->telemetry), RES_OK);
	w->env = (struct session_env){ .clock = clock_system(),
		.pipeline = &w->pipeline,
		.cases = &w->work,
		.telemetry = &w->telemetry,
		.tracing = &w->tracing };
	w->conf = load(conf);
	w->session = session_new(&w->env, w->conf);
	assert_non_null(w->session);
	session_allow(w->session, SESSION_MAY_INSERT | SESSION_MAY_DELETE);
	fake_mta_init(&w->mta);
	return w;
}

static void world_free(struct world *w)
{
	session_free(w->session);
	conf_release(w->conf);
	telemetry_clear(&w->telemetry);
	fake_mta_clear(&w->mta);
	log_open(&(struct log_options){ .ident = "test" });
	close(w->log_fd);
	unlink(w->log_path);
	rmdir(w->folder);
	free(w);
}

static void connect_from(struct world *w, const char *ip)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(4321) };
	struct session_peer peer = { .sa = (const struct sockaddr *)&sa };

	if (ip == NULL)
		peer.sa = NULL;
	else
		assert_int_equal(inet_pton(AF_INET, ip, &sa.sin_addr), 1);
	session_connect(w->session, &peer);
	session_helo(w->session, slice_of("helo.example.com"));
}

static void header(struct world *w, const char *name, const char *value)
{
	session_header(w->session, slice_of(name), slice_of(value));
	tracebind_add(&w->bind, slice_of(name), slice_of(value));
}

/* user: whom the MTA authenticated, or NULL. */
static void begin(struct world *w, const char *sender, const char *user)
{
	w->bind = (struct tracebind){ .failed = false };
	fake_mta_forget(&w->mta);
	session_mail(w->session, slice_of(sender),
		slice_of(user == NULL ? "" : "PLAIN"),
		slice_of(user == NULL ? "" : user));
	(void)!session_rcpt(
		w->session, slice_of("<ann@example.net>"), &w->mta.mta);
	header(w, "Date", " " DATE);
	header(w, "From", " Joe <joe@example.org>");
}

static void end(struct world *w)
{
	header(w, "Message-ID", " <1@example.org>");
	assert_int_equal(session_end(w->session, &w->mta.mta), ANSWER_CONTINUE);
}

static bool logged(struct world *w, const char *part)
{
	bool found = false;
	ssize_t n;

	while ((n = recv(w->log_fd, w->line, sizeof(w->line) - 1, 0)) >= 0) {
		w->line[n] = '\0';
		found = found || strstr(w->line, part) != NULL;
	}
	return found;
}

static void wants_counted(struct world *w, const char *line)
{
	struct buf out;

	buf_init(&out, 65536);
	metrics_format(w->telemetry.metrics, &out);
	if (strstr(buf_text(&out), line) == NULL)
		fail_msg("no %s in %s", line, buf_text(&out));
	buf_clear(&out);
}

/* The value of the trace that was inserted, or the empty slice. */
static struct slice inserted(struct world *w)
{
	static const char what[] = "insert X-Reprieve-Trace:";
	const char *at = strstr(buf_text(&w->mta.said), what);

	if (at == NULL)
		return slice_of("");
	at += sizeof(what) - 1;
	return slice_make(at, strcspn(at, "\n"));
}

/* It must be one, and valid for what was sent. */
static struct trace wants_trace(struct world *w)
{
	enum tracekeys_word word = TRACEKEYS_NONE;
	struct trace t = { .direction = TRACE_UNKNOWN };

	assert_int_equal(tracekeys_verify(&w->ring, slice_of("mx.example.net"),
				 inserted(w), &w->bind, &word, &t),
		RES_OK);
	assert_string_equal(tracekeys_word_name(word), "valid");
	return t;
}

static void wants_none(struct world *w)
{
	assert_int_equal(inserted(w).len, 0);
	assert_string_equal(w->seen, "");
}

/* ---- what comes in ---- */

static void inbound(void **state)
{
	struct world *w = world_new("");
	char ip[IPADDR_TEXT_MAX];
	struct trace t;

	(void)state;
	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	(void)!session_rcpt(
		w->session, slice_of("<bob@example.net>"), &w->mta.mta);
	end(w);
	t = wants_trace(w);
	assert_int_equal(t.direction, TRACE_IN);
	assert_string_equal(t.by, "mx.example.net");
	assert_string_equal(ipaddr_format(&t.ip, ip), "192.0.2.1");
	assert_int_equal(t.recipients, 2);
	assert_string_equal(t.domain, "");
	assert_string_equal(t.bound, "dfm");
	assert_true(t.at_s > clock_wall_ms(clock_system()) / 1000 - 600);
	/* The lowest of ours. */
	assert_ptr_equal(strstr(buf_text(&w->mta.said), "insert "),
		buf_text(&w->mta.said));
	assert_int_equal(
		strncmp(buf_text(&w->mta.said), "insert X-Reprieve-Trace:", 24),
		0);
	assert_non_null(strstr(buf_text(&w->mta.said), "insert X-Reprieve:"));
	wants_counted(w, "reprieve_traces_total{outcome=\"in\"} 1\n");
	assert_string_equal(w->seen, "");
	world_free(w);
}

static void names_the_signer(void **state)
{
	struct world *w = world_new("");
	struct trace t;

	(void)state;
	w->is_signed = true;
	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	end(w);
	t = wants_trace(w);
	assert_string_equal(t.domain, "m.example.org");
	assert_false(t.has_cfbl);
	begin(w, "<joe@example.org>", NULL);
	header(w, "CFBL-Address", " f@example.org; report=arf");
	end(w);
	t = wants_trace(w);
	assert_true(t.has_cfbl);
	assert_string_equal(t.bound, "cdfm");
	world_free(w);
}

static void bounces_come_in(void **state)
{
	struct world *w = world_new("");

	(void)state;
	connect_from(w, "192.0.2.1");
	begin(w, "<>", NULL);
	end(w);
	assert_int_equal(wants_trace(w).direction, TRACE_IN);
	world_free(w);
}

static void refused(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->pipeline.steps = &refusal;
	w->pipeline.count = 1;
	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	assert_int_equal(session_end(w->session, &w->mta.mta), ANSWER_REJECT);
	wants_none(w);
	world_free(w);
}

/* One that is not ours stays, and shows it. */
static void forged(void **state)
{
	struct world *w = world_new("");

	(void)state;
	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	header(w, "X-Reprieve-Trace", " v=1; as if");
	header(w, "X-Reprieve-Trace", " v=1; as if");
	end(w);
	assert_int_equal(wants_trace(w).direction, TRACE_IN);
	assert_null(strstr(buf_text(&w->mta.said), "delete"));
	world_free(w);
}

static void each_message_its_own(void **state)
{
	struct world *w = world_new("");
	char first[TRACE_VALUE_MAX];
	enum tracekeys_word word;
	struct trace t;

	(void)state;
	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	header(w, "Message-ID", " <2@example.org>");
	end(w);
	snprintf(first, sizeof(first), "%.*s", SLICE_ARG(inserted(w)));
	begin(w, "<joe@example.org>", NULL);
	end(w);
	(void)wants_trace(w);
	assert_int_equal(tracekeys_verify(&w->ring, slice_of("mx.example.net"),
				 slice_of(first), &w->bind, &word, &t),
		RES_OK);
	assert_string_equal(tracekeys_word_name(word), "altered");
	world_free(w);
}

/* ---- what goes out ---- */

static void wants_account(
	struct world *w, const struct trace *t, const char *name)
{
	char hash[SECRET_HASH_MAX], with_blank[256];

	assert_int_equal(t->direction, TRACE_OUT);
	assert_int_equal(
		account_hash(&w->secret, slice_of(name), hash), RES_OK);
	assert_string_equal(t->account, hash);
	snprintf(with_blank, sizeof(with_blank), "%s ", name);
	assert_string_equal(w->seen, with_blank);
}

struct user {
	const char *ip; /* NULL: on this machine */
	const char *auth; /* or NULL */
	const char *account;
};

static void outbound(void **state)
{
	const struct user *row = *state;
	struct world *w = world_new("");
	struct trace t;

	connect_from(w, row->ip);
	begin(w, "<joe@example.org>", row->auth);
	end(w);
	t = wants_trace(w);
	wants_account(w, &t, row->account);
	assert_false(t.has_ip);
	assert_string_equal(t.bound, "dfm");
	/* Nothing else is changed. */
	assert_int_equal(
		strncmp(buf_text(&w->mta.said), "insert X-Reprieve-Trace:", 24),
		0);
	assert_int_equal(
		strcspn(buf_text(&w->mta.said), "\n") + 1, w->mta.said.len);
	wants_counted(w, "reprieve_traces_total{outcome=\"out\"} 1\n");
	world_free(w);
}

static void null_sender(void **state)
{
	struct world *w = world_new("");

	(void)state;
	connect_from(w, "198.51.100.1");
	begin(w, "<>", "ann");
	end(w);
	wants_none(w);
	world_free(w);
}

static void back_from_a_filter(void **state)
{
	struct world *w = world_new("");
	char first[TRACE_VALUE_MAX];

	(void)state;
	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	end(w);
	snprintf(first, sizeof(first), "%.*s", SLICE_ARG(inserted(w)));
	connect_from(w, "198.51.100.1");
	begin(w, "<joe@example.org>", NULL);
	header(w, "X-Reprieve-Trace", first);
	end(w);
	wants_none(w);
	/* Of another message: it says nothing. */
	begin(w, "<joe@example.org>", NULL);
	header(w, "Message-ID", " <2@example.org>");
	header(w, "X-Reprieve-Trace", first);
	end(w);
	assert_int_equal(wants_trace(w).direction, TRACE_OUT);
	/* Too late: the first one counts, which is the last one added. */
	w->seen[0] = '\0';
	begin(w, "<joe@example.org>", NULL);
	header(w, "X-Reprieve-Trace", " nonsense");
	header(w, "X-Reprieve-Trace", first);
	end(w);
	assert_int_equal(wants_trace(w).direction, TRACE_OUT);
	world_free(w);
}

/* ---- when there is none ---- */

struct field_row {
	const char *name;
	const char *value;
};

static void signed_by_others(void **state)
{
	const struct field_row *row = *state;
	struct world *w = world_new("");

	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	header(w, row->name, row->value);
	end(w);
	wants_none(w);
	assert_non_null(strstr(buf_text(&w->mta.said), "insert X-Reprieve:"));
	assert_true(logged(w, "why=signed"));
	wants_counted(w, "reprieve_traces_total{outcome=\"signed\"} 1\n");
	connect_from(w, "198.51.100.1");
	begin(w, "<joe@example.org>", NULL);
	header(w, row->name, row->value);
	end(w);
	wants_none(w);
	assert_string_equal(buf_text(&w->mta.said), "");
	assert_true(logged(w, "why=signed"));
	/* The next message is another one. */
	begin(w, "<joe@example.org>", NULL);
	end(w);
	(void)wants_trace(w);
	assert_false(logged(w, "why=signed"));
	world_free(w);
}

static void not_signed(void **state)
{
	const struct field_row *row = *state;
	struct world *w = world_new("");

	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	header(w, row->name, row->value);
	end(w);
	(void)wants_trace(w);
	world_free(w);
}

static void cut_signature(void **state)
{
	struct world *w = world_new("");
	char *value = malloc(60000);

	(void)state;
	assert_non_null(value);
	memset(value, 'x', 59999);
	value[59999] = '\0';
	connect_from(w, "198.51.100.1");
	begin(w, "<joe@example.org>", NULL);
	header(w, "DKIM-Signature", value);
	end(w);
	wants_none(w);
	free(value);
	world_free(w);
}

static void no_key(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->ring.now.name[0] = '\0';
	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	end(w);
	wants_none(w);
	connect_from(w, "198.51.100.1");
	begin(w, "<joe@example.org>", NULL);
	end(w);
	wants_none(w);
	wants_counted(w, "reprieve_traces_total{outcome=\"no_key\"} 2\n");
	world_free(w);
}

struct off {
	const char *conf;
	bool in;
	bool out;
};

static void by_conf(void **state)
{
	const struct off *row = *state;
	struct world *w = world_new(row->conf);

	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	end(w);
	assert_int_equal(inserted(w).len > 0, row->in);
	connect_from(w, "198.51.100.1");
	begin(w, "<joe@example.org>", NULL);
	end(w);
	assert_int_equal(inserted(w).len > 0, row->out);
	world_free(w);
}

static void mta_may_not(void **state)
{
	struct world *w = world_new("");

	(void)state;
	session_allow(w->session, SESSION_MAY_DELETE);
	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	end(w);
	connect_from(w, "198.51.100.1");
	begin(w, "<joe@example.org>", NULL);
	end(w);
	wants_none(w);
	wants_counted(w, "reprieve_traces_total{outcome=\"in\"} 0\n");
	world_free(w);
}

static void nobody_traces(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->env.tracing = NULL;
	connect_from(w, "192.0.2.1");
	begin(w, "<joe@example.org>", NULL);
	end(w);
	wants_none(w);
	world_free(w);
}

#define TEST(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}
#define SIGNED(text, field, h)       \
	CASE(text, signed_by_others, \
		(&(struct field_row){ field, " " SIGNATURE h }))
#define OTHER(text, field, h) \
	CASE(text, not_signed, (&(struct field_row){ field, " " SIGNATURE h }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST("what was judged and passes has a trace", inbound),
		TEST("it names who signed for the author", names_the_signer),
		TEST("a bounce that comes in has one, too", bounces_come_in),
		TEST("what is refused has none", refused),
		TEST("one from outside is left as it is", forged),
		TEST("each message has its own", each_message_its_own),
		CASE("a user who is authenticated", outbound,
			(&(struct user){ "192.0.2.1", "ann", "ann" })),
		CASE("and in a trusted network", outbound,
			(&(struct user){ "198.51.100.1", "ann", "ann" })),
		CASE("a client in a trusted network", outbound,
			(&(struct user){
				"198.51.100.1", NULL, "joe@example.org" })),
		CASE("this machine", outbound,
			(&(struct user){ NULL, NULL, "joe@example.org" })),
		CASE("a user without a name", outbound,
			(&(struct user){ "192.0.2.1", "", "joe@example.org" })),
		TEST("a bounce of ours has none", null_sender),
		TEST("nor what comes back from a filter", back_from_a_filter),
		SIGNED("a signature that covers it stays whole",
			"DKIM-Signature", "h=from:x-reprieve-trace:to"),
		SIGNED("in any case, with folds", "dkim-signature",
			"\r\n\tH = From :\r\n X-Reprieve-Trace\r\n :to"),
		SIGNED("of the ARC, too", "ARC-Message-Signature",
			"i=1; h=from:X-REPRIEVE-TRACE"),
		SIGNED("whichever h= it is", "DKIM-Signature",
			"h=from; h=x-reprieve-trace"),
		OTHER("other names do not matter", "DKIM-Signature",
			"h=from:x-reprieve:x-reprieve-trace2"),
		OTHER("nor other tags", "DKIM-Signature",
			"h=from; z=X-Reprieve-Trace:v=3D1"),
		OTHER("nor other fields", "X-DKIM-Signature",
			"h=from:x-reprieve-trace"),
		TEST("who knows what was cut off a signature", cut_signature),
		TEST("without a key mail passes without", no_key),
		CASE("it is on by default", by_conf,
			(&(struct off){ "", true, true })),
		CASE("it can be off", by_conf,
			(&(struct off){
				"trace { enabled = no }", false, false })),
		CASE("it can be off for what goes out", by_conf,
			(&(struct off){
				"trace { outbound = no }", true, false })),
		TEST("the MTA must allow it", mta_may_not),
		TEST("a trial has none", nobody_traces),
	};

	return cmocka_run_group_tests_name("judge/tracing", cases, NULL, NULL);
}
