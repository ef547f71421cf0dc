/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reprievectl test-message: what would the milter do with this message?
 *
 * The milter's own judge (judge/trial), with its configuration, its lists from
 * Redis, and DNS of now.
 */
#include "auth/arcseal.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/authout.h"
#include "ctl/dnswatch.h"
#include "ctl/infile.h"
#include "ctl/listcopy.h"
#include "ctl/meaning.h"
#include "ctl/savedmail.h"
#include "dns/resolver.h"
#include "judge/services.h"
#include "judge/trial.h"
#include "store/modelcopy.h"

#include <stdio.h>
#include <string.h>

enum { SIZE_DEFAULT = 50 << 20, WHY_MAX = 1024, RCPT_MAX = 512 };

/* ---- the answer ---- */

/* What a person reads first. */
static void say_summary(struct output *o, const struct trial *t)
{
	const struct trial_verdict *v = t->rcpt.is_refused ? &t->rcpt : &t->end;
	const char *where =
		t->rcpt.is_refused ? "the recipient" : "the message";

	if (!t->end.is_judged) {
		output_say(o,
			"not judged: mail from this client is let "
			"through (milter.trusted)");
		return;
	}
	if (v->is_refused)
		output_say(o, "%s would be %s", where,
			strcmp(v->action, "reject") == 0 ? "REFUSED"
							 : "DEFERRED");
	else
		output_say(
			o, "the message would be accepted (%s)", t->end.action);
	if (!v->is_refused && strcmp(v->action, v->would_be) != 0)
		output_say(o, "in force the rules would say %s (mode %s)",
			v->would_be, v->mode);
}

static void say_verdict(
	struct output *o, const char *key, const struct trial_verdict *v)
{
	char score[32];

	if (!v->is_judged)
		return;
	output_open(o, key, OUTPUT_BLOCK);
	output_text(o, "action", slice_of(v->action));
	output_text(o, "would_be", slice_of(v->would_be));
	output_text(o, "mode", slice_of(v->mode));
	output_text(o, "code", slice_of(v->code));
	output_text(o, "reply", buf_slice(&v->reply));
	output_text(o, "reason", buf_slice(&v->reason));
	snprintf(score, sizeof(score), "%.1f", v->score);
	output_text(o, "score", slice_of(score));
	output_text(o, "policy", buf_slice(&v->policy));
	if (v->is_exempt)
		output_bool(o, "exempt", true);
	if (v->is_unchecked)
		output_bool(o, "unchecked", true);
	authout_lines(o, "findings", buf_slice(&v->findings));
	meaning_say(o, buf_slice(&v->findings));
	output_close(o);
}

static void say_auth(struct output *o, const struct trial *t)
{
	struct slice field[CASEAUTH_COUNT];

	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		field[i] = buf_slice(&t->auth[i]);
	authout_say(o, field);
}

static void say_question(struct output *o, const struct dnswatch_question *q)
{
	const char *why = dns_why_text(q->why);

	output_open(o, NULL, OUTPUT_BLOCK);
	output_text(o, "name", slice_make(q->name, q->name_len));
	output_text(o, "type", slice_of(dns_type_name(q->type)));
	output_text(o, "answer",
		slice_of(q->is_answered ? dns_status_name(q->status)
					: "no answer in time"));
	if (q->count > 0)
		output_number(o, "records", (int64_t)q->count);
	if (q->is_secure)
		output_bool(o, "dnssec", true);
	output_text(o, "why", slice_of(why));
	output_text(o, "text", slice_make(q->text, q->text_len));
	output_close(o);
}

static void say_questions(struct output *o, const struct dnswatch *w)
{
	if (dnswatch_count(w) == 0)
		return;
	output_open(o, "questions", OUTPUT_TABLE);
	for (size_t i = 0; i < dnswatch_count(w); i++)
		say_question(o, dnswatch_at(w, i));
	output_close(o);
}

