/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/ask.h"

#include "conf/conf.h"
#include "store/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WHY_MAX = 1024, SCAN_BATCH = 1000, TIMEOUT_MS = 5000 };

static enum ctl_exit exit_of(enum result res)
{
	switch (res) {
	case RES_OK:
		return CTL_DONE;
	case RES_DENIED:
		return CTL_REFUSED;
	case RES_SYNTAX:
	case RES_RANGE:
	case RES_TOOBIG:
	case RES_NOMEM:
	case RES_TIMEOUT:
	case RES_DOWN:
	case RES_MISSING:
	case RES_EXISTS:
	case RES_TYPE:
	case RES_CORRUPT:
	case RES_READONLY:
	case RES_FULL:
	case RES_INTERNAL:
		break;
	}
	return CTL_DOWN;
}

enum ctl_exit ask_open(struct ctl *ctl, enum link_purpose purpose)
{
	const struct link_request request = {
		.purpose = purpose,
		/* Scripts over a thousand keys may take longer than a ping. */
		.timeout_ms = ctl->conf->redis.sync_timeout_ms > TIMEOUT_MS
			? ctl->conf->redis.sync_timeout_ms
			: TIMEOUT_MS,
	};
	struct endpoint server;
	struct buf why;

	if (ctl->redis != NULL)
		return CTL_DONE;
	buf_init(&why, WHY_MAX);
	enum result res =
		link_open(ctl->conf, &request, &ctl->redis, &server, &why);

	if (res != RES_OK)
		output_error(ctl->out, "cannot ask Redis (%s): %s",
			result_name(res), buf_text(&why));
	buf_clear(&why);
	return exit_of(res);
}

void ask_close(struct ctl *ctl)
{
	redis_close(ctl->redis);
	ctl->redis = NULL;
}

enum ctl_exit ask_failed(struct ctl *ctl, enum result res)
{
	if (res == RES_DENIED)
		output_error(ctl->out,
			"Redis refuses this to the user of the configuration");
	else if (res == RES_NOMEM)
		output_error(ctl->out, "no memory");
	else
		output_error(ctl->out, "Redis does not answer: %s",
			result_name(res));
	return exit_of(res);
}

