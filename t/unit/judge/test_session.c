/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "judge/pipeline.h"
#include "judge/proof.h"
#include "judge/record.h"
#include "judge/telemetry.h"
#include "net/ipaddr.h"
#include "store/secret.h"
#include "store/token.h"
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

/* What the fake check says of a client; empty fields mean "nobody". */
struct lists {
	enum outcome blocked;
	const char *class;
	const char *only_for; /* recipient domain, "" for all */
	bool shadow;
	bool broken;
	unsigned asked;
};

struct cases {
	unsigned made;
	unsigned recorded;
	char last[512]; /* code action stage mode reply? */
	enum result result;
};

struct world {
	struct lists lists;
	struct cases cases;
	struct pipeline pipeline;
	struct casework work;
	struct telemetry telemetry;
	struct session_env env;
	struct conf *conf;
	struct session *session;
	struct fake_mta mta;
	char folder[32];
	char log_path[64];
	int log_fd;
	char line[LOG_LINE_MAX];
};

/* ---- fakes ---- */

static void ask(const struct check_input *in, struct findings *out)
{
	struct lists *l = in->service;
	struct finding *f = findings_add(out, "blocked");

	l->asked++;
	f->outcome = l->blocked;
	f->detail = l->broken ? "internal" : l->class;
	f->shadow = l->shadow;
	if (l->only_for[0] != '\0' &&
		(in->envelope == NULL ||
			strcmp(in->envelope->rcpt_domain, l->only_for) != 0))
		f->outcome = OUTCOME_MISS;
	if (f->outcome == OUTCOME_HIT) {
		f->subject = slice_of("rp:block:192.0.2.1");
		f->evidence = slice_of("spam run");
	}
}

static const struct pipeline_step steps[] = {
	{ STAGE_CONNECT, true, SERVICE_BLOCKLIST, ask },
	{ STAGE_RCPT, false, SERVICE_BLOCKLIST, ask },
};

/* Finds SPF of the sender to pass, and asks nobody for it. */
static enum check_progress find_spf(
	const struct check_input *in, struct findings *out)
{
	if (out == NULL)
		return CHECK_DONE;
	in->auth->mailfrom = (struct spf_fact){ .result = AUTH_PASS,
		.domain = in->envelope->sender.domain };
	findings_add(out, "spf")->outcome = OUTCOME_MISS;
	return CHECK_DONE;
}

static const struct pipeline_check checks[] = {
	{ .name = "spf",
		.begin = STAGE_MAIL,
		.await = STAGE_END,
		.step = find_spf },
};

/* Looks at the message without DNS. */
static enum check_progress look(
	const struct check_input *in, struct findings *out)
{
	struct finding *f;

	if (out == NULL)
		return CHECK_DONE;
	f = findings_add(out, "headers");
	f->outcome = OUTCOME_HIT;
	f->detail = message_count(in->message, slice_of("Date")) == 0
		? "missing_date"
		: "bad_date";
	f->evidence = slice_of(in->body_ended ? "whole" : "no body");
	return CHECK_DONE;
}

static bool take_body(const struct check_input *in, struct slice piece)
{
	(void)in;
	(void)piece;
	return true;
}

static const struct pipeline_check both[] = {
	{ .name = "spf",
		.begin = STAGE_MAIL,
		.await = STAGE_END,
		.step = find_spf },
	{ .name = "headers",
		.begin = STAGE_EOH,
		.await = STAGE_END,
		.step = look,
		.body = take_body },
};

static void refer(void *at, const struct ipaddr *ip, const char *code,
	struct slice subject, char ref[CASE_REF_MAX], bool *is_new)
{
	struct cases *c = at;

	(void)ip;
	(void)code;
	(void)subject;
	*is_new = c->made++ == 0;
	snprintf(ref, CASE_REF_MAX, "%s", "7K3M9QXB2HTD4FZ6T");
}