static enum ctl_exit say(
	struct output *o, const struct trial *t, const struct dnswatch *w)
{
	say_summary(o, t);
	say_verdict(o, "recipient", &t->rcpt);
	say_verdict(o, "message", &t->end);
	say_auth(o, t);
	authout_lines(o, "inserted", buf_slice(&t->inserted));
	authout_lines(o, "removed", buf_slice(&t->removed));
	output_text(o, "held", buf_slice(&t->held));
	say_questions(o, w);
	return t->rcpt.is_refused || t->end.is_refused ? CTL_NO : CTL_DONE;
}

/* ---- the trial ---- */

static enum ctl_exit try(struct ctl *ctl, struct trial_question *q,
	const struct services *services)
{
	struct dnswatch *w = dnswatch_open(resolver_source(services->resolver));
	enum ctl_exit code = CTL_DOWN;
	struct trial t;

	if (w == NULL) {
		output_error(ctl->out, "no memory");
		return CTL_DOWN;
	}
	q->dns = dnswatch_source(w);
	q->pipeline = &services->pipeline;
	if (trial_run(&t, q) == RES_OK)
		code = say(ctl->out, &t, w);
	else
		output_error(ctl->out, "no memory");
	trial_clear(&t);
	dnswatch_close(w);
	return code;
}

static enum ctl_exit open_services(
	struct services *s, struct ctl *ctl, const struct listcopy *copy)
{
	struct buf why;
	enum result res;

	buf_init(&why, WHY_MAX);
	res = services_open(s, ctl->conf, copy->mirror, copy->list);
	if (res == RES_OK)
		res = services_start(s, ctl->conf, clock_system(), &why);
	/* Its thread may come too late; what it cannot read it says. */
	if (res == RES_OK && ctl->conf->content.enabled)
		(void)!modelcopy_look(s->model);
	if (res != RES_OK)
		output_error(ctl->out, "cannot judge (%s): %s",
			result_name(res), buf_text(&why));
	buf_clear(&why);
	return res == RES_OK ? CTL_DONE : CTL_DOWN;
}

static enum ctl_exit open_seal(struct ctl *ctl, struct arcseal **seal)
{
	struct buf why;
	enum result res;

	buf_init(&why, WHY_MAX);
	res = arcseal_open(&ctl->conf->arc, &why, seal);
	if (res != RES_OK)
		output_error(ctl->out, "arc.key: %s", buf_text(&why));
	buf_clear(&why);
	return res == RES_OK ? CTL_DONE : CTL_USAGE;
}

static enum ctl_exit with_services(struct ctl *ctl, struct trial_question *q)
{
	struct services services = { .resolver = NULL };
	struct arcseal *seal = NULL;
	struct listcopy copy;
	enum ctl_exit code = listcopy_open(&copy, ctl);

	if (code == CTL_DONE)
		code = open_services(&services, ctl, &copy);
	if (code == CTL_DONE)
		code = open_seal(ctl, &seal);
	q->seal = seal;
	if (code == CTL_DONE)
		code = try(ctl, q, &services);
	arcseal_close(seal);
	services_close(&services);
	listcopy_close(&copy);
	return code;
}

/* ---- the words ---- */

static bool read_mail(struct ctl *ctl, const struct args *args,
	struct buf *text, struct savedmail *mail)
{
	struct buf why;
	enum result res;

	buf_init(text, (size_t)args_number(args, "max-size", SIZE_DEFAULT));
	buf_init(&why, WHY_MAX);
	res = infile_read(args->word[0], text, &why);
	if (res == RES_TOOBIG)
		buf_add_text(&why, " (--max-size)");
	if (res == RES_OK) {
		res = savedmail_parse(mail, buf_slice(text));
		if (res != RES_OK)
			buf_add_format(&why, "%s: %s", args->word[0],
				res == RES_SYNTAX
					? "this is no message: it does not "
					  "begin with a header field"
					: result_name(res));
	}
	if (res != RES_OK)
		output_error(ctl->out, "%s", buf_text(&why));
	buf_clear(&why);
	return res == RES_OK;
}