static bool has_text(struct slice text, const char *part)
{
	return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

enum ctl_exit ask_refused(struct ctl *ctl, struct slice text)
{
	enum result res = redis_error_kind(text);

	/* What a script may not do is told in other words than NOPERM. */
	if (res != RES_DENIED &&
		(has_text(text, "ACL failure in script") ||
			has_text(text, "The user executing the script can")))
		res = RES_DENIED;
	if (res == RES_DENIED) {
		output_error(ctl->out,
			"Redis refuses this to the user of the configuration: "
			"%.*s",
			SLICE_ARG(text));
		return CTL_REFUSED;
	}
	output_error(
		ctl->out, "Redis answers with an error: %.*s", SLICE_ARG(text));
	return CTL_DOWN;
}

enum ctl_exit ask_command(struct ctl *ctl, const struct slice *argv,
	size_t argc, struct redis_reply *out)
{
	enum result res = redis_command(ctl->redis, argv, argc, out);

	if (res != RES_OK)
		return ask_failed(ctl, res);
	if (out->type == REDIS_ERROR)
		return ask_refused(ctl, out->text);
	return CTL_DONE;
}

enum ctl_exit ask_append(struct ctl *ctl, const struct slice *argv, size_t argc)
{
	enum result res = redis_append(ctl->redis, argv, argc);

	return res == RES_OK ? CTL_DONE : ask_failed(ctl, res);
}

enum ctl_exit ask_read(struct ctl *ctl, struct redis_reply *out)
{
	enum result res = redis_read(ctl->redis, out);

	return res == RES_OK ? CTL_DONE : ask_failed(ctl, res);
}

/* ---- scripts ---- */

static enum ctl_exit script_load(struct ctl *ctl, struct ask_script *script)
{
	const struct slice argv[] = { slice_of("SCRIPT"), slice_of("LOAD"),
		slice_of(script->text) };
	struct redis_reply reply;
	enum ctl_exit code = ask_command(ctl, argv, 3, &reply);

	if (code != CTL_DONE)
		return code;
	snprintf(script->digest, sizeof(script->digest), "%.*s",
		SLICE_ARG(reply.text));
	return CTL_DONE;
}

enum ctl_exit ask_script(struct ctl *ctl, struct ask_script *script,
	const struct slice *argv, size_t argc, size_t key_count,
	struct redis_reply *out)
{
	static const char no_script[] = "NOSCRIPT";
	struct slice all[ASK_SCRIPT_ARGS_MAX + 3];
	char keys[24];
	enum ctl_exit code = CTL_DONE;

	if (argc > ASK_SCRIPT_ARGS_MAX)
		return ask_failed(ctl, RES_TOOBIG);
	snprintf(keys, sizeof(keys), "%zu", key_count);
	all[0] = slice_of("EVALSHA");
	all[2] = slice_of(keys);
	memcpy(all + 3, argv, argc * sizeof(*argv));
	for (int round = 0; round < 2; round++) {
		if (script->digest[0] == '\0' || round > 0)
			code = script_load(ctl, script);
		if (code != CTL_DONE)
			return code;
		all[1] = slice_of(script->digest);
		enum result res = redis_command(ctl->redis, all, argc + 3, out);

		if (res != RES_OK)
			return ask_failed(ctl, res);
		if (out->type != REDIS_ERROR)
			return CTL_DONE;
		/* Another SCRIPT FLUSH, or a failover, came between. */
		if (!slice_has_prefix(out->text, slice_of(no_script)))
			break;
	}
	return ask_refused(ctl, out->text);
}

/* ---- scan ---- */

/* The prefix comes from the configuration and may hold glob characters. */
static void format_pattern(
	struct buf *out, struct slice prefix, const char *fixed)
{
	for (size_t i = 0; i < prefix.len; i++) {
		if (memchr("*?[]\\^-", prefix.at[i], 7) != NULL)
			buf_add_char(out, '\\');
		buf_add_char(out, prefix.at[i]);
	}
	buf_add_text(out, fixed);
	buf_add_char(out, '*');
}

static enum ctl_exit scan_batch(struct ctl *ctl, const struct ask_scan *scan,
	struct slice pattern, char *cursor, size_t cursor_size)
{
	char batch[16];
	struct redis_reply reply;

	snprintf(batch, sizeof(batch), "%d", SCAN_BATCH);
	const struct slice argv[] = { slice_of("SCAN"), slice_of(cursor),
		slice_of("MATCH"), pattern, slice_of("COUNT"),
		slice_of(batch) };
	enum ctl_exit code = ask_command(ctl, argv, 6, &reply);

	if (code != CTL_DONE)
		return code;
	struct redis_reply keys = redis_element(&reply, 1);

	snprintf(cursor, cursor_size, "%.*s",
		SLICE_ARG(redis_element(&reply, 0).text));
	for (size_t i = 0; i < keys.count && code == CTL_DONE; i++)
		code = scan->each(scan->ctx, redis_element(&keys, i).text);
	return code;
}

enum ctl_exit ask_scan(struct ctl *ctl, const struct ask_scan *scan)
{
	struct buf pattern;
	char cursor[32] = "0";
	enum ctl_exit code = CTL_DONE;

	buf_init(&pattern, WHY_MAX);
	format_pattern(&pattern, ctl_prefix(ctl), scan->fixed);
	do {
		code = scan_batch(
			ctl, scan, buf_slice(&pattern), cursor, sizeof(cursor));
		if (code == CTL_DONE && scan->after_batch != NULL)
			code = scan->after_batch(scan->ctx);
	} while (code == CTL_DONE && strcmp(cursor, "0") != 0);
	buf_clear(&pattern);
	return code;
}
