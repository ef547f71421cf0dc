/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reprievectl watch: every change of a list as it happens.
 *
 * One connection is told the names of changed keys, as the mirror's is (see
 * store/mirror.h); a second one asks what they are now.
 */
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/entry.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

enum { PING_MS = 30000, NAMES_MAX = 1 << 22, WHY_MAX = 1024 };

static const struct output_column columns[] = {
	{ "time", 20 },
	{ "event", 8 },
	{ "key", 0 },
	{ "ends_in", 0 },
	{ "reason", 0 },
	{ "who", 0 },
	{ "what", 0 },
	{ "why", 0 },
	{ "ignored_because", 0 },
};

struct watch {
	struct ctl *ctl;
	struct redis *pushes;
	struct buf audit_key;
	char audit_last[48];
	int64_t left; /* events to go; below 0: for ever */
	struct buf names; /* keys that changed, each behind its length */
	bool lost_all;
};

static void row_open(struct watch *w, const char *event)
{
	output_row_open(w->ctl->out);
	ctl_output_time(w->ctl->out, "time", ctl_now_s());
	output_text(w->ctl->out, "event", slice_of(event));
}

static void row_close(struct watch *w)
{
	output_row_close(w->ctl->out);
	if (w->left > 0)
		w->left--;
}

static enum ctl_exit show_entry(void *ctx, const struct entry *e)
{
	struct watch *w = ctx;

	row_open(w, "set");
	entry_output(w->ctl->out, e);
	row_close(w);
	return CTL_DONE;
}

static enum ctl_exit show_key(struct watch *w, struct slice key)
{
	bool found = false;
	enum ctl_exit code = entry_each_key(w->ctl, key, show_entry, w, &found);

	if (code == CTL_DONE && !found) {
		row_open(w, "gone");
		output_text(w->ctl->out, "key", key);
		row_close(w);
	}
	return code;
}

/* ---- the audit ---- */

static void show_audit(struct watch *w, const struct redis_reply *fields)
{
	row_open(w, "audit");
	for (size_t i = 0; i + 1 < fields->count; i += 2) {
		char name[16];

		snprintf(name, sizeof(name), "%.*s",
			(int)(redis_element(fields, i).text.len < 15
					? redis_element(fields, i).text.len
					: 15),
			redis_element(fields, i).text.at);
		output_text(
			w->ctl->out, name, redis_element(fields, i + 1).text);
	}
	row_close(w);
}

static enum ctl_exit read_audit(struct watch *w)
{
	char from[56];
	struct redis_reply reply;

	snprintf(from, sizeof(from), "(%s", w->audit_last);
	const struct slice argv[] = { slice_of("XRANGE"),
		buf_slice(&w->audit_key), slice_of(from), slice_of("+"),
		slice_of("COUNT"), slice_of("1000") };
	enum ctl_exit code = ask_command(w->ctl, argv, 6, &reply);

	for (size_t i = 0; code == CTL_DONE && i < reply.count && w->left != 0;
		i++) {
		struct redis_reply item = redis_element(&reply, i);
		struct redis_reply fields = redis_element(&item, 1);

		snprintf(w->audit_last, sizeof(w->audit_last), "%.*s",
			SLICE_ARG(redis_element(&item, 0).text));
		show_audit(w, &fields);
	}
	return code;
}

/* Where the audit ends now, so that only what follows is shown. */
static enum ctl_exit find_audit_end(struct watch *w)
{
	struct redis_reply reply;
	const struct slice argv[] = { slice_of("XREVRANGE"),
		buf_slice(&w->audit_key), slice_of("+"), slice_of("-"),
		slice_of("COUNT"), slice_of("1") };
	enum ctl_exit code = ask_command(w->ctl, argv, 6, &reply);

	snprintf(w->audit_last, sizeof(w->audit_last), "0-0");
	if (code == CTL_DONE && reply.count > 0) {
		struct redis_reply item = redis_element(&reply, 0);

		snprintf(w->audit_last, sizeof(w->audit_last), "%.*s",
			SLICE_ARG(redis_element(&item, 0).text));
	}
	return code;
}

/* ---- pushes ---- */

static enum ctl_exit push_command(struct watch *w, const struct slice *argv,
	size_t argc, struct redis_reply *out)
{
	enum result res = redis_command(w->pushes, argv, argc, out);

	if (res != RES_OK)
		return ask_failed(w->ctl, res);
	if (out->type == REDIS_ERROR)
		return ask_refused(w->ctl, out->text);
	return CTL_DONE;
}

static enum ctl_exit track(struct watch *w)
{
	static const char *const fixed[] = { "block", "allow",
		"lists:generation", "audit" };
	struct slice argv[16] = { slice_of("CLIENT"), slice_of("ID") };
	struct buf prefix[4];
	struct redis_reply reply;
	char id[24];
	size_t argc = 6;
	enum ctl_exit code = push_command(w, argv, 2, &reply);

