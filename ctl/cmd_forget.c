/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl lock, forget: no self-service; and what must not be known. */
#include "base/arena.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/erase.h"
#include "ctl/requestids.h"
#include "store/delist.h"
#include "store/fbl.h"
#include "store/report.h"
#include "store/standing.h"
#include "store/ticket.h"

#include <stdint.h>
#include <string.h>

/* A ticket is read with all that was said. */
enum { MS_PER_S = 1000, ARENA_MAX = 8 * 1024 * 1024 };

static const char *why_of(const struct args *args)
{
	const char *why = args_text(args, "why");

	return why != NULL ? why : "";
}

/* An address stands for its client, a network for itself. */
static bool read_net(const char *text, struct cidr *out)
{
	struct ipaddr ip;

	if (ipaddr_parse(&ip, slice_of(text)) == RES_OK) {
		*out = cidr_of_client(&ip);
		return true;
	}
	return cidr_parse(out, slice_of(text)) == RES_OK;
}

static enum ctl_exit run_lock(struct ctl *ctl, const struct args *args)
{
	bool is_on = !args_flag(args, "off");
	char text[CIDR_TEXT_MAX];
	struct cidr net;
	enum ctl_exit code;
	enum result res;

	if (!read_net(args->word[0], &net)) {
		output_error(ctl->out,
			"\"%s\" is neither an address nor a network",
			args->word[0]);
		return CTL_USAGE;
	}
	code = ask_open(ctl, LINK_WRITE);
	if (code != CTL_DONE)
		return code;
	(void)cidr_format(&net, text);
	res = standing_lock(ctl->redis, ctl->conf, &net, ctl_now_s() * MS_PER_S,
		is_on, slice_of(ctl->who), slice_of(why_of(args)));
	if (res == RES_MISSING || res == RES_TYPE) {
		output_say(ctl->out, "%s is not listed", text);
		return CTL_NO;
	}
	if (res != RES_OK)
		return ask_failed(ctl, res);
	output_say(ctl->out,
		is_on ? "%s is locked: no self-service"
		      : "%s is not locked any more",
		text);
	return CTL_DONE;
}

/* ---- forget ---- */

/* What goes, and what became of it so far. */
struct sweep {
	struct ctl *ctl;
	const char *why;
	struct arena *arena; /* of the one that is looked at */
	size_t done;
};

/* One that is not there is no failure: RES_MISSING becomes RES_OK. */
static enum result count(
	struct sweep *w, enum result res, const char *what, const char *id)
{
	if (res == RES_MISSING)
		return RES_OK;
	if (res == RES_OK) {
		output_say(w->ctl->out, "%s %s is forgotten", what, id);
		w->done++;
	}
	return res;
}

static bool is_of(struct slice mail, const char *mailbox)
{
	return mailbox == NULL ||
		slice_is_equal_nocase(mail, slice_of(mailbox));
}

/* mailbox: only when it is of that one; NULL: in any case. */
static enum result forget_request(
	struct sweep *w, struct slice id, const char *mailbox)
{
	struct delist_request q;
	enum result res;

	arena_reset(w->arena);
	res = delist_read(w->ctl->redis, w->ctl->conf, id,
		ctl_now_s() * MS_PER_S, w->arena, &q);
	if (res == RES_OK && !is_of(q.mail, mailbox))
		return RES_OK;
	if (res == RES_OK)
		res = erase_request(w->ctl, &q, w->why);
	return count(w, res, "request", q.rid);
}

static enum result forget_ticket(struct sweep *w, struct slice id)
{
	struct ticket t;
	enum result res;

	arena_reset(w->arena);
	res = ticket_read(w->ctl->redis, w->ctl->conf, id,
		ctl_now_s() * MS_PER_S, w->arena, &t);
	if (res == RES_OK)
		res = erase_ticket(w->ctl, &t, w->why);
	return count(w, res, "ticket", t.id);
}

static enum result forget_registration(struct sweep *w, struct slice id)
{
	struct fbl f;
	enum result res;

	arena_reset(w->arena);
	res = fbl_read(w->ctl->redis, w->ctl->conf, id, w->arena, &f);
	if (res == RES_OK)
		res = erase_fbl(w->ctl, &f, w->why);
	return count(w, res, "registration", f.id);
}

