/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/session: any events in any order, with lists and DNS that say anything.
 *
 * Input: first the configuration, then events, each an octet for its kind, one
 * for what the lists and DNS say, one for the length of its text, and the text.
 * Promises: a refusal sets one reply of its class and nothing else does;
 * forged headers go from the highest down, ours comes once and after them;
 * who is not judged is neither refused nor changed; no session without a
 * connect is refused for good.
 */
#include "auth/arc.h"
#include "auth/dkim.h"
#include "auth/dmarc.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "dns/answer.h"
#include "dns/asker.h"
#include "judge/pipeline.h"
#include "judge/record.h"
#include "judge/session.h"
#include "judge/telemetry.h"
#include "support/fake_mta.h"
#include "t/fuzz/target.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char *const confs[] = { "", "mode = \"monitor\"\n",
	"check \"blocked\" { hit = \"quarantine\" }\n",
	"check \"blocked\" { hit = \"score 5\" unknown = \"mark\" }\n"
	"domain \"b.example\" { mode = \"monitor\" }\n",
	"lists { on_redis_error = \"tempfail\" }\n"
	"check \"blocked\" { hit = \"tempfail\" }\n" };
enum { CONFS = sizeof(confs) / sizeof(confs[0]), EVENTS_MAX = 300 };

struct world {
	uint8_t says; /* what the lists answer next */
	struct slice text;
	struct fake_mta mta;
	struct session *session;
	bool connected;
	bool judged_never; /* local or trusted */
	bool auth;
};

static void ask(const struct check_input *in, struct findings *out)
{
	static const char *const details[] = { "self", "policy", "review",
		"feed", "", "internal" };
	const struct world *w = in->service;
	struct finding *f = findings_add(out, "blocked");

	f->outcome = (enum outcome)(w->says % 3);
	f->shadow = (w->says & 0x40) != 0;
	f->detail = details[(w->says / 3) % 6];
	f->subject = w->text;
	f->evidence = w->text;
	if ((w->says & 0x80) != 0)
		findings_add(out, "allowed")->outcome = OUTCOME_HIT;
}

static void refer(void *at, const struct ipaddr *ip, const char *code,
	struct slice subject, char ref[CASE_REF_MAX], bool *is_new)
{
	(void)at;
	(void)ip;
	(void)code;
	(void)subject;
	*is_new = true;
	memcpy(ref, "7K3M9QXB2HTD4FZ6T", CASE_REF_MAX);
}

static enum result record(void *at, const char ref[CASE_REF_MAX], bool is_new,
	const struct case_facts *facts)
{
	(void)ref;
	(void)is_new;
	(void)facts;
	return ((const struct world *)at)->says % 7 == 0 ? RES_FULL : RES_OK;
}

/* ---- DNS ---- */

/* One string of a TXT, by what the name is for. */
static struct slice rdata_for(struct slice name)
{
	static const char key[] =
		"\x45v=DKIM1; k=ed25519; "
		"p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIuaaNOf4Q=";
	static const char policy[] = "\x12v=DMARC1; p=reject";
	static const char hosts[] = "\x1av=spf1 ip4:192.0.2.7 a -all";

	if (slice_has_prefix(name, slice_of("_dmarc.")))
		return slice_of(policy);
	for (size_t at = 0; at < name.len; at++)
		if (slice_has_prefix(slice_part(name, at, name.len),
			    slice_of("._domainkey.")))
			return slice_of(key);
	return slice_of(hosts);
}

static struct dns_answer *start(void *ctx, struct slice name,
	enum dns_type type, dns_done *done, void *at, void **ticket)
{
	static const enum dns_status statuses[] = { DNS_FOUND, DNS_FOUND,
		DNS_FOUND, DNS_FOUND, DNS_NODATA, DNS_NXDOMAIN, DNS_UNKNOWN };
	const struct world *w = ctx;
	struct slice rdata = rdata_for(name);
	struct dns_answer model = { .status = statuses[w->says % 7] };
	struct dns_answer *answer;

	(void)done;
	(void)at;
	*ticket = NULL;
	if (model.status == DNS_FOUND && type != DNS_TXT)
		rdata = slice_make("\300\0\2\7", 4);
	if (model.status == DNS_UNKNOWN)
		model.why = DNS_WHY_SERVFAIL;
	if (model.status == DNS_FOUND) {
		model.count = 1;
		model.rdata = &rdata;
	}
	answer = dns_answer_new(&model);
	if (answer == NULL)
		abort();
	return answer;
}