	if (code != CTL_DONE)
		return code;
	snprintf(id, sizeof(id), "%" PRId64, reply.number);
	argv[1] = slice_of("TRACKING");
	argv[2] = slice_of("on");
	argv[3] = slice_of("REDIRECT");
	argv[4] = slice_of(id);
	argv[5] = slice_of("BCAST");
	for (size_t i = 0; i < 4; i++) {
		buf_init(&prefix[i], LIST_NAME_MAX);
		keys_format(
			&prefix[i], ctl_prefix(w->ctl), fixed[i], slice_of(""));
		argv[argc++] = slice_of("PREFIX");
		argv[argc++] = buf_slice(&prefix[i]);
	}
	code = push_command(w, argv, argc, &reply);
	for (size_t i = 0; i < 4; i++)
		buf_clear(&prefix[i]);
	argv[0] = slice_of("SUBSCRIBE");
	argv[1] = slice_of("__redis__:invalidate");
	return code == CTL_DONE ? push_command(w, argv, 2, &reply) : code;
}

/* Names are copied: asking about them uses up the reply. */
static void take_push(struct watch *w, const struct redis_reply *push)
{
	struct redis_reply keys = redis_element(push, 2);

	if (!slice_is_equal(redis_element(push, 0).text, slice_of("message")))
		return;
	if (keys.type == REDIS_NIL)
		w->lost_all = true;
	for (size_t i = 0; i < keys.count; i++) {
		struct slice key = redis_element(&keys, i).text;
		uint32_t len = (uint32_t)key.len;

		buf_add(&w->names, slice_make(&len, sizeof(len)));
		buf_add(&w->names, key);
	}
}

static enum ctl_exit show_names(struct watch *w)
{
	struct slice rest = buf_slice(&w->names);
	bool audit = false;
	enum ctl_exit code = CTL_DONE;

	if (w->lost_all) {
		row_open(w, "emptied");
		row_close(w);
		w->lost_all = false;
	}
	while (rest.len > 0 && code == CTL_DONE && w->left != 0) {
		uint32_t len = 0;

		memcpy(&len, rest.at, sizeof(len));
		struct slice key = slice_part(rest, sizeof(len), len);

		rest = slice_part(rest, sizeof(len) + len, rest.len);
		if (slice_is_equal(key, buf_slice(&w->audit_key)))
			audit = true;
		else
			code = show_key(w, key);
	}
	buf_reset(&w->names);
	return audit && code == CTL_DONE && w->left != 0 ? read_audit(w) : code;
}

static enum ctl_exit drain(struct watch *w, bool fill)
{
	struct redis_reply push;
	bool found = true;

	while (found) {
		enum result res = redis_poll(w->pushes, fill, &found, &push);

		if (res != RES_OK)
			return ask_failed(w->ctl, res);
		fill = false;
		if (found)
			take_push(w, &push);
	}
	return show_names(w);
}

static enum ctl_exit loop(struct watch *w)
{
	static const struct slice ping = { "PING", 4 };
	enum ctl_exit code = drain(w, false);

	while (code == CTL_DONE && w->left != 0) {
		struct pollfd p = { .fd = redis_descriptor(w->pushes),
			.events = POLLIN };
		struct redis_reply reply;
		int ready = poll(&p, 1, PING_MS);

		if (ready > 0)
			code = drain(w, true);
		else if (ready == 0)
			/* A dead line looks like a quiet one. */
			code = ask_command(w->ctl, &ping, 1, &reply);
		else
			break;
	}
	return code;
}

/* ---- the command ---- */

static enum ctl_exit open_pushes(struct watch *w)
{
	const struct link_request request = { .purpose = LINK_READ,
		.timeout_ms = w->ctl->conf->redis.sync_timeout_ms };
	struct endpoint server;
	struct buf why;

	buf_init(&why, WHY_MAX);
	enum result res =
		link_open(w->ctl->conf, &request, &w->pushes, &server, &why);

	buf_clear(&why);
	return res == RES_OK ? CTL_DONE : ask_failed(w->ctl, res);
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct watch w = { .ctl = ctl };
	enum ctl_exit code = ask_open(ctl, LINK_READ);

	w.left = args_number(args, "count", -1);
	buf_init(&w.names, NAMES_MAX);
	buf_init(&w.audit_key, LIST_NAME_MAX);
	keys_format(&w.audit_key, ctl_prefix(ctl), "audit", slice_of(""));
	output_stream(
		ctl->out, NULL, columns, sizeof(columns) / sizeof(columns[0]));
	if (code == CTL_DONE)
		code = open_pushes(&w);
	if (code == CTL_DONE)
		code = track(&w);
	if (code == CTL_DONE)
		code = find_audit_end(&w);
	if (code == CTL_DONE) {
		fputs("reprievectl: watching; Ctrl-C ends it\n", stderr);
		code = loop(&w);
	}
	redis_close(w.pushes);
	buf_clear(&w.names);
	buf_clear(&w.audit_key);
	return code;
}

static const struct args_option options[] = {
	{ "count", ARGS_NUMBER, "N", "end after N lines" },
};

static const struct args_spec spec = {
	.name = "watch",
	.usage = "[--count N]",
	.help = "Prints every change of the lists as it happens.",
	.more = "With --json one object a line. set: an entry was made or "
		"changed; gone: it was removed\nor has ended; audit: what a "
		"tool of ours recorded; emptied: all was deleted.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
};

const struct ctl_command cmd_watch = { .spec = &spec, .run = run };
