/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reprievectl check: is this address blocked, by what, and by which rule?
 *
 * Asks the milter's own code (ctl/listcopy).
 */
#include "base/arena.h"
#include "ctl/ask.h"
#include "ctl/cover.h"
#include "ctl/entry.h"
#include "ctl/listcopy.h"
#include "ctl/mailuser.h"
#include "geo/geoip.h"
#include "store/blocklist.h"
#include "store/client.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 16 << 20 };

enum { NAME_PTR, NAME_HELO, NAME_FROM, NAMES };

static const char *const name_options[NAMES] = {
	[NAME_PTR] = "ptr", [NAME_HELO] = "helo", [NAME_FROM] = "from"
};

struct question {
	struct list_client client;
	char account[SECRET_HASH_MAX]; /* of client; "": it is an address */
	char name[NAMES][HOSTNAME_MAX]; /* of client */
	char scope[HOSTNAME_MAX];
};

static void say_address(struct output *o, const struct question *q)
{
	char ip[IPADDR_TEXT_MAX];

	if (q->account[0] != '\0') {
		output_text(o, "user", slice_of(q->account));
		output_text(o, "rcpt", slice_of(q->scope));
		return;
	}
	output_text(o, "ip", slice_of(ipaddr_format(&q->client.ip, ip)));
	output_text(o, "country", slice_of(q->client.country));
	if (q->client.asn != 0)
		output_number(o, "asn", q->client.asn);
	output_text(o, "rcpt", slice_of(q->scope));
}

/* ---- which rule: the numbers are those of store/blocklist.h ---- */

struct tally {
	size_t scoped;
	size_t other_kind; /* of the winner's scope */
	size_t same_kind;
};

static const char *rule_of(const struct blocklist_result *r)
{
	const struct listing *w = r->winner;
	struct tally t = { .scoped = 0 };

	if (r->count == 0)
		return "no entry covers it";
	if (w == NULL)
		return "4: a shadow entry is seen and logged, never enforced";
	for (size_t i = 0; i < r->count; i++) {
		const struct listing *e = &r->entry[i];

		t.scoped += e->is_scoped != w->is_scoped;
		if (e == w || e->is_scoped != w->is_scoped || e->shadow)
			continue;
		t.other_kind += e->kind != w->kind;
		t.same_kind += e->kind == w->kind;
	}
	if (w->is_scoped && t.scoped > 0)
		return "1: a list of the recipient domain that has an answer "
		       "is final";
	if (t.other_kind > 0)
		return "2: allow beats block";
	if (t.same_kind > 0)
		return "3: narrower beats wider (address, network, domain, "
		       "ASN, country)";
	return "the only entry that counts";
}

static void say_entries(
	struct output *o, const struct blocklist_result *r, const char *rcpt)
{
	output_open(o, "entries", OUTPUT_BLOCKS);
	for (size_t i = 0; i < r->count; i++) {
		output_open(o, NULL, OUTPUT_BLOCK);
		entry_output_listing(o, &r->entry[i]);
		if (r->entry[i].is_scoped)
			output_text(o, "rcpt", slice_of(rcpt));
		output_bool(o, "wins", &r->entry[i] == r->winner);
		output_close(o);
	}
	output_close(o);
}

static void say_answer(
	struct ctl *ctl, const struct question *q, enum blocklist_answer answer)
{
	static const char *const address[] = { [BLOCKLIST_UNKNOWN] = "unknown",
		[BLOCKLIST_CLEAR] = "not listed",
		[BLOCKLIST_ALLOWED] = "allowed",
		[BLOCKLIST_BLOCKED] = "BLOCKED" };
	static const char *const account[] = { [BLOCKLIST_UNKNOWN] = "unknown",
		[BLOCKLIST_CLEAR] = "not paused",
		[BLOCKLIST_ALLOWED] = "excepted, not paused",
		[BLOCKLIST_BLOCKED] = "PAUSED" };
	char who[MAILUSER_TEXT_MAX];
	char ip[IPADDR_TEXT_MAX];

	if (q->account[0] == '\0')
		output_say(ctl->out, "%s is %s",
			ipaddr_format(&q->client.ip, ip), address[answer]);
	else
		output_say(ctl->out, "account %s is %s",
			mailuser_format(ctl, q->account, who), account[answer]);
}