static enum result record(void *at, const char ref[CASE_REF_MAX], bool is_new,
	const struct case_facts *facts)
{
	struct cases *c = at;

	(void)ref;
	(void)is_new;
	c->recorded++;
	snprintf(c->last, sizeof(c->last), "%s %s %s %s %.*s", facts->code,
		facts->action, facts->stage, facts->mode,
		SLICE_ARG(facts->rcpt_domain));
	return c->result;
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
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/run/x/s\" "
		"trusted = {\"198.51.100.0/24\"} message_memory = 65536 }\n"
		"redis { servers = {\"unix:/run/x/r\"} }\n%s%s\n",
		strstr(more, "auth {") == NULL ? "auth { enabled = no }\n" : "",
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
	w->lists = (struct lists){
		.blocked = OUTCOME_MISS, .class = "self", .only_for = ""
	};
	w->pipeline = (struct pipeline){ .steps = steps, .count = 2 };
	w->pipeline.service[SERVICE_BLOCKLIST] = &w->lists;
	w->work = (struct casework){ refer, record, &w->cases };
	assert_int_equal(telemetry_init(&w->telemetry), RES_OK);
	w->env = (struct session_env){ .clock = clock_system(),
		.pipeline = &w->pipeline,
		.cases = &w->work,
		.telemetry = &w->telemetry };
	w->conf = load(conf);
	w->session = session_new(&w->env, w->conf);
	assert_non_null(w->session);
	session_allow(w->session,
		SESSION_MAY_INSERT | SESSION_MAY_DELETE |
			SESSION_MAY_QUARANTINE);
	fake_mta_init(&w->mta);
	return w;
}

static void world_free(struct world *w)
{
	session_free(w->session);
	assert_int_equal(atomic_load(&w->telemetry.open_sessions), 0);
	conf_release(w->conf);
	telemetry_clear(&w->telemetry);
	fake_mta_clear(&w->mta);
	log_open(&(struct log_options){ .ident = "test" });
	close(w->log_fd);
	unlink(w->log_path);
	rmdir(w->folder);
	free(w);
}

static void connect_from(struct world *w, const char *ip, uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct session_peer peer = { .sa = (const struct sockaddr *)&sa,
		.hostname = slice_of("mail.example.com") };

	assert_int_equal(inet_pton(AF_INET, ip, &sa.sin_addr), 1);
	session_connect(w->session, &peer);
	session_helo(w->session, slice_of("helo.example.com"));
}

static void mail(struct world *w, const char *sender)
{
	session_mail(w->session, slice_of(sender), slice_of(""), slice_of(""));
}

static enum answer rcpt(struct world *w, const char *to)
{
	return session_rcpt(w->session, slice_of(to), &w->mta.mta);
}

static enum answer end(struct world *w)
{
	return session_end(w->session, &w->mta.mta);
}

/* The next line that was logged, without what syslog puts in front, or "". */
static const char *logged(struct world *w)
{
	ssize_t n = recv(w->log_fd, w->line, sizeof(w->line) - 1, 0);
	const char *at;

	if (n < 0)
		return "";
	w->line[n] = '\0';
	at = strstr(w->line, "verdict ");
	return at == NULL ? w->line : at;
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, text);
}

static void assert_counted(struct world *w, const char *line)
{
	struct buf out;

	buf_init(&out, 65536);
	metrics_format(w->telemetry.metrics, &out);
	assert_has(buf_text(&out), line);
	buf_clear(&out);
}

static const char self_line[] =
	"reply 554 5.7.1 Access denied, sending IP [192.0.2.1] is on our "
	"block list; to request removal visit "
	"https://postmaster.example.net/r/7K3M9QXB2HTD4FZ6T\n";

/* ---- tests ---- */

static void refuses_a_listed_client(void **state)
{
	struct world *w = world_new("");
	const char *line;

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<ann@example.net>"), ANSWER_REJECT);
	assert_string_equal(buf_text(&w->mta.said), self_line);
	line = logged(w);
	assert_has(line, "verdict stage=rcpt session=");
	assert_has(line,
		" ip=192.0.2.1 host=mail.example.com "
		"helo=helo.example.com from_domain=sender.example "
		"rcpt=example.net action=reject would_be=reject "
		"mode=enforce code=BLOCKED_SELF reply=\"554 5.7.1\" "
		"ref=7K3M9QXB2HTD4FZ6T check=blocked "
		"key=rp:block:192.0.2.1 reason=\"spam run\" "
		"score=0.0 judged=yes");
	assert_null(strstr(line, "joe"));
	assert_null(strstr(line, "ann"));
	assert_string_equal(logged(w), "");
	assert_string_equal(
		w->cases.last, "BLOCKED_SELF reject rcpt enforce example.net");
	assert_counted(w, "reprieve_recipients_total{action=\"reject\"} 1\n");
	world_free(w);
}

