/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "ctl/doctor.h"
#include "ctl/entry.h"
#include "ctl/nodes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	WHY_MAX = 2048,
	SKEW_WARN_MS = 5000,
	SKEW_FAIL_MS = 300000,
	ENTRIES_READ_MAX = 200000,
	VERSION_MIN = 6
};

/* One answer as text; false: noted as broken. */
static bool ask(
	struct doctor *d, const char *const words[3], struct redis_reply *out)
{
	struct slice argv[3];
	size_t argc = 0;

	for (; argc < 3 && words[argc] != NULL; argc++)
		argv[argc] = slice_of(words[argc]);
	enum result res = redis_command(d->ctl->redis, argv, argc, out);

	if (res == RES_OK && out->type != REDIS_ERROR)
		return true;
	doctor_note(d, DOCTOR_WARN, "redis",
		"give the user of the configuration this command", "%s: %.*s",
		words[0], res == RES_OK ? (int)out->text.len : (int)7,
		res == RES_OK ? out->text.at : "failed ");
	return false;
}

/* "name:value\r\n" of INFO. */
static struct slice info_value(struct slice info, const char *name)
{
	struct slice line;

	while (slice_cut(&info, '\n', &line)) {
		size_t colon = slice_find(line, ':');

		if (slice_is_equal(slice_part(line, 0, colon), slice_of(name)))
			return slice_trim(
				slice_part(line, colon + 1, line.len));
	}
	return slice_of("");
}

static void look_at_version(struct doctor *d)
{
	static const char *const words[3] = { "INFO", "server" };
	struct redis_reply reply;
	uint64_t major = 0;

	if (!ask(d, words, &reply))
		return;
	struct slice version = info_value(reply.text, "redis_version");

	if (slice_parse_u64(slice_part(version, 0, slice_find(version, '.')), 0,
		    1000, &major) == RES_OK &&
		major >= VERSION_MIN)
		doctor_note(d, DOCTOR_OK, "redis", NULL, "version %.*s",
			SLICE_ARG(version));
	else
		doctor_note(d, DOCTOR_FAIL, "redis",
			"version 6.0 or later tells the milters of changes",
			"version \"%.*s\"", SLICE_ARG(version));
}

static void look_at_memory(struct doctor *d)
{
	static const char *const words[3] = { "INFO", "memory" };
	struct redis_reply reply;

	if (!ask(d, words, &reply))
		return;
	struct slice policy = info_value(reply.text, "maxmemory_policy");
	struct slice limit = info_value(reply.text, "maxmemory");
	bool is_limited = !slice_is_equal(limit, slice_of("0"));

	if (slice_is_equal(policy, slice_of("noeviction")))
		doctor_note(d, DOCTOR_OK, "redis", NULL,
			"maxmemory-policy noeviction");
	else if (slice_has_prefix(policy, slice_of("allkeys")))
		doctor_note(d, is_limited ? DOCTOR_FAIL : DOCTOR_WARN, "redis",
			"CONFIG SET maxmemory-policy noeviction",
			"maxmemory-policy %.*s deletes listings when memory "
			"is short",
			SLICE_ARG(policy));
	else
		doctor_note(d, DOCTOR_WARN, "redis",
			"CONFIG SET maxmemory-policy noeviction",
			"maxmemory-policy %.*s deletes listings that have an "
			"end when memory is short",
			SLICE_ARG(policy));
}

static void look_at_clock(struct doctor *d)
{
	static const char *const words[3] = { "TIME" };
	struct redis_reply reply;
	uint64_t seconds = 0;

	if (!ask(d, words, &reply))
		return;
	if (slice_parse_u64(redis_element(&reply, 0).text, 0, UINT32_MAX * 4ULL,
		    &seconds) != RES_OK)
		return;
	int64_t skew_ms =
		llabs(clock_wall_ms(clock_system()) - (int64_t)seconds * 1000);

	/* TIME is cut to seconds here: one of them is no skew. */
	if (skew_ms <= SKEW_WARN_MS)
		doctor_note(d, DOCTOR_OK, "clock", NULL,
			"agrees with that of Redis");
	else
		doctor_note(d,
			skew_ms > SKEW_FAIL_MS ? DOCTOR_FAIL : DOCTOR_WARN,
			"clock", "run NTP on both machines",
			"%" PRId64 " s apart from that of Redis",
			skew_ms / 1000);
}

