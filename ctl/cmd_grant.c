/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl grant, deny: a person's word about a request, or an address. */
#include "base/arena.h"
#include "base/random.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/listcopy.h"
#include "geo/geoip.h"
#include "judge/petition.h"
#include "store/secret.h"

#include <string.h>

enum { MS_PER_S = 1000, ARENA_MAX = 1024 * 1024, SECRET_LEN = 32 };

struct word {
	struct ctl *ctl;
	struct listcopy copy;
	struct geoip *geo;
	struct petition_env env;
	struct arena *arena;
	const char *why;
	bool is_denied;
};

static enum ctl_exit no_request(
	struct word *w, enum result res, const struct delist_request *q)
{
	if (res == RES_SYNTAX) {
		output_error(w->ctl->out, "that is not the ID of a request");
		return CTL_USAGE;
	}
	if (res != RES_MISSING)
		return ask_failed(w->ctl, res);
	if (q->rid[0] == '\0') {
		output_say(w->ctl->out, "there is no such request");
		return CTL_NO;
	}
	output_say(w->ctl->out, "request %s is %s: nothing to decide", q->rid,
		delist_state_name(q->state));
	return CTL_REFUSED;
}

static enum ctl_exit tell(struct word *w, const struct delist_request *q,
	const struct petition *p)
{
	struct output *o = w->ctl->out;
	char ip[IPADDR_TEXT_MAX];

	(void)ipaddr_format(&q->ip, ip);
	if (q->state == DELIST_DENIED)
		output_say(o, "request %s is denied, %s stays", q->rid, ip);
	else if (q->state != DELIST_GRANTED)
		output_error(o, "the lists cannot be read, nothing was done");
	else if (p->grant.reason == GRANT_NOT_LISTED)
		output_say(o, "%s is not listed; the request is granted", ip);
	else if (p->grant.answer == GRANT_EXCEPTION)
		output_say(o, "%s is excepted now", ip);
	else
		output_say(o, "%s is off the list now, on parole", ip);
	output_text(o, "id", slice_of(q->rid));
	output_text(o, "state", slice_of(delist_state_name(q->state)));
	output_text(o, "ip", slice_of(ip));
	if (p->grant.listing != NULL)
		output_text(o, "listing", p->grant.listing->key);
	return delist_is_open(q->state) || q->state == DELIST_REVIEW ? CTL_DOWN
								     : CTL_DONE;
}

static enum ctl_exit say_word(struct word *w, struct slice rid)
{
	const struct petition_showing showing = { .rid = rid,
		.proof = GRANT_PROOF_ADMIN,
		.who = slice_of(w->ctl->who),
		.why = slice_of(w->why),
		.is_denied = w->is_denied };
	struct delist_request q;
	struct petition p;
	enum result res = petition_confirm(
		w->ctl->redis, &w->env, &showing, w->arena, &q, &p);

	return res == RES_OK ? tell(w, &q, &p) : no_request(w, res, &q);
}

/* Nobody asked: a request of our own, without letter, has the same way to go
 * and leaves the same trace. Its token is for nobody. */
static enum ctl_exit say_word_of(struct word *w, const struct ipaddr *ip)
{
	const struct delist_form form = { .ip = *ip,
		.language = slice_of(w->env.conf->portal.language) };
	struct secret secret = { .len = SECRET_LEN };
	struct delist_filed filed;
	struct petition p;
	char text[IPADDR_TEXT_MAX];
	enum result res = petition_look(w->ctl->redis, &w->env, ip,
		GRANT_PROOF_ADMIN, GRANT_PTR_UNKNOWN, w->arena, &p);

	if (res == RES_OK && p.grant.reason == GRANT_NOT_LISTED) {
		output_say(w->ctl->out, "%s is not listed",
			ipaddr_format(ip, text));
		return CTL_NO;
	}
	random_fill(secret.octet, SECRET_LEN);
	if (res == RES_OK)
		res = delist_file(w->ctl->redis, w->env.conf, &secret,
			w->env.now_ms, &form, &filed);
	if (res != RES_OK)
		return ask_failed(w->ctl, res);
	return say_word(w, slice_of(filed.rid));
}

static enum ctl_exit open_and_say(struct word *w, const char *about)
{
	struct ctl *ctl = w->ctl;
	struct ipaddr ip;
	enum ctl_exit code = listcopy_open(&w->copy, ctl);

	if (code == CTL_DONE)
		code = ask_open(ctl, LINK_WRITE);
	if (code != CTL_DONE)
		return code;
	if (geoip_open_conf(&w->geo, ctl->conf) != RES_OK)
		return ask_failed(ctl, RES_NOMEM);
	w->env = (struct petition_env){ .conf = ctl->conf,
		.mirror = w->copy.mirror,
		.blocklist = w->copy.list,
		.geo = w->geo,
		.now_ms = ctl_now_s() * MS_PER_S };
	w->arena = arena_new(ARENA_MAX);
	if (w->arena == NULL)
		return ask_failed(ctl, RES_NOMEM);
	if (!w->is_denied && ipaddr_parse(&ip, slice_of(about)) == RES_OK)
		return say_word_of(w, &ip);
	return say_word(w, slice_of(about));
}

static enum ctl_exit decide(
	struct ctl *ctl, const struct args *args, bool is_denied)
{
	const char *why = args_text(args, "why");
	struct word w = { .ctl = ctl,
		.why = why != NULL ? why : "",
		.is_denied = is_denied };
	enum ctl_exit code;

	if (is_denied && why == NULL) {
		output_error(ctl->out, "--why is missing");
		return CTL_USAGE;
	}
	code = open_and_say(&w, args->word[0]);
	arena_free(w.arena);
	geoip_close(w.geo);
	listcopy_close(&w.copy);
	return code;
}

static enum ctl_exit run_grant(struct ctl *ctl, const struct args *args)
{
	return decide(ctl, args, false);
}

static enum ctl_exit run_deny(struct ctl *ctl, const struct args *args)
{
	return decide(ctl, args, true);
}

static const struct args_option options[] = {
	{ "why", ARGS_TEXT, "TEXT", "why, for the audit" },
};

static const struct args_spec grant_spec = {
	.name = "grant",
	.usage = "ID|IP [--why TEXT]",
	.help = "Takes an address off the list, or excepts it from a range.",
	.more = "With the ID of a request the sender is told. Rules of "
		"self-service do not count.\nExit code 1: no such request, or "
		"not listed; 4: it is decided already.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 1,
	.words_max = 1,
};

static const struct args_spec deny_spec = {
	.name = "deny",
	.usage = "ID --why TEXT",
	.help = "Says no to a request.",
	.more = "Exit code 1: no such request; 4: it is decided already.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_grant = { .spec = &grant_spec, .run = run_grant };
const struct ctl_command cmd_deny = { .spec = &deny_spec, .run = run_deny };