static void an_edit_shows_at_the_next_rcpt(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_REJECT);
	w->lists.blocked = OUTCOME_MISS;
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	w->lists.blocked = OUTCOME_HIT;
	assert_int_equal(rcpt(w, "<b@example.net>"), ANSWER_REJECT);
	/* Once at connect, to warm; then for each recipient. */
	assert_int_equal(w->lists.asked, 4);
	world_free(w);
}

static void one_list_for_one_domain(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	w->lists.only_for = "example.org";
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(rcpt(w, "<a@Example.ORG.>"), ANSWER_REJECT);
	world_free(w);
}

struct results {
	const char *conf;
	const char *said; /* at the end of a message */
};

static void writes_results(void **state)
{
	const struct results *row = *state;
	struct world *w = world_new(row->conf);

	w->pipeline.checks = checks;
	w->pipeline.check_count = 1;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_string_equal(buf_text(&w->mta.said), row->said);
	assert_has(logged(w), " spf=pass ");
	world_free(w);
}

#define STAMPED                                         \
	"insert X-Reprieve: action=accept; score=0.0; " \
	"host=mx.example.net\n"
#define RESULTS                                              \
	"insert Authentication-Results: mx.example.net;\n\t" \
	"spf=pass smtp.mailfrom=joe@sender.example\n"

static const struct results with_received = {
	"auth { enabled = yes received_spf = yes }",
	STAMPED "insert Received-SPF: pass (mx.example.net: sender.example "
		"permits 192.0.2.1)\n\tclient-ip=\"192.0.2.1\"; "
		"envelope-from=\"joe@sender.example\";\n\t"
		"receiver=\"mx.example.net\"; identity=mailfrom\n" RESULTS
};

static const struct results without_received = {
	"auth { enabled = yes received_spf = no }", STAMPED RESULTS
};

/* auth.enabled = no leaves out authentication, and nothing else. */
static void heuristics_need_no_authentication(void **state)
{
	struct world *w =
		world_new("check \"headers\" { missing_date = \"score 5\" }\n");
	const char *line;

	(void)state;
	w->pipeline.checks = both;
	w->pipeline.check_count = 2;
	w->pipeline.auth_count = 1;
	assert_true(session_wants_body(w->session));
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	session_header(w->session, slice_of("Subject"), slice_of(" x"));
	session_end_of_header(w->session);
	assert_true(session_body(w->session, slice_of("x\r\n")));
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_has(buf_text(&w->mta.said), "X-Reprieve: action=mark; ");
	assert_null(strstr(buf_text(&w->mta.said), "Authentication-Results"));
	line = logged(w);
	assert_has(line, "check=headers reason=whole");
	assert_null(strstr(line, " spf="));
	world_free(w);
}

struct unjudged {
	const char *ip; /* NULL: no address, "unix": a unix socket */
	uint16_t port;
	const char *auth;
	const char *why;
};

static void leaves_alone(void **state)
{
	const struct unjudged *row = *state;
	struct world *w = world_new("");
	struct sockaddr sa = { .sa_family = AF_UNIX };
	struct session_peer peer = { .sa = row->ip == NULL ? NULL : &sa };
	char want[64];

	w->lists.blocked = OUTCOME_HIT;
	if (row->ip == NULL || strcmp(row->ip, "unix") == 0)
		session_connect(w->session, &peer);
	else
		connect_from(w, row->ip, row->port);
	session_mail(w->session, slice_of("<joe@sender.example>"),
		slice_of(row->auth), slice_of("joe"));
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	session_header(w->session, slice_of("X-Reprieve"), slice_of(" x"));
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_string_equal(buf_text(&w->mta.said), "");
	snprintf(want, sizeof(want), "judged=no why=%s", row->why);
	assert_has(logged(w), want);
	assert_string_equal(logged(w), "");
	assert_int_equal(w->cases.recorded, 0);
	assert_counted(w, "reprieve_messages_total{action=\"unjudged\"} 1\n");
	world_free(w);
}

