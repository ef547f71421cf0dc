/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Authentication-Results of a stranger: whatever stands behind a plain claim
 * of our name it stays a claim, and no ASCII without our letters is one. And
 * ours, whatever the facts hold, is well-formed.
 */
#include "auth/authres.h"

#include "auth/receivedspf.h"
#include "support/resinfo.h"
#include "t/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

static bool has_octet(struct slice v, char lower)
{
	for (size_t i = 0; i < v.len; i++)
		if ((v.at[i] | 0x20) == lower)
			return true;
	return false;
}

/* Another form of our letters may stand for them. */
static bool has_utf8(struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.at[i] >= 0x80)
			return true;
	return false;
}

/* Hands out the input piece by piece. */
struct supply {
	struct slice rest;
};

static uint8_t octet(struct supply *s)
{
	uint8_t c;

	if (slice_is_empty(s->rest))
		return 0;
	c = (uint8_t)s->rest.at[0];
	s->rest = slice_part(s->rest, 1, s->rest.len);
	return c;
}

/* Up to the next LF, so that a corpus can be read. */
static struct slice text(struct supply *s)
{
	struct slice line;

	return slice_cut(&s->rest, '\n', &line) ? line : slice_of("");
}

static enum auth_result result(struct supply *s)
{
	return (enum auth_result)(octet(s) % (AUTH_PERMERROR + 1));
}

static struct spf_fact spf(struct supply *s)
{
	return (struct spf_fact){ .result = result(s),
		.domain = text(s),
		.reason = text(s),
		.matched = text(s) };
}

static struct dkim_fact dkim(struct supply *s)
{
	return (struct dkim_fact){ .result = result(s),
		.key_bits = octet(s),
		.is_testing = octet(s) & 1,
		.domain = text(s),
		.selector = text(s),
		.identity = text(s),
		.algorithm = text(s),
		.b = text(s),
		.reason = text(s) };
}

static void fill(struct auth_facts *f, struct supply *s,
	struct dkim_fact signature[AUTH_DKIM_MAX], struct arc_set *set)
{
	f->iprev = (struct iprev_fact){
		.result = result(s), .name = text(s), .reason = text(s)
	};
	f->is_null_sender = octet(s) & 1;
	f->mailfrom = spf(s);
	f->helo = spf(s);
	*set = (struct arc_set){ .sealer = text(s) };
	f->arc = (struct arc_fact){ .result = result(s),
		.instances = octet(s),
		.sets = set,
		.set_count = 1,
		.reason = text(s) };
	f->dmarc = (struct dmarc_fact){ .result = result(s),
		.from_domain = text(s),
		.policy_domain = text(s),
		.policy = (enum dmarc_policy)(octet(s) % 3),
		.policy_tag = octet(s) & 1 ? "p" : "",
		.override = text(s),
		.reason = text(s) };
	f->dkim_is_known = true;
	f->dkim_count = octet(s) % (AUTH_DKIM_MAX + 1);
	f->dkim_ignored = octet(s) & 1;
	f->dkim = signature;
	for (unsigned i = 0; i < f->dkim_count; i++)
		signature[i] = dkim(s);
}

/* Whatever the facts hold, ours reads back, with every result in it. */
static void format(struct slice input, struct slice id)
{
	struct supply s = { .rest = input };
	struct dkim_fact signature[AUTH_DKIM_MAX];
	struct envelope envelope = { .sender = { .local = text(&s) } };
	struct auth_facts facts = { .dkim_count = 0 };
	struct ipaddr ip = { .octet = { octet(&s), 1 } };
	const struct authres_input in = { .authserv_id = id,
		.auth = &facts,
		.ip = &ip,
		.envelope = &envelope };
	struct arc_set set;
	struct buf out;
	size_t count;

	fill(&facts, &s, signature, &set);
	buf_init(&out, AUTHRES_MAX);
	target_promise(authres_format(&in, &out) == RES_OK,
		"our value fits its bound");
	target_promise(resinfo_fault(buf_text(&out), &count) == NULL,
		"our Authentication-Results read back");
	target_promise(authres_claims(buf_slice(&out), id),
		"our Authentication-Results claim our name");
	buf_reset(&out);
	target_promise(receivedspf_format(&in, &out) == RES_OK,
		"our Received-SPF fits its bound");
	target_promise(resinfo_line_fault(buf_text(&out)) == NULL,
		"our Received-SPF is clean");
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice id = slice_of("mx.example.net");
	struct slice value = slice_make(data, size);
	struct buf front;

	if (authres_claims(value, id) && !has_utf8(value) &&
		!(has_octet(value, 'm') && has_octet(value, 'x')))
		abort();
	buf_init(&front, size + 64);
	buf_add_text(&front, " (c) mx.example.net;");
	buf_add(&front, value);
	if (buf_result(&front) == RES_OK &&
		!authres_claims(buf_slice(&front), id))
		abort();
	buf_clear(&front);
	format(value, id);
	return 0;
}