static enum result forget_report(struct sweep *w, struct slice id)
{
	struct report p;
	enum result res;

	arena_reset(w->arena);
	res = report_read(w->ctl->redis, w->ctl->conf, id, false, w->arena, &p);
	if (res == RES_OK)
		res = erase_report(w->ctl, &p, w->why);
	return count(w, res, "report", p.id);
}

/* IDs are random, so at most one of them is there. */
static enum result forget_id(struct sweep *w, const char *id)
{
	enum result res = forget_request(w, slice_of(id), NULL);

	if (res == RES_OK)
		res = forget_ticket(w, slice_of(id));
	if (res == RES_OK)
		res = forget_registration(w, slice_of(id));
	if (res == RES_OK)
		res = forget_report(w, slice_of(id));
	if (res == RES_OK)
		res = count(w, erase_case(w->ctl, id, w->why), "case", id);
	return res;
}

struct pick {
	const char *mailbox;
	struct buf ids;
};

static void pick_ticket(void *ctx, const struct ticket *t)
{
	struct pick *p = ctx;

	if (is_of(t->mail, p->mailbox))
		buf_add_format(&p->ids, "%s\n", t->id);
}

static enum result forget_tickets(struct sweep *w, const char *mailbox)
{
	struct pick p = { .mailbox = mailbox };
	const struct ticket_listing how = {
		.most = SIZE_MAX, .each = pick_ticket, .ctx = &p
	};
	struct slice rest, id;
	enum result res;

	buf_init(&p.ids, REQUESTIDS_MAX);
	res = ticket_list(
		w->ctl->redis, w->ctl->conf, &how, ctl_now_s() * MS_PER_S);
	if (res == RES_OK)
		res = buf_result(&p.ids);
	rest = buf_slice(&p.ids);
	while (res == RES_OK && slice_cut(&rest, '\n', &id))
		res = forget_ticket(w, id);
	buf_clear(&p.ids);
	return res;
}

static void pick_registration(void *ctx, const struct fbl *f)
{
	struct pick *p = ctx;

	if (is_of(f->mail, p->mailbox))
		buf_add_format(&p->ids, "%s\n", f->id);
}

static enum result forget_registrations(struct sweep *w, const char *mailbox)
{
	struct pick p = { .mailbox = mailbox };
	const struct fbl_listing how = {
		.most = SIZE_MAX, .each = pick_registration, .ctx = &p
	};
	struct slice rest, id;
	enum result res;

	buf_init(&p.ids, REQUESTIDS_MAX);
	res = fbl_list(w->ctl->redis, w->ctl->conf, &how);
	if (res == RES_OK)
		res = buf_result(&p.ids);
	rest = buf_slice(&p.ids);
	while (res == RES_OK && slice_cut(&rest, '\n', &id))
		res = forget_registration(w, id);
	buf_clear(&p.ids);
	return res;
}

static void pick_report(void *ctx, const struct report *r)
{
	struct pick *p = ctx;

	if (is_of(r->reporter, p->mailbox))
		buf_add_format(&p->ids, "%s\n", r->id);
}

static enum result forget_reports(struct sweep *w, const char *mailbox)
{
	struct pick p = { .mailbox = mailbox };
	const struct report_listing how = {
		.most = SIZE_MAX, .each = pick_report, .ctx = &p
	};
	struct slice rest, id;
	enum result res;

	buf_init(&p.ids, REQUESTIDS_MAX);
	res = report_list(w->ctl->redis, w->ctl->conf, &how);
	if (res == RES_OK)
		res = buf_result(&p.ids);
	rest = buf_slice(&p.ids);
	while (res == RES_OK && slice_cut(&rest, '\n', &id))
		res = forget_report(w, id);
	buf_clear(&p.ids);
	return res;
}

static enum ctl_exit forget_mailbox(struct sweep *w, const char *mailbox)
{
	struct buf ids;
	struct slice rest, id;
	enum result res = RES_OK;
	enum ctl_exit code;