static void auth_ends_with_its_transaction(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	session_mail(w->session, slice_of("<a@b.example>"), slice_of("PLAIN"),
		slice_of("joe"));
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_REJECT);
	world_free(w);
}

static void postmaster_is_reachable(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<postmaster>"), ANSWER_CONTINUE);
	assert_int_equal(rcpt(w, "<Postmaster@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(rcpt(w, "<ann@example.net>"), ANSWER_REJECT);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_has(logged(w), "stage=rcpt");
	assert_has(logged(w), "stage=eom");
	world_free(w);
}

static void without_connect_it_is_our_error(void **state)
{
	struct world *w = world_new("");

	(void)state;
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_TEMPFAIL);
	assert_has(buf_text(&w->mta.said), "reply 451 4.3.0 Internal error");
	assert_int_equal(end(w), ANSWER_TEMPFAIL);
	assert_int_equal(end(w), ANSWER_TEMPFAIL);
	session_abort(w->session);
	session_abort(w->session);
	world_free(w);
}

static void a_broken_check_is_our_error(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->lists.blocked = OUTCOME_UNKNOWN;
	w->lists.broken = true;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_TEMPFAIL);
	assert_has(logged(w), "code=INTERNAL");
	world_free(w);
}

/* What the checks of the message have seen points to the name. */
static void a_second_greeting_ends_the_transaction(void **state)
{
	struct world *w = world_new("");

	(void)state;
	connect_from(w, "192.0.2.1", 4321);
	session_helo(w->session, slice_of("no name"));
	mail(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	session_header(w->session, slice_of("x-reprieve"), slice_of(" x"));
	session_end_of_header(w->session);
	session_helo(w->session, slice_of("another"));
	assert_int_equal(session_end(w->session, &w->mta.mta), ANSWER_CONTINUE);
	assert_null(strstr(buf_text(&w->mta.said), "delete"));
	world_free(w);
}

static void a_full_arena_is_our_error(void **state)
{
	struct world *w = world_new("");
	char *sender = malloc(80000);

	(void)state;
	assert_non_null(sender);
	memset(sender, 'a', 80000);
	connect_from(w, "192.0.2.1", 4321);
	session_mail(w->session, slice_make(sender, 80000), slice_of(""),
		slice_of(""));
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_TEMPFAIL);
	mail(w, "<joe@sender.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(session_rcpt(w->session, slice_make(sender, 80000),
				 &w->mta.mta),
		ANSWER_CONTINUE);
	free(sender);
	world_free(w);
}

static void stamps_after_removing_forgeries(void **state)
{
	struct world *w = world_new("");

	(void)state;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	session_header(w->session, slice_of("X-Reprieve"), slice_of(" x"));
	session_header(w->session, slice_of("Subject"), slice_of(" x"));
	session_header(w->session, slice_of("x-reprieve"), slice_of(" x"));
	session_header(w->session, slice_of("X-REPRIEVE"), slice_of(" x"));
	session_header(w->session, slice_of("X-Reprieve "), slice_of(" x"));
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_string_equal(buf_text(&w->mta.said),
		"delete X-Reprieve 4\ndelete X-Reprieve 3\n"
		"delete X-Reprieve 2\ndelete X-Reprieve 1\n"
		"insert X-Reprieve: action=accept; score=0.0; "
		"host=mx.example.net\n");
	fake_mta_forget(&w->mta);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	w->mta.mta.drops_blank = true;
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_string_equal(buf_text(&w->mta.said),
		"insert X-Reprieve:action=accept; score=0.0; "
		"host=mx.example.net\n");
	world_free(w);
}

static void a_flood_of_forgeries_waits(void **state)
{
	struct world *w = world_new("");

	(void)state;
	/* milter.headers_max is 1000. */
	for (unsigned count = 1000; count <= 1001; count++) {
		connect_from(w, "192.0.2.1", 4321);
		mail(w, "<a@b.example>");
		assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
		for (unsigned i = 0; i < count; i++)
			session_header(w->session, slice_of("X-Reprieve"),
				slice_of(" x"));
		assert_int_equal(end(w),
			count > 1000 ? ANSWER_TEMPFAIL : ANSWER_CONTINUE);
		fake_mta_forget(&w->mta);
	}
	world_free(w);
}

