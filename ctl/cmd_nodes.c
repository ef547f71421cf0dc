/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl nodes: each milter that gives a sign of life, and who lags. */
#include "ctl/nodes.h"

#include <string.h>

/* Seconds since 1970 in Redis, a time for a human. */
static bool is_time(const char *name)
{
	return strcmp(name, "synced") == 0 || strcmp(name, "started") == 0 ||
		strcmp(name, "at") == 0;
}

static void show_field(struct output *o, const struct nodes_field *f)
{
	uint64_t seconds = 0;

	if (is_time(f->name) &&
		slice_parse_u64(slice_of(f->value), 1, UINT32_MAX * 2ULL,
			&seconds) == RES_OK)
		ctl_output_time(o, f->name, (int64_t)seconds);
	else
		output_text(o, f->name, slice_of(f->value));
}

static void show_node(struct ctl *ctl, const struct nodes_one *n)
{
	struct output *o = ctl->out;

	output_open(o, NULL, OUTPUT_BLOCK);
	output_text(o, "node", slice_of(n->id));
	for (size_t i = 0; i < n->field_count; i++)
		show_field(o, &n->field[i]);
	if (n->age_s >= 0)
		output_number(o, "age_s", n->age_s);
	output_close(o);
}

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	struct nodes nodes;
	enum ctl_exit code = nodes_read(ctl, &nodes);
	size_t behind = 0;

	(void)args;
	if (code != CTL_DONE)
		return code;
	output_open(ctl->out, "nodes", OUTPUT_TABLE);
	for (size_t i = 0; i < nodes.count; i++)
		show_node(ctl, &nodes.node[i]);
	output_close(ctl->out);
	for (size_t i = 0; i < nodes.count; i++) {
		const char *why = nodes_behind(&nodes.node[i]);

		if (why == NULL)
			continue;
		behind++;
		output_say(ctl->out, "%s is behind: %s", nodes.node[i].id, why);
	}
	if (nodes.count == 0)
		output_say(ctl->out,
			"no milter has given a sign of life within a minute");
	else if (behind == 0)
		output_say(ctl->out, "all %zu in step", nodes.count);
	output_number(ctl->out, "behind", (int64_t)behind);
	if (nodes.count == 0 || behind > 0)
		code = CTL_NO;
	nodes_clear(&nodes);
	return code;
}

static const struct args_spec spec = {
	.name = "nodes",
	.usage = "",
	.help = "Shows each living milter and whether it is in step.",
	.more = "Exit code 1: none is alive, or one of them is behind.",
};

const struct ctl_command cmd_nodes = { .spec = &spec, .run = run };
