/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "store/fbl.h"

#include <stdio.h>
#include <string.h>

enum {
	V4_BITS = 96, /* in front of an IPv4 address */
	V4_NET = V4_BITS + 24,
	V4_ONE = V4_BITS + 32,
	V6_CLIENT = 64,
	V6_NET = 48
};

#define DOMAIN_MARK "domain:"
#define NET_MARK "net:"
#define RECORD_LABEL "_reprieve-fbl."

static const char *const names[] = {
	[FBL_UNKNOWN] = "unknown",
	[FBL_NEW] = "new",
	[FBL_CONFIRMED] = "confirmed",
	[FBL_ACTIVE] = "active",
	[FBL_LAPSED] = "lapsed",
	[FBL_ENDED] = "ended",
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

const char *fbl_state_name(enum fbl_state s)
{
	return (size_t)s < NAMES ? names[s] : names[FBL_UNKNOWN];
}

/* ---- subjects ---- */

static enum result net_of(struct cidr net, struct fbl_subject *out)
{
	if (!cidr_is_v4(&net) && net.bits == 128)
		net = cidr_around(&net.net, V6_CLIENT);
	if (cidr_is_v4(&net) ? net.bits != V4_NET && net.bits != V4_ONE
			     : net.bits != V6_CLIENT && net.bits != V6_NET)
		return RES_RANGE;
	*out = (struct fbl_subject){ .is_net = true, .net = net };
	return RES_OK;
}

/* A top level is nobody's to register. */
static enum result domain_of(struct slice text, struct fbl_subject *out)
{
	struct fbl_subject s = { .is_net = false };
	size_t len;
	enum result res = hostname_parse(text, s.domain, &len);

	if (res != RES_OK)
		return res;
	if (strchr(s.domain, '.') == NULL)
		return RES_RANGE;
	*out = s;
	return RES_OK;
}

static struct slice behind(struct slice text, const char *mark)
{
	const struct slice m = slice_of(mark);

	return slice_has_prefix_nocase(text, m)
		? slice_part(text, m.len, text.len)
		: text;
}

enum result fbl_subject_parse(struct slice text, struct fbl_subject *out)
{
	struct slice bare = slice_trim(text);
	struct cidr net;
	enum result res;

	bare = behind(behind(bare, DOMAIN_MARK), NET_MARK);
	res = cidr_parse(&net, bare);
	if (res == RES_OK)
		return net_of(net, out);
	return res == RES_SYNTAX ? domain_of(bare, out) : res;
}

const char *fbl_subject_format(
	const struct fbl_subject *s, char out[FBL_SUBJECT_MAX])
{
	char net[CIDR_TEXT_MAX];

	if (s->is_net)
		snprintf(out, FBL_SUBJECT_MAX, NET_MARK "%s",
			cidr_format(&s->net, net));
	else
		snprintf(out, FBL_SUBJECT_MAX, DOMAIN_MARK "%s", s->domain);
	return out;
}

/* ---- the record ---- */

/* The zone of a range ends where a label does: all lengths here do. */
static void add_reverse(struct buf *out, const struct cidr *net)
{
	static const char hex[] = "0123456789abcdef";

	if (cidr_is_v4(net)) {
		for (unsigned i = net->bits / 8; i > V4_BITS / 8; i--)
			buf_add_format(out, "%u.", net->net.octet[i - 1]);
		buf_add_text(out, "in-addr.arpa");
		return;
	}
	for (unsigned i = net->bits / 8; i > 0; i--) {
		buf_add_char(out, hex[net->net.octet[i - 1] & 15]);
		buf_add_char(out, '.');
		buf_add_char(out, hex[net->net.octet[i - 1] >> 4]);
		buf_add_char(out, '.');
	}
	buf_add_text(out, "ip6.arpa");
}

enum result fbl_record_name(
	const struct fbl_subject *s, char out[FBL_RECORD_MAX])
{
	struct buf name;
	enum result res;

	buf_init(&name, HOSTNAME_MAX - 1);
	buf_add_text(&name, RECORD_LABEL);
	if (s->is_net)
		add_reverse(&name, &s->net);
	else
		buf_add_text(&name, s->domain);
	res = buf_result(&name);
	if (res == RES_OK)
		snprintf(out, FBL_RECORD_MAX, "%s", buf_text(&name));
	buf_clear(&name);
	return res;
}

enum result fbl_record_text(
	const struct secret *secret, struct slice id, char out[FBL_TEXT_MAX])
{
	char token[TOKEN_TEXT_MAX];
	enum result res = token_make(secret, TOKEN_FBL_RECORD, id, token);

	if (res == RES_OK)
		snprintf(out, FBL_TEXT_MAX, FBL_RECORD "%s", token);
	return res;
}

bool fbl_record_is(struct slice text, const char *want)
{
	const struct slice mark = slice_of(FBL_RECORD);
	const struct slice said = slice_trim(text);
	char got[TOKEN_TEXT_MAX];

	return slice_has_prefix_nocase(said, mark) &&
		token_parse(slice_part(said, mark.len, said.len), got) ==
		RES_OK &&
		slice_is_equal(slice_of(got),
			slice_part(slice_of(want), mark.len, TOKEN_LEN));
}