static void asks_only_what_was_agreed(void **state)
{
	struct world *w =
		world_new("check \"blocked\" { hit = \"quarantine\" }\n");

	(void)state;
	session_allow(w->session, 0);
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	session_header(w->session, slice_of("X-Reprieve"), slice_of(" x"));
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_string_equal(buf_text(&w->mta.said), "");
	world_free(w);
}

static void monitor_lets_pass_and_tells(void **state)
{
	struct world *w = world_new("mode = \"monitor\"\n");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	assert_string_equal(
		w->cases.last, "BLOCKED_SELF reject rcpt monitor example.net");
	w->mta.queue_id = "4XyZ";
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_string_equal(buf_text(&w->mta.said),
		"insert X-Reprieve: action=accept; would_be=reject; "
		"mode=monitor; ref=7K3M9QXB2HTD4FZ6T; score=0.0; "
		"host=mx.example.net\n");
	assert_has(logged(w),
		"rcpt=example.net action=accept would_be=reject "
		"mode=monitor code=BLOCKED_SELF "
		"ref=7K3M9QXB2HTD4FZ6T check=blocked "
		"key=rp:block:192.0.2.1 reason=\"spam run\" "
		"queue_id=4XyZ score=0.0 accepted=1 refused=0 "
		"judged=yes");
	assert_string_equal(logged(w), "");
	assert_counted(w, "reprieve_would_refuse_total 1\n");
	world_free(w);
}

static void a_monitored_hit_without_message_is_told(void **state)
{
	struct world *w = world_new("mode = \"monitor\"\n");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	session_abort(w->session);
	assert_has(logged(w), "verdict stage=abort");
	session_abort(w->session);
	assert_string_equal(logged(w), "");
	world_free(w);
}

static void shadow_lets_pass_and_tells(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	w->lists.shadow = true;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_has(
		buf_text(&w->mta.said), "would_be=reject; mode=shadow; ref=");
	assert_int_equal(w->cases.recorded, 1);
	world_free(w);
}

static void holds_at_the_end(void **state)
{
	struct world *w =
		world_new("check \"blocked\" { hit = \"quarantine\" }\n");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	assert_string_equal(buf_text(&w->mta.said), "");
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_string_equal(buf_text(&w->mta.said),
		"insert X-Reprieve: action=quarantine; "
		"ref=7K3M9QXB2HTD4FZ6T; score=0.0; host=mx.example.net\n"
		"hold reprieve 7K3M9QXB2HTD4FZ6T\n");
	assert_counted(w, "reprieve_messages_total{action=\"quarantine\"} 1\n");
	world_free(w);
}

static void other_treatment_needs_another_transaction(void **state)
{
	struct world *w =
		world_new("check \"blocked\" { hit = \"quarantine\" }\n");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	w->lists.only_for = "example.org";
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(rcpt(w, "<a@example.org>"), ANSWER_TEMPFAIL);
	assert_has(buf_text(&w->mta.said),
		"reply 452 4.5.3 Send this recipient in a separate "
		"transaction");
	assert_int_equal(rcpt(w, "<b@example.net>"), ANSWER_CONTINUE);
	fake_mta_forget(&w->mta);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_has(buf_text(&w->mta.said), "action=accept");
	world_free(w);
}

static void unread_lists_are_told(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->lists.blocked = OUTCOME_UNKNOWN;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_has(buf_text(&w->mta.said), "unchecked=lists");
	assert_has(logged(w), "unchecked=lists");
	world_free(w);
}

static void a_strict_site_lets_unread_lists_wait(void **state)
{
	struct world *w =
		world_new("lists { on_redis_error = \"tempfail\" }\n");

	(void)state;
	w->lists.blocked = OUTCOME_UNKNOWN;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_TEMPFAIL);
	assert_has(buf_text(&w->mta.said), "reply 451 4.3.0 Our lists cannot");
	world_free(w);
}

static void hostile_greeting_reaches_nothing(void **state)
{
	struct world *w = world_new("");
	const char *line;

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	session_helo(w->session, slice_of("x\r\n250 ok\x1b[2J%n"));
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_REJECT);
	assert_string_equal(buf_text(&w->mta.said), self_line);
	line = logged(w);
	assert_has(line, "helo=\"x\\x0d\\x0a250 ok\\x1b[2J%n\"");
	for (const char *at = line; *at != '\0'; at++)
		assert_in_range(*at, 0x20, 0x7e);
	world_free(w);
}