static bool is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* A text that must be there. NULL: said what is wrong. */
static const char *read_text(
	struct ctl *ctl, const struct args *args, const char *name)
{
	const char *text = args_text(args, name);

	if (text == NULL)
		output_error(ctl->out, "--%s is missing", name);
	else if (!is_clean(text) || strlen(text) >= RCPT_MAX)
		output_error(ctl->out,
			"--%s: no control characters, and less than %d octets",
			name, RCPT_MAX);
	else
		return text;
	return NULL;
}

static bool read_question(
	struct ctl *ctl, const struct args *args, struct trial_question *q)
{
	const char *ip = read_text(ctl, args, "ip");

	if (ip == NULL)
		return false;
	if (ipaddr_parse(&q->ip, slice_of(ip)) != RES_OK) {
		output_error(ctl->out, "--ip: \"%s\" is not an address", ip);
		return false;
	}
	q->helo = read_text(ctl, args, "helo");
	if (q->helo != NULL)
		q->from = read_text(ctl, args, "from");
	return q->from != NULL;
}

/* A struct savedmail as a trial wants it. */
static void hand_header(void *ctx,
	void (*field)(void *to, struct slice name, struct slice value),
	void *to)
{
	const struct savedmail *mail = ctx;

	for (size_t i = 0; i < mail->count; i++)
		field(to, mail->field[i].name, mail->field[i].value);
}

static enum result hand_body(
	void *ctx, bool (*piece)(void *to, struct slice piece), void *to)
{
	return savedmail_body(ctx, piece, to);
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct trial_question q = { .conf = ctl->conf };
	char rcpt[RCPT_MAX];
	struct savedmail mail = { .count = 0 };
	const struct trial_mail source = { hand_header, hand_body, &mail };
	struct buf text;
	enum ctl_exit code = CTL_USAGE;

	if (!read_question(ctl, args, &q))
		return CTL_USAGE;
	/* Not postmaster: that one is always reachable. */
	snprintf(rcpt, sizeof(rcpt), "test@%.255s", ctl->conf->host);
	q.rcpt = rcpt;
	if (args_text(args, "rcpt") != NULL)
		q.rcpt = read_text(ctl, args, "rcpt");
	if (q.rcpt == NULL)
		return CTL_USAGE;
	if (read_mail(ctl, args, &text, &mail)) {
		q.mail = &source;
		code = with_services(ctl, &q);
	}
	savedmail_clear(&mail);
	buf_clear(&text);
	return code;
}

static const struct args_option options[] = {
	{ "ip", ARGS_TEXT, "ADDRESS", "of the client that brings it" },
	{ "helo", ARGS_TEXT, "NAME", "that the client greets with" },
	{ "from", ARGS_TEXT, "ADDRESS", "of MAIL FROM; \"<>\": a bounce" },
	{ "rcpt", ARGS_TEXT, "ADDRESS",
		"of RCPT TO; without it somebody at our host" },
	{ "max-size", ARGS_NUMBER, "OCTETS",
		"a longer message is refused; default 52428800" },
};

static const struct args_spec spec = {
	.name = "test-message",
	.usage = "FILE|- --ip ADDRESS --helo NAME --from ADDRESS "
		 "[--rcpt ADDRESS] [--max-size OCTETS]",
	.help = "Tells what the milter would do with a saved message, and why.",
	.more = "Judges as the milter does, by the same configuration, the "
		"lists in Redis, and DNS as it is now. No case is written, "
		"nothing is counted; the reference in the reply leads "
		"nowhere.\n"
		"Exit code 0: accepted, marked or held; 1: refused or "
		"deferred; 2: not a message, or wrong words; 3: Redis or DNS "
		"could not be asked.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_test_message = { .spec = &spec, .run = run };
