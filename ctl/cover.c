/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/cover.h"

#include "ctl/ask.h"

#include <string.h>

enum { V4_BITS = 96 };

bool cover_key(const struct ctl *ctl, const struct cover_question *q,
	const struct cidr *net, char out[LIST_NAME_MAX])
{
	struct list_name name = { .kind = q->kind, .subject = SUBJECT_NET };

	name.net = *net;
	snprintf(name.scope, sizeof(name.scope), "%s", q->scope);
	return list_name_format(&name, ctl_prefix(ctl), out) > 0;
}

static enum ctl_exit ask_one(
	struct ctl *ctl, const struct cover_question *q, const struct cidr *net)
{
	char key[LIST_NAME_MAX];

	if (!cover_key(ctl, q, net, key)) {
		output_error(ctl->out, "the key prefix is too long");
		return CTL_USAGE;
	}
	const struct slice argv[] = { slice_of("EXISTS"), slice_of(key) };

	return ask_append(ctl, argv, 2);
}

enum ctl_exit cover_ask(struct ctl *ctl, const struct cover_question *q,
	struct cover_answer *out)
{
	int last = cidr_is_v4(&q->net) ? V4_BITS : 0;
	enum ctl_exit code = CTL_DONE;
	struct redis_reply reply;

	out->count = 0;
	for (int bits = q->net.bits; bits >= last && code == CTL_DONE; bits--) {
		struct cidr net = cidr_around(&q->net.net, (uint8_t)bits);

		code = ask_one(ctl, q, &net);
	}
	for (int bits = q->net.bits; bits >= last && code == CTL_DONE; bits--) {
		code = ask_read(ctl, &reply);
		if (code == CTL_DONE && reply.type == REDIS_ERROR)
			code = ask_refused(ctl, reply.text);
		if (code == CTL_DONE && reply.number > 0)
			out->net[out->count++] =
				cidr_around(&q->net.net, (uint8_t)bits);
	}
	return code;
}
