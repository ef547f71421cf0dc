/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl lock, forget: no self-service; and what must not be known. */
#include "base/arena.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/requestids.h"
#include "store/delist.h"
#include "store/script.h"
#include "store/standing.h"

#include <string.h>

enum { MS_PER_S = 1000, ARENA_MAX = 64 * 1024, AUDIT_MAX = 100000 };

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

/*
 * KEYS: request, list of them, the two of its network, audit. ARGV: RID, who,
 * why, length of the audit. Its tokens name nobody and end by themselves.
 */
static const char forget_text[] =
	"if redis.call('DEL', KEYS[1]) == 0 then return 0 end\n"
	"redis.call('ZREM', KEYS[2], ARGV[1])\n"
	"for i = 3, 4 do\n"
	"  if redis.call('TYPE', KEYS[i]).ok == 'hash' and\n"
	"    redis.call('HGET', KEYS[i], 'rid') == ARGV[1] then\n"
	"    redis.call('DEL', KEYS[i])\n"
	"  end\n"
	"end\n"
	"redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[4], '*', 'who',\n"
	"  ARGV[2], 'what', 'forget', 'key', KEYS[1], 'before', '', 'after',\n"
	"  '', 'why', ARGV[3])\n"
	"return 1\n";

static enum result forget_request(struct ctl *ctl, const struct args *args,
	const struct delist_request *q)
{
	struct cidr net = cidr_of_client(&q->ip);
	struct slice prefix = ctl_prefix(ctl);
	struct script_call call = { .count = 0 };
	char name[CIDR_TEXT_MAX + 8];
	char text[CIDR_TEXT_MAX];
	struct redis_reply reply;
	enum result res;

	(void)cidr_format(&net, text);
	(void)snprintf(name, sizeof(name), "%s:ref", text);
	script_key_of(&call, prefix, "delist:", slice_of(q->rid));
	script_key_of(&call, prefix, "delist:requests", slice_of(""));
	script_key_of(&call, prefix, "delist:open:", slice_of(text));
	script_key_of(&call, prefix, "delist:open:", slice_of(name));
	script_key_of(&call, prefix, "audit", slice_of(""));
	script_arg(&call, slice_of(q->rid));
	script_arg(&call, slice_of(ctl->who));
	script_arg(&call, slice_of(why_of(args)));
	script_number(&call, AUDIT_MAX);
	res = script_run(ctl->redis, forget_text, &call, &reply);
	if (res == RES_OK && reply.number == 1)
		output_say(ctl->out, "request %s is forgotten", q->rid);
	return res;
}

/* Those of ids that are of that mailbox; mail NULL: all of them. */
static enum ctl_exit forget_each(struct ctl *ctl, const struct args *args,
	struct slice ids, const char *mail)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct delist_request q;
	enum result res = a == NULL ? RES_NOMEM : RES_OK;
	size_t done = 0;
	struct slice id;

	while (res == RES_OK && slice_cut(&ids, '\n', &id)) {
		arena_reset(a);
		res = delist_read(ctl->redis, ctl->conf, id,
			ctl_now_s() * MS_PER_S, a, &q);
		if (res == RES_OK &&
			(mail == NULL ||
				slice_is_equal_nocase(
					q.mail, slice_of(mail)))) {
			res = forget_request(ctl, args, &q);
			done++;
		} else if (res == RES_MISSING) {
			res = RES_OK;
		}
	}
	arena_free(a);
	if (res != RES_OK)
		return ask_failed(ctl, res);
	if (done == 0)
		output_say(ctl->out, "there is no such request");
	return done == 0 ? CTL_NO : CTL_DONE;
}

static enum ctl_exit forget_mailbox(struct ctl *ctl, const struct args *args)
{
	struct buf ids;
	enum ctl_exit code;

	buf_init(&ids, REQUESTIDS_MAX);
	code = requestids_read(ctl, &ids);
	if (code == CTL_DONE)
		code = forget_each(ctl, args, buf_slice(&ids), args->word[0]);
	buf_clear(&ids);
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
	char rid[CASE_REF_MAX];
	struct cidr net;
	bool is_net = read_net(about, &net);
	bool is_rid = !is_net && case_ref_parse(slice_of(about), rid) == RES_OK;
	enum ctl_exit code;

	if (!is_net && !is_rid && strchr(about, '@') == NULL) {
		output_error(ctl->out,
			"\"%s\" is neither an address, nor the ID of a "
			"request, nor a mailbox",
			about);
		return CTL_USAGE;
	}
	code = ask_open(ctl, LINK_WRITE);
	if (code != CTL_DONE)
		return code;
	if (is_net)
		return forget_net(ctl, args, &net);
	return is_rid ? forget_each(ctl, args, slice_of(rid), NULL)
		      : forget_mailbox(ctl, args);
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
	.help = "Forgets the past of an address, or the data of a request.",
	.more = "Of an address: level, parole, history and quota; its listing "
		"stays. Of a request,\nor of all of one mailbox: all that was "
		"kept. Exit code 1: nothing was known.",
	.option = forget_options,
	.option_count = sizeof(forget_options) / sizeof(forget_options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_lock = { .spec = &lock_spec, .run = run_lock };
const struct ctl_command cmd_forget = { .spec = &forget_spec,
	.run = run_forget };