static void finish(void *ctx, void *ticket)
{
	(void)ctx;
	(void)ticket;
}

static struct conf *load(const char *more)
{
	struct conf *conf = NULL;
	struct buf text, errors;

	buf_init(&text, 4096);
	buf_init(&errors, 4096);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/run/x/s\" "
		"trusted = {\"198.51.100.0/24\"} message_memory = 65536 }\n"
		"redis { servers = {\"unix:/run/x/r\"} }\n%s",
		more);
	if (conf_load_text("f", buf_slice(&text), &conf, &errors) != RES_OK)
		abort();
	buf_clear(&text);
	buf_clear(&errors);
	return conf;
}

/* What was said beside a refusal: one reply of its class, no more. */
static void check_refusal(struct world *w, enum answer answer)
{
	struct slice said = buf_slice(&w->mta.said);
	struct slice line;
	char class = answer == ANSWER_REJECT ? '5' : '4';

	target_promise(!w->judged_never && !w->auth,
		"who is not judged is not refused");
	target_promise(w->connected || answer == ANSWER_TEMPFAIL,
		"without a connect nothing is refused for good");
	target_promise(slice_cut(&said, '\n', &line) &&
			slice_has_prefix(line, slice_of("reply ")) &&
			line.len > 10 && line.at[6] == class &&
			line.at[10] == class,
		"a refusal has a reply of its class");
	target_promise(line.len - strlen("reply ") + 2 <= 512,
		"the reply is within 512 octets");
	target_promise(slice_is_empty(said), "a refusal says nothing else");
}

/* Forged results go even where nothing else is changed. */
static bool is_only_results(struct slice said)
{
	struct slice line;

	while (slice_cut(&said, '\n', &line))
		if (!slice_has_prefix(
			    line, slice_of("delete Authentication-Results ")))
			return false;
	return true;
}

/* Which of our fields a line inserts, from 0, or a negative number. */
static int insertion(struct slice line)
{
	static const char *const names[] = { "insert X-Reprieve:",
		"insert Received-SPF:", "insert Authentication-Results:" };

	for (int i = 0; i < 3; i++)
		if (slice_has_prefix(line, slice_of(names[i])))
			return i;
	return -1;
}

static void check_header(struct slice said)
{
	int inserted = -1, count = 0;
	struct slice line;

	while (slice_cut(&said, '\n', &line)) {
		if (slice_has_prefix(line, slice_of("delete ")))
			target_promise(count == 0, "deletions come first");
		else if (insertion(line) > inserted && ++count > 0)
			inserted = insertion(line);
		else if (count == 0 || !slice_has_prefix(line, slice_of("\t")))
			target_promise(
				slice_has_prefix(line, slice_of("hold ")),
				"nothing but headers and hold");
	}
	target_promise(inserted == 2 && count >= 2,
		"each of our headers once, the results on top");
}

static void check_pass(struct world *w, bool at_end)
{
	struct slice said = buf_slice(&w->mta.said);

	if (!at_end || w->judged_never || w->auth) {
		target_promise(w->auth && at_end && !w->judged_never
				? is_only_results(said)
				: slice_is_empty(said),
			"nothing is said where nothing is to say");
		return;
	}
	check_header(said);
}

static void check(struct world *w, enum answer answer, bool at_end)
{
	if (answer != ANSWER_CONTINUE)
		check_refusal(w, answer);
	else
		check_pass(w, at_end);
	fake_mta_forget(&w->mta);
}

static void do_connect(struct world *w)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	struct session_peer peer = { .hostname = w->text,
		.ptr = w->text,
		.resolve = w->text,
		.daemon = w->text };
	bool known = w->says % 4 != 0;

	sa.sin_port = htons(w->says % 4 == 1 ? 0 : 25);
	sa.sin_addr.s_addr =
		htonl(w->says % 4 == 2 ? 0xc6336407U : 0xc0000207U);
	if (known)
		peer.sa = (const struct sockaddr *)&sa;
	session_connect(w->session, &peer);
	w->connected = true;
	w->auth = false;
	w->judged_never = w->says % 4 != 3;
}

