/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/nodes.h"

#include "ctl/ask.h"
#include "store/keys.h"
#include "store/node.h"

#include <stdlib.h>
#include <string.h>

enum { LAG_MAX_MS = 1000, SILENT_S = 30 };

/* First the fields that people look for, in this order. */
static const char *const known[] = { "state", "version", "entries", "blocks",
	"allows", "ignored", "lag_ms", "sessions", "build", "host", "server" };

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static void copy(char *out, size_t size, struct slice text)
{
	snprintf(out, size, "%.*s",
		(int)(text.len < size ? text.len : size - 1),
		text.len == 0 ? "" : text.at);
}

struct gathering {
	struct ctl *ctl;
	struct nodes *nodes;
	size_t head; /* octets of the key before the id */
};

static int node_compare(const void *a, const void *b)
{
	const struct nodes_one *left = a;
	const struct nodes_one *right = b;

	return strcmp(left->id, right->id);
}

static enum ctl_exit node_add(void *ctx, struct slice key)
{
	struct gathering *g = ctx;
	struct nodes *all = g->nodes;

	struct slice id = slice_part(key, g->head, key.len);

	if (all->count == NODES_MAX || slice_is_equal(id, slice_of(NODE_IDS)))
		return CTL_DONE;
	struct nodes_one *grown =
		realloc(all->node, (all->count + 1) * sizeof(*grown));

	if (grown == NULL)
		return ask_failed(g->ctl, RES_NOMEM);
	all->node = grown;
	memset(&grown[all->count], 0, sizeof(*grown));
	copy(grown[all->count].id, sizeof(grown->id), id);
	all->count++;
	return CTL_DONE;
}

static void field_add(
	struct nodes_one *n, struct slice name, struct slice value)
{
	if (n->field_count == NODES_FIELDS_MAX)
		return;
	struct nodes_field *f = &n->field[n->field_count++];

	copy(f->name, sizeof(f->name), name);
	copy(f->value, sizeof(f->value), value);
}

static void read_fields(struct nodes_one *n, const struct redis_reply *reply)
{
	for (size_t k = 0; k < KNOWN; k++)
		for (size_t i = 0; i + 1 < reply->count; i += 2)
			if (slice_is_equal(redis_element(reply, i).text,
				    slice_of(known[k])))
				field_add(n, slice_of(known[k]),
					redis_element(reply, i + 1).text);
	for (size_t i = 0; i + 1 < reply->count; i += 2) {
		struct slice name = redis_element(reply, i).text;
		char text[sizeof(n->field[0].name)];

		copy(text, sizeof(text), name);
		if (nodes_value(n, text)[0] == '\0')
			field_add(n, name, redis_element(reply, i + 1).text);
	}
}

static enum ctl_exit node_read(struct ctl *ctl, struct nodes_one *n)
{
	struct buf key;
	struct redis_reply reply;

	buf_init(&key, LIST_NAME_MAX);
	keys_format(&key, ctl_prefix(ctl), "node:", slice_of(n->id));
	const struct slice ttl[] = { slice_of("TTL"), buf_slice(&key) };
	const struct slice all[] = { slice_of("HGETALL"), buf_slice(&key) };
	enum ctl_exit code = ask_command(ctl, ttl, 2, &reply);

	/* Each word of a node gives it another NODES_LIFE_S: its clock need not
	 * agree with ours. */
	n->age_s = -1;
	if (code == CTL_DONE && reply.number >= 0 &&
		reply.number <= NODES_LIFE_S)
		n->age_s = NODES_LIFE_S - reply.number;
	if (code == CTL_DONE)
		code = ask_command(ctl, all, 2, &reply);
	if (code == CTL_DONE)
		read_fields(n, &reply);
	buf_clear(&key);
	return code;
}

static enum ctl_exit compare_generations(struct ctl *ctl, struct nodes *nodes)
{
	struct buf key;
	struct redis_reply reply;

	buf_init(&key, LIST_NAME_MAX);
	keys_format(&key, ctl_prefix(ctl), "lists:generation", slice_of(""));
	const struct slice get[] = { slice_of("GET"), buf_slice(&key) };
	enum ctl_exit code = ask_command(ctl, get, 2, &reply);

	buf_clear(&key);
	for (size_t i = 0; code == CTL_DONE && i < nodes->count; i++) {
		struct slice own =
			slice_of(nodes_value(&nodes->node[i], "generation"));

		nodes->node[i].is_foreign =
			own.len > 0 && !slice_is_equal(own, reply.text);
	}
	return code;
}

enum ctl_exit nodes_read(struct ctl *ctl, struct nodes *out)
{
	struct gathering g = { .ctl = ctl, .nodes = out };
	const struct ask_scan scan = {
		.fixed = "node:", .each = node_add, .ctx = &g
	};

	*out = (struct nodes){ .count = 0 };
	g.head = ctl_prefix(ctl).len + strlen("node:");
	enum ctl_exit code = ask_open(ctl, LINK_READ);

	if (code == CTL_DONE)
		code = ask_scan(ctl, &scan);
	if (code == CTL_DONE && out->count > 0)
		qsort(out->node, out->count, sizeof(*out->node), node_compare);
	for (size_t i = 0; i < out->count && code == CTL_DONE; i++)
		code = node_read(ctl, &out->node[i]);
	if (code == CTL_DONE)
		code = compare_generations(ctl, out);
	if (code != CTL_DONE)
		nodes_clear(out);
	return code;
}

void nodes_clear(struct nodes *n)
{
	free(n->node);
	*n = (struct nodes){ .count = 0 };
}

const char *nodes_value(const struct nodes_one *n, const char *field)
{
	for (size_t i = 0; i < n->field_count; i++)
		if (strcmp(n->field[i].name, field) == 0)
			return n->field[i].value;
	return "";
}

const char *nodes_behind(const struct nodes_one *n)
{
	const char *state = nodes_value(n, "state");
	uint64_t lag_ms = 0;

	if (state[0] != '\0' && strcmp(state, "live") != 0)
		return "it does not follow Redis at the moment (see its state)";
	if (strcmp(nodes_value(n, "usable"), "no") == 0)
		return "it has no copy of the lists young enough to use";
	if (n->age_s > SILENT_S)
		return "it has said nothing for half a minute";
	if (slice_parse_u64(slice_of(nodes_value(n, "lag_ms")), 0, UINT64_MAX,
		    &lag_ms) == RES_OK &&
		lag_ms > LAG_MAX_MS)
		return "changes wait longer than a second";
	if (n->is_foreign)
		return "it follows another generation of the lists";
	return NULL;
}