static enum ctl_exit say_result(struct ctl *ctl, const struct question *q,
	const struct blocklist_result *r)
{
	struct output *o = ctl->out;

	say_answer(ctl, q, r->answer);
	say_address(o, q);
	output_text(o, "answer", slice_of(blocklist_answer_name(r->answer)));
	output_text(o, "rule", slice_of(rule_of(r)));
	if (r->winner != NULL)
		output_text(o, "winner", r->winner->key);
	if (r->shadow != NULL)
		output_text(o, "shadow", r->shadow->key);
	say_entries(o, r, q->scope);
	switch (r->answer) {
	case BLOCKLIST_UNKNOWN:
		return CTL_DOWN;
	case BLOCKLIST_BLOCKED:
		return CTL_NO;
	case BLOCKLIST_CLEAR:
	case BLOCKLIST_ALLOWED:
		break;
	}
	return CTL_DONE;
}

/* ---- as the milter does ---- */

static enum ctl_exit match(
	struct ctl *ctl, struct blocklist *list, const struct question *q)
{
	struct blocklist_result result = { .count = 0 };
	struct arena *arena = arena_new(ARENA_MAX);
	enum result res = RES_NOMEM;
	enum ctl_exit code = CTL_DOWN;

	if (arena != NULL)
		res = blocklist_match_client(
			list, &q->client, slice_of(q->scope), arena, &result);
	if (res == RES_OK)
		code = say_result(ctl, q, &result);
	else
		output_error(ctl->out, "check: %s", result_name(res));
	arena_free(arena);
	return code;
}

static enum ctl_exit check(struct ctl *ctl, const struct question *q)
{
	struct listcopy copy;
	enum ctl_exit code = listcopy_open(&copy, ctl);

	if (code == CTL_DONE)
		code = match(ctl, copy.list, q);
	listcopy_close(&copy);
	return code;
}

/* ---- quickly ---- */

struct quick {
	struct ctl *ctl;
	struct arena *arena;
	struct listing entry[BLOCKLIST_COVER_MAX];
	struct blocklist_result result;
};

static enum ctl_exit quick_keep(void *ctx, const struct entry *e)
{
	struct quick *q = ctx;
	struct listing *l = &q->entry[q->result.count];
	struct slice *const text[] = { &l->key, &l->reason, &l->code,
		&l->origin, &l->since, &l->by, &l->note, &l->ref };

	if (e->ignored != NULL || q->result.count == BLOCKLIST_COVER_MAX)
		return CTL_DONE;
	*l = e->listing;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (arena_copy(q->arena, *text[i], text[i]) != RES_OK)
			return ask_failed(q->ctl, RES_NOMEM);
	q->result.count++;
	return CTL_DONE;
}

/* The entry of an ASN or of a country, if there is one. */
static enum ctl_exit quick_subject(
	struct quick *q, const struct cover_question *cover, struct cidr net)
{
	struct list_name name = {
		.kind = cover->kind, .subject = subject_of(&net), .net = net
	};
	char key[LIST_NAME_MAX];
	bool exists;

	snprintf(name.scope, sizeof(name.scope), "%s", cover->scope);
	if (list_name_format(&name, ctl_prefix(q->ctl), key) == 0)
		return CTL_DONE;
	return entry_each_key(q->ctl, slice_of(key), quick_keep, q, &exists);
}

static enum ctl_exit quick_part(struct quick *q, const struct question *qu,
	enum list_kind kind, const char *scope)
{
	const struct list_client *c = &qu->client;
	const struct cover_question cover = {
		.net = cidr_around(&c->ip, 128), .kind = kind, .scope = scope
	};
	struct cover_answer found;
	char key[LIST_NAME_MAX];
	bool exists = false;
	enum ctl_exit code = cover_ask(q->ctl, &cover, &found);

	if (code == CTL_DONE && c->asn != 0)
		code = quick_subject(q, &cover, subject_of_asn(c->asn));
	if (code == CTL_DONE && c->country[0] != '\0')
		code = quick_subject(q, &cover, subject_of_country(c->country));

	for (size_t i = 0; i < found.count && code == CTL_DONE; i++)
		if (cover_key(q->ctl, &cover, &found.net[i], key))
			code = entry_each_key(
				q->ctl, slice_of(key), quick_keep, q, &exists);
	return code;
}

/* Scope first, narrowest first, allow before block: as the mirror has it. */
static int quick_compare(const void *left, const void *right)
{
	const struct listing *a = left;
	const struct listing *b = right;
	int by = b->is_scoped - a->is_scoped;

	if (by == 0)
		by = (int)subject_rank(&a->net) - (int)subject_rank(&b->net);
	if (by == 0)
		by = b->net.bits - a->net.bits;
	if (by == 0)
		by = (b->kind == LIST_ALLOW) - (a->kind == LIST_ALLOW);
	return by;
}

static enum ctl_exit quick_gather(struct quick *q, const struct question *qu)
{
	static const enum list_kind kinds[] = { LIST_ALLOW, LIST_BLOCK };
	enum ctl_exit code = ask_open(q->ctl, LINK_READ);