static void two_hundred_recipients(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	for (int i = 0; i < 200; i++) {
		char to[64];

		snprintf(to, sizeof(to), "<user%d@example.net>", i);
		assert_int_equal(rcpt(w, to), ANSWER_REJECT);
		assert_has(logged(w), "stage=rcpt");
		assert_string_equal(logged(w), "");
	}
	world_free(w);
}

static void a_full_queue_does_not_change_the_answer(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->lists.blocked = OUTCOME_HIT;
	w->cases.result = RES_FULL;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_REJECT);
	assert_string_equal(buf_text(&w->mta.said), self_line);
	world_free(w);
}

static void an_mta_that_takes_nothing_changes_no_verdict(void **state)
{
	struct world *w = world_new("");

	(void)state;
	w->mta.refuses = true;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 4321);
	mail(w, "<a@b.example>");
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_REJECT);
	w->lists.blocked = OUTCOME_MISS;
	assert_int_equal(rcpt(w, "<a@example.net>"), ANSWER_CONTINUE);
	session_header(w->session, slice_of("X-Reprieve"), slice_of(" x"));
	assert_int_equal(end(w), ANSWER_CONTINUE);
	world_free(w);
}

/* ---- a proof by a message to delist+TOKEN ---- */

struct shown {
	unsigned count;
	char client[IPADDR_TEXT_MAX];
	char token[TOKEN_TEXT_MAX];
	bool is_away; /* it cannot be asked */
};

static bool show_proof(
	void *at, const struct ipaddr *client, const char token[TOKEN_TEXT_MAX])
{
	struct shown *s = at;

	s->count++;
	ipaddr_format(client, s->client);
	snprintf(s->token, sizeof(s->token), "%s", token);
	return !s->is_away;
}

static void make_token(char token[TOKEN_TEXT_MAX], char *rcpt, size_t size)
{
	const struct secret secret = { .len = 16 };

	assert_int_equal(
		token_make(&secret, TOKEN_ADDRESS, slice_of("id"), token),
		RES_OK);
	snprintf(rcpt, size, "<DeList+%s@mx.example.net>", token);
}

