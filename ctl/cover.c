/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/cover.h"

#include "ctl/ask.h"
#include "store/subject.h"

#include <string.h>

enum { V4_BITS = 96 };

static struct list_name name_of(
	const struct cover_question *q, const struct cidr *net)
{
	struct list_name name = { .kind = q->kind, .net = *net };

	name.subject = subject_of(net);
	snprintf(name.scope, sizeof(name.scope), "%s", q->scope);
	return name;
}

/* Only its own text names a domain. */
static bool domain_key(const struct ctl *ctl, const struct cover_question *q,
	char out[LIST_NAME_MAX])
{
	struct slice prefix = ctl_prefix(ctl);
	int len = snprintf(out, LIST_NAME_MAX, "%.*s%s%s%s:domain:%s",
		SLICE_ARG(prefix), list_kind_name(q->kind),
		q->scope[0] == '\0' ? "" : "@", q->scope, q->domain);

	return len > 0 && len < LIST_NAME_MAX;
}

bool cover_key(const struct ctl *ctl, const struct cover_question *q,
	const struct cidr *net, char out[LIST_NAME_MAX])
{
	const struct list_name name = name_of(q, net);

	if (name.subject == SUBJECT_DOMAIN)
		return domain_key(ctl, q, out);
	return list_name_format(&name, ctl_prefix(ctl), out) > 0;
}

bool cover_parse(
	const struct ctl *ctl, const char *text, struct cover_question *out)
{
	static const char domain[] = "domain:";
	struct list_name name;
	struct buf key;
	enum result res;
	size_t len;

	buf_init(&key, LIST_NAME_MAX);
	buf_add_format(&key, "block:%s", text);
	res = buf_result(&key);
	if (res == RES_OK)
		res = list_name_parse(&name, slice_of(""), buf_slice(&key));
	buf_clear(&key);
	out->domain[0] = '\0';
	if (res == RES_OK && name.subject == SUBJECT_DOMAIN)
		res = hostname_parse(
			slice_of(text + sizeof(domain) - 1), out->domain, &len);
	if (res != RES_OK) {
		output_error(ctl->out,
			"\"%s\" is neither an address nor a network, nor "
			"asn:N, country:CC, domain:NAME or user:HASH",
			text);
		return false;
	}
	out->net = name.net;
	return true;
}

/* The shortest network that could cover it. */
static int last_bits(const struct cover_question *q)
{
	if (subject_of(&q->net) != SUBJECT_NET)
		return q->net.bits;
	return cidr_is_v4(&q->net) ? V4_BITS : 0;
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
	int last = last_bits(q);
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