static void look_at_generation(struct doctor *d)
{
	struct buf key;
	struct redis_reply reply;

	buf_init(&key, LIST_NAME_MAX);
	keys_format(&key, ctl_prefix(d->ctl), "lists:generation", slice_of(""));
	const char *const words[3] = { "GET", buf_text(&key) };

	if (ask(d, words, &reply)) {
		if (reply.type == REDIS_NIL)
			doctor_note(d, DOCTOR_WARN, "lists",
				"the first milter writes it; if data was lost, "
				"see \"reprievectl lists\"",
				"there is no %s", buf_text(&key));
		else
			doctor_note(d, DOCTOR_OK, "lists", NULL,
				"generation %.*s", SLICE_ARG(reply.text));
	}
	buf_clear(&key);
}

static enum ctl_exit count_ignored(void *ctx, const struct entry *e)
{
	size_t *count = ctx;

	*count += e->ignored != NULL;
	return CTL_DONE;
}

static void look_at_entries(struct doctor *d)
{
	const struct entry_filter all = { .has_kind = false };
	struct entries *entries = NULL;
	size_t ignored = 0;

	if (entries_gather(d->ctl, &all, &entries) != CTL_DONE) {
		doctor_note(d, DOCTOR_FAIL, "lists", NULL,
			"the entries cannot be read");
		return;
	}
	size_t count = entries_count(entries);

	if (count > ENTRIES_READ_MAX)
		doctor_note(d, DOCTOR_OK, "lists", NULL,
			"%zu entries, too many to look into here", count);
	else if (entries_each(d->ctl, entries, 0, count, count_ignored,
			 &ignored) != CTL_DONE)
		doctor_note(d, DOCTOR_FAIL, "lists", NULL,
			"the entries cannot be read");
	else if (ignored > 0)
		doctor_note(d, DOCTOR_WARN, "lists",
			"\"reprievectl list\" names them",
			"%zu of %zu entries are nonsense and ignored", ignored,
			count);
	else
		doctor_note(d, DOCTOR_OK, "lists", NULL,
			"%zu entries, none of them nonsense", count);
	entries_free(entries);
}

static void look_at_nodes(struct doctor *d)
{
	struct nodes nodes;

	if (nodes_read(d->ctl, &nodes) != CTL_DONE) {
		doctor_note(d, DOCTOR_FAIL, "nodes", NULL, "cannot be read");
		return;
	}
	if (nodes.count == 0)
		doctor_note(d, DOCTOR_WARN, "nodes",
			"start reprieve-milter, or look into its log",
			"no milter has given a sign of life for a minute");
	for (size_t i = 0; i < nodes.count; i++) {
		const char *why = nodes_behind(&nodes.node[i]);

		if (why == NULL)
			doctor_note(d, DOCTOR_OK, "nodes", NULL, "%s in step",
				nodes.node[i].id);
		else
			doctor_note(d, DOCTOR_WARN, "nodes",
				"\"reprievectl nodes\" shows more",
				"%s is behind: %s", nodes.node[i].id, why);
	}
	nodes_clear(&nodes);
}

void doctor_redis(struct doctor *d)
{
	const struct link_request request = { .purpose = LINK_WRITE,
		.timeout_ms = d->ctl->conf->redis.sync_timeout_ms };
	struct endpoint server;
	char name[ENDPOINT_TEXT_MAX];
	struct buf why;

	buf_init(&why, WHY_MAX);
	enum result res = link_open(
		d->ctl->conf, &request, &d->ctl->redis, &server, &why);

	if (res != RES_OK)
		doctor_note(d, DOCTOR_FAIL, "redis",
			"start redis-server, or correct redis { servers user "
			"password }",
			"no connection (%s): %s", result_name(res),
			buf_text(&why));
	buf_clear(&why);
	if (res != RES_OK)
		return;
	doctor_note(d, DOCTOR_OK, "redis", NULL, "%s answers",
		endpoint_format(&server, name));
	look_at_version(d);
	look_at_memory(d);
	look_at_clock(d);
	look_at_generation(d);
	look_at_entries(d);
	look_at_nodes(d);
}