/* What checks see of a message. */
static void show(struct world *w, uint8_t kind)
{
	static const char *const names[] = { "From", "DKIM-Signature",
		"ARC-Seal", "ARC-Message-Signature",
		"ARC-Authentication-Results", "Subject" };

	switch (kind % 3) {
	case 0:
		session_header(
			w->session, slice_of(names[w->says % 6]), w->text);
		break;
	case 1:
		session_end_of_header(w->session);
		break;
	default:
		(void)session_body(w->session, w->text);
	}
}

static void play(struct world *w, uint8_t kind)
{
	if (kind >= 0xc0) {
		show(w, kind);
		return;
	}
	switch (kind % 8) {
	case 0:
		do_connect(w);
		break;
	case 1:
		session_helo(w->session, w->text);
		w->auth = false;
		break;
	case 2:
		w->auth = w->says % 5 == 0;
		session_mail(w->session, w->text,
			slice_of(w->auth ? "PLAIN" : ""), w->text);
		break;
	case 3:
		check(w, session_rcpt(w->session, w->text, &w->mta.mta), false);
		break;
	case 4:
		session_header(w->session,
			w->says % 2 == 0 ? slice_of("x-reprieve")
					 : slice_of("authentication-results"),
			w->text);
		break;
	case 5:
		check(w, session_end(w->session, &w->mta.mta), true);
		w->auth = false;
		break;
	case 6:
		session_abort(w->session);
		w->auth = false;
		break;
	default:
		check(w,
			session_rcpt(w->session, slice_of("<postmaster@x>"),
				&w->mta.mta),
			false);
	}
}

static void run(struct world *w, const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size);

	for (int i = 0; i < EVENTS_MAX && all.len >= 3; i++) {
		uint8_t kind = (uint8_t)all.at[0];
		size_t len = (uint8_t)all.at[2];

		w->says = (uint8_t)all.at[1];
		w->text = slice_part(all, 3, len);
		all = slice_part(all, 3 + w->text.len, all.len);
		play(w, kind);
	}
}

/* Once a process, too. */
static void open_services(struct pipeline *p)
{
	static struct dkim_service *dkim;
	static struct arc *arc;
	static struct dmarc_service dmarc;

	if (dkim == NULL &&
		(dkim_service_open(8, &dkim) != RES_OK ||
			arc_open(8, NULL, &arc) != RES_OK))
		abort();
	p->service[SERVICE_DKIM] = dkim;
	p->service[SERVICE_ARC] = arc;
	p->service[SERVICE_DMARC] = &dmarc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pipeline_step steps[] = {
		{ STAGE_CONNECT, true, SERVICE_BLOCKLIST, ask },
		{ STAGE_RCPT, false, SERVICE_BLOCKLIST, ask },
	};
	struct world w = { .says = 0 };
	struct pipeline pipeline;
	const struct casework cases = { refer, record, &w };
	struct telemetry telemetry;
	const struct dns_source dns = { start, finish, &w };
	struct session_env env = { .clock = clock_system(),
		.dns = &dns,
		.pipeline = &pipeline,
		.cases = &cases,
		.telemetry = &telemetry };
	static struct conf *loaded[CONFS]; /* once a process: it is slow */
	struct conf *conf;

	if (size < 1)
		return 0;
	/* Lines go nowhere. */
	log_open(&(struct log_options){ .ident = "fuzz",
		.target = LOG_TO_SYSLOG,
		.level = LOG_LEVEL_INFO,
		.socket = "/nonexistent/log" });
	if (telemetry_init(&telemetry) != RES_OK)
		abort();
	pipeline_init(&pipeline);
	pipeline.steps = steps;
	pipeline.count = 2;
	pipeline.service[SERVICE_BLOCKLIST] = &w;
	open_services(&pipeline);
	if (loaded[data[0] % CONFS] == NULL)
		loaded[data[0] % CONFS] = load(confs[data[0] % CONFS]);
	conf = loaded[data[0] % CONFS];
	fake_mta_init(&w.mta);
	w.session = session_new(&env, conf);
	if (w.session == NULL)
		abort();
	session_allow(w.session,
		SESSION_MAY_INSERT | SESSION_MAY_DELETE |
			SESSION_MAY_QUARANTINE);
	run(&w, data + 1, size - 1);
	session_free(w.session);
	fake_mta_clear(&w.mta);
	telemetry_clear(&telemetry);
	return 0;
}