	for (size_t i = 0; i < 2 && code == CTL_DONE; i++) {
		if (qu->scope[0] != '\0')
			code = quick_part(q, qu, kinds[i], qu->scope);
		if (code == CTL_DONE)
			code = quick_part(q, qu, kinds[i], "");
	}
	return code;
}

static enum ctl_exit check_quickly(struct ctl *ctl, const struct question *qu)
{
	struct quick *q = calloc(1, sizeof(*q));
	enum ctl_exit code = CTL_DOWN;

	if (q != NULL)
		q->arena = arena_new(ARENA_MAX);
	if (q == NULL || q->arena == NULL) {
		output_error(ctl->out, "no memory");
	} else {
		q->ctl = ctl;
		code = quick_gather(q, qu);
	}
	if (code == CTL_DONE) {
		qsort(q->entry, q->result.count, sizeof(q->entry[0]),
			quick_compare);
		q->result.entry = q->entry;
		blocklist_decide(&q->result);
		code = say_result(ctl, qu, &q->result);
		output_say(ctl->out,
			"quick: only the usual spelling of each network was "
			"asked for, and no domain");
	}
	if (q != NULL)
		arena_free(q->arena);
	free(q);
	return code;
}

static bool read_name(struct ctl *ctl, const struct args *args,
	struct question *q, unsigned which)
{
	const char *text = args_text(args, name_options[which]);
	struct slice *const to[NAMES] = { [NAME_PTR] = &q->client.proven,
		[NAME_HELO] = &q->client.claimed[0],
		[NAME_FROM] = &q->client.claimed[1] };
	size_t len;

	if (text == NULL)
		return true;
	if (hostname_parse(slice_of(text), q->name[which], &len) != RES_OK) {
		output_error(ctl->out, "--%s: \"%s\" is no name",
			name_options[which], text);
		return false;
	}
	*to[which] = slice_make(q->name[which], len);
	return true;
}

/* False: no memory. Without databases neither is known. */
static bool locate(struct ctl *ctl, struct list_client *c)
{
	struct geoip_place place;
	struct geoip *geo;

	if (geoip_open_conf(&geo, ctl->conf) != RES_OK)
		return false;
	geoip_find(geo, &c->ip, &place);
	geoip_close(geo);
	c->asn = place.asn;
	memcpy(c->country, place.country, sizeof(c->country));
	return true;
}

static enum ctl_exit check_address(
	struct ctl *ctl, const struct args *args, struct question *q)
{
	if (ipaddr_parse(&q->client.ip, slice_of(args->word[0])) != RES_OK) {
		output_error(
			ctl->out, "\"%s\" is not an address", args->word[0]);
		return CTL_USAGE;
	}
	for (unsigned i = 0; i < NAMES; i++)
		if (!read_name(ctl, args, q, i))
			return CTL_USAGE;
	if (!locate(ctl, &q->client))
		return ask_failed(ctl, RES_NOMEM);
	return args_flag(args, "quick") ? check_quickly(ctl, q) : check(ctl, q);
}

/* Its own name is the only one that it is listed by. */
static enum ctl_exit check_account(
	struct ctl *ctl, const struct args *args, struct question *q)
{
	if (!mailuser_read(ctl, args->word[0], q->account))
		return CTL_USAGE;
	q->client.account = slice_of(q->account);
	enum ctl_exit code = ask_open(ctl, LINK_READ);

	return code == CTL_DONE ? check(ctl, q) : code;
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct question q = { .client.asn = 0 };

	if (!ctl_read_scope(ctl, args, q.scope))
		return CTL_USAGE;
	if (slice_has_prefix(slice_of(args->word[0]), slice_of("user:")))
		return check_account(ctl, args, &q);
	return check_address(ctl, args, &q);
}

static const struct args_option options[] = {
	{ "rcpt", ARGS_TEXT, "DOMAIN", "for mail to this domain" },
	{ "ptr", ARGS_TEXT, "NAME", "its name, confirmed in DNS" },
	{ "helo", ARGS_TEXT, "NAME", "the name in its greeting" },
	{ "from", ARGS_TEXT, "DOMAIN", "of the envelope sender" },
	{ "quick", ARGS_FLAG, "",
		"do not read all names; finds the usual spellings only" },
};

static const struct args_spec spec = {
	.name = "check",
	.usage =
		"IP|user:ACCOUNT|user:HASH [--rcpt DOMAIN] [--ptr NAME] [--helo NAME] "
		"[--from DOMAIN] [--quick]",
	.help = "Tells whether an address is blocked, by what, by which rule.",
	.more = "Of an account of this site: whether it is paused. Exit code 0: "
		"not blocked; 1:\nblocked.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 1,
	.words_max = 1,
};

const struct ctl_command cmd_check = { .spec = &spec, .run = run };