	buf_init(&ids, REQUESTIDS_MAX);
	code = requestids_read(w->ctl, &ids);
	rest = buf_slice(&ids);
	while (code == CTL_DONE && res == RES_OK && slice_cut(&rest, '\n', &id))
		res = forget_request(w, id, mailbox);
	buf_clear(&ids);
	if (code == CTL_DONE && res == RES_OK)
		res = forget_tickets(w, mailbox);
	if (code == CTL_DONE && res == RES_OK)
		res = forget_registrations(w, mailbox);
	if (code == CTL_DONE && res == RES_OK)
		res = forget_reports(w, mailbox);
	return res == RES_OK ? code : ask_failed(w->ctl, res);
}

/* id: NULL: the word is a mailbox. */
static enum ctl_exit forget_data(
	struct ctl *ctl, const struct args *args, const char *id)
{
	struct sweep w = {
		.ctl = ctl, .why = why_of(args), .arena = arena_new(ARENA_MAX)
	};
	enum ctl_exit code = CTL_DONE;
	enum result res = w.arena == NULL ? RES_NOMEM : RES_OK;

	if (res == RES_OK && id != NULL)
		res = forget_id(&w, id);
	else if (res == RES_OK)
		code = forget_mailbox(&w, args->word[0]);
	arena_free(w.arena);
	if (res != RES_OK)
		return ask_failed(ctl, res);
	if (code == CTL_DONE && w.done == 0) {
		output_say(ctl->out, "nothing is kept under that name");
		return CTL_NO;
	}
	return code;
}

static enum ctl_exit forget_net(
	struct ctl *ctl, const struct args *args, const struct cidr *net)
{
	char text[CIDR_TEXT_MAX];
	enum result res = standing_forget(ctl->redis, ctl->conf, net,
		ctl_now_s() * MS_PER_S, slice_of(ctl->who),
		slice_of(why_of(args)));

	(void)cidr_format(net, text);
	if (res == RES_MISSING) {
		output_say(ctl->out, "nothing is known of %s", text);
		return CTL_NO;
	}
	if (res != RES_OK)
		return ask_failed(ctl, res);
	output_say(ctl->out, "level, parole and history of %s are forgotten",
		text);
	return CTL_DONE;
}

static enum ctl_exit run_forget(struct ctl *ctl, const struct args *args)
{
	const char *about = args->word[0];
	char id[CASE_REF_MAX];
	struct cidr net;
	bool is_net = read_net(about, &net);
	bool is_id = !is_net && case_ref_parse(slice_of(about), id) == RES_OK;
	enum ctl_exit code;

	if (!is_net && !is_id && strchr(about, '@') == NULL) {
		output_error(ctl->out,
			"\"%s\" is neither an address, nor an ID or a "
			"reference, nor a mailbox",
			about);
		return CTL_USAGE;
	}
	code = ask_open(ctl, LINK_WRITE);
	if (code != CTL_DONE)
		return code;
	if (is_net)
		return forget_net(ctl, args, &net);
	return forget_data(ctl, args, is_id ? id : NULL);
}

static const struct args_option lock_options[] = {
	{ "off", ARGS_FLAG, "", "allow self-service again" },
	{ "why", ARGS_TEXT, "TEXT", "why, for the audit" },
};

static const struct args_spec lock_spec = {
	.name = "lock",
	.usage = "IP|CIDR [--off] [--why TEXT]",
	.help = "Keeps a listing from being removed by self-service.",
	.more = "Exit code 1: it is not listed.",
	.option = lock_options,
	.option_count = sizeof(lock_options) / sizeof(lock_options[0]),
	.words_min = 1,
	.words_max = 1,
};

static const struct args_option forget_options[] = {
	{ "why", ARGS_TEXT, "TEXT", "why, for the audit" },
};

static const struct args_spec forget_spec = {
	.name = "forget",
	.usage = "IP|ID|MAILBOX [--why TEXT]",
	.help = "Forgets the past of an address, or what is kept of a person.",
	.more = "Of an address: level, parole, history and quota; its listing "
		"stays.\nID: of a request, a ticket, a registration or a report, "
		"or the reference of a\ncase. MAILBOX: all its requests, "
		"tickets, registrations and reports.\nExit code 1: nothing was "
		"known.",
	.option = forget_options,
	.option_count = sizeof(forget_options) / sizeof(forget_options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_lock = { .spec = &lock_spec, .run = run_lock };
const struct ctl_command cmd_forget = { .spec = &forget_spec,
	.run = run_forget };
