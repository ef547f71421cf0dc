/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl nodes: each milter that gives a sign of life, and who lags. */
#include "ctl/node.h"

#include <inttypes.h>

static void show_node(struct ctl *ctl, const struct node *n)
{
	struct output *o = ctl->out;

	output_open(o, NULL, OUTPUT_BLOCK);
	output_text(o, "node", slice_of(n->id));
	for (size_t i = 0; i < n->field_count; i++)
		output_text(o, n->field[i].name, slice_of(n->field[i].value));
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
		const char *why = node_behind(&nodes.node[i]);

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
	nodes_clear(&nodes);
	return nodes.count == 0 || behind > 0 ? CTL_NO : CTL_DONE;
}

static const struct args_spec spec = {
	.name = "nodes",
	.usage = "",
	.help = "Shows each living milter and whether it is in step.",
	.more = "Exit code 1: none is alive, or one of them is behind.",
};

const struct ctl_command cmd_nodes = { .spec = &spec, .run = run };