static void a_listed_address_proves_itself(void **state)
{
	struct world *w = world_new("");
	struct shown shown = { .count = 0 };
	const struct proof proof = { show_proof, &shown };
	char token[TOKEN_TEXT_MAX], to[100];

	(void)state;
	make_token(token, to, sizeof(to));
	w->env.proof = &proof;
	w->lists.blocked = OUTCOME_HIT;
	connect_from(w, "192.0.2.1", 1025);
	mail(w, "<a@example.com>");
	assert_int_equal(rcpt(w, to), ANSWER_CONTINUE);
	assert_int_equal(shown.count, 0); /* a caller may only be trying */
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_int_equal(shown.count, 1);
	assert_string_equal(shown.client, "192.0.2.1");
	assert_string_equal(shown.token, token);
	mail(w, "<a@example.com>");
	assert_int_equal(rcpt(w, "<delist@mx.example.net>"), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_int_equal(shown.count, 1);
	world_free(w);
}

static void a_proof_that_cannot_be_taken_comes_again(void **state)
{
	struct world *w = world_new("");
	struct shown shown = { .is_away = true };
	const struct proof proof = { show_proof, &shown };
	char token[TOKEN_TEXT_MAX], to[100];

	(void)state;
	make_token(token, to, sizeof(to));
	w->env.proof = &proof;
	connect_from(w, "192.0.2.1", 1025);
	mail(w, "<a@example.com>");
	assert_int_equal(rcpt(w, to), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_TEMPFAIL);
	assert_int_equal(shown.count, 1);
	world_free(w);
}

static void a_bounce_proves_nothing(void **state)
{
	struct world *w = world_new("");
	struct shown shown = { .count = 0 };
	const struct proof proof = { show_proof, &shown };
	char token[TOKEN_TEXT_MAX], to[100];

	(void)state;
	make_token(token, to, sizeof(to));
	w->env.proof = &proof;
	connect_from(w, "192.0.2.1", 1025);
	mail(w, "<>");
	assert_int_equal(rcpt(w, to), ANSWER_CONTINUE);
	assert_int_equal(end(w), ANSWER_CONTINUE);
	assert_int_equal(shown.count, 0);
	world_free(w);
}

int main(void)
{
	static const struct unjudged null_address = { NULL, 0, "", "local" };
	static const struct unjudged unix_socket = { "unix", 0, "", "local" };
	static const struct unjudged port_zero = { "192.0.2.1", 0, "",
		"local" };
	static const struct unjudged trusted = { "198.51.100.9", 25, "",
		"trusted" };
	static const struct unjudged auth = { "192.0.2.1", 25, "PLAIN",
		"authenticated" };
	const struct CMUnitTest cases[] = {
		CASE("results of authentication stand on top", writes_results,
			&without_received),
		CASE("Received-SPF stands below them, and says the same",
			writes_results, &with_received),
		CASE("a listed client is refused, told and logged once",
			refuses_a_listed_client, NULL),
		CASE("an edit of a list shows at the next recipient",
			an_edit_shows_at_the_next_rcpt, NULL),
		CASE("a list of one recipient domain is for it alone",
			one_list_for_one_domain, NULL),
		CASE("without authentication the other checks run",
			heuristics_need_no_authentication, NULL),
		CASE("a client without an address is local", leaves_alone,
			&null_address),
		CASE("a client on a unix socket is local", leaves_alone,
			&unix_socket),
		CASE("a client from port 0 is local", leaves_alone, &port_zero),
		CASE("a trusted client is left alone", leaves_alone, &trusted),
		CASE("an authenticated client is left alone", leaves_alone,
			&auth),
		CASE("authentication ends with its transaction",
			auth_ends_with_its_transaction, NULL),
		CASE("postmaster is reachable from a listed address",
			postmaster_is_reachable, NULL),
		CASE("without a connect the answer is tempfail",
			without_connect_it_is_our_error, NULL),
		CASE("a check that broke is not a listing",
			a_broken_check_is_our_error, NULL),
		CASE("a sender past the memory bound is tempfailed",
			a_full_arena_is_our_error, NULL),
		CASE("a second greeting ends the transaction",
			a_second_greeting_ends_the_transaction, NULL),
		CASE("forged headers go from the highest, ours comes last",
			stamps_after_removing_forgeries, NULL),
		CASE("a message with more forgeries than the bound must wait",
			a_flood_of_forgeries_waits, NULL),
		CASE("nothing is asked that was not agreed on",
			asks_only_what_was_agreed, NULL),
		CASE("monitor lets pass, with log line, case and header",
			monitor_lets_pass_and_tells, NULL),
		CASE("a monitored hit is logged without a message, too",
			a_monitored_hit_without_message_is_told, NULL),
		CASE("an entry in shadow lets pass, with case and header",
			shadow_lets_pass_and_tells, NULL),
		CASE("quarantine waits for the end of the message",
			holds_at_the_end, NULL),
		CASE("a recipient of other treatment comes separately",
			other_treatment_needs_another_transaction, NULL),
		CASE("lists that could not be read show in log and header",
			unread_lists_are_told, NULL),
		CASE("a strict site lets mail wait for its lists",
			a_strict_site_lets_unread_lists_wait, NULL),
		CASE("a hostile greeting reaches neither reply nor log",
			hostile_greeting_reaches_nothing, NULL),
		CASE("two hundred recipients get an answer each",
			two_hundred_recipients, NULL),
		CASE("a full queue of cases does not change the answer",
			a_full_queue_does_not_change_the_answer, NULL),
		CASE("a listed address proves itself by a message",
			a_listed_address_proves_itself, NULL),
		CASE("a proof that cannot be taken comes again",
			a_proof_that_cannot_be_taken_comes_again, NULL),
		CASE("a bounce to that address proves nothing",
			a_bounce_proves_nothing, NULL),
		CASE("an MTA that takes nothing changes no verdict",
			an_mta_that_takes_nothing_changes_no_verdict, NULL),
	};

	return cmocka_run_group_tests_name("judge/session", cases, NULL, NULL);
}
