/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/answer.h"

#include "base/arena.h"
#include "net/ipaddr.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_MAX = 63, ESCAPED_MAX = 4, NAME_WIRE_MAX = 255 };

/* The count and all octets stand in one block with the answer. */
struct counted {
	struct dns_answer answer; /* first: a pointer to it is one to all */
	atomic_uint references;
	struct slice rdata[];
};

static const char *const status_names[] = {
	[DNS_UNKNOWN] = "unknown",
	[DNS_FOUND] = "found",
	[DNS_NODATA] = "nodata",
	[DNS_NXDOMAIN] = "nxdomain",
};

static const char *const why_texts[] = {
	[DNS_WHY_NONE] = "",
	[DNS_WHY_TIMEOUT] = "no answer in time",
	[DNS_WHY_SERVFAIL] = "server failure",
	[DNS_WHY_REFUSED] = "the server refused",
	[DNS_WHY_BOGUS] = "DNSSEC validation failed",
	[DNS_WHY_NAME] = "no such name can exist",
	[DNS_WHY_BUDGET] = "too many questions for one message",
	[DNS_WHY_QUEUE] = "too many questions are waiting",
	[DNS_WHY_TOOBIG] = "the answer is too big",
	[DNS_WHY_DOWN] = "there is no resolver",
	[DNS_WHY_NOMEM] = "no memory",
};

static const struct type_name {
	enum dns_type type;
	const char *name;
} type_names[] = {
	{ DNS_A, "A" },
	{ DNS_CNAME, "CNAME" },
	{ DNS_PTR, "PTR" },
	{ DNS_MX, "MX" },
	{ DNS_TXT, "TXT" },
	{ DNS_AAAA, "AAAA" },
};

const char *dns_status_name(enum dns_status s)
{
	return status_names[s];
}

const char *dns_why_text(enum dns_why w)
{
	return why_texts[w];
}

const char *dns_type_name(enum dns_type t)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
		if (type_names[i].type == t)
			return type_names[i].name;
	return "?";
}

static struct counted *counted_of(struct dns_answer *a)
{
	return (struct counted *)(void *)a;
}

struct dns_answer *dns_answer_hold(struct dns_answer *a)
{
	atomic_fetch_add_explicit(
		&counted_of(a)->references, 1, memory_order_relaxed);
	return a;
}

void dns_answer_release(struct dns_answer *a)
{
	if (a != NULL &&
		atomic_fetch_sub_explicit(&counted_of(a)->references, 1,
			memory_order_acq_rel) == 1)
		free(counted_of(a));
}

static char *put(struct slice *to, struct slice from, char *at)
{
	if (from.len > 0)
		memcpy(at, from.at, from.len);
	*to = slice_make(at, from.len);
	return at + from.len;
}

struct dns_answer *dns_answer_new(const struct dns_answer *model)
{
	size_t octets = model->why_bogus.len;
	struct counted *c;
	char *at;

	for (size_t i = 0; i < model->count; i++)
		octets += model->rdata[i].len;
	c = malloc(sizeof(*c) + model->count * sizeof(c->rdata[0]) + octets);
	if (c == NULL)
		return NULL;
	c->answer = *model;
	atomic_init(&c->references, 1);
	at = (char *)(c->rdata + model->count);
	for (size_t i = 0; i < model->count; i++)
		at = put(&c->rdata[i], model->rdata[i], at);
	put(&c->answer.why_bogus, model->why_bogus, at);
	c->answer.rdata = c->rdata;
	return &c->answer;
}

/* ---- rdata ---- */

enum result dns_txt_join(struct slice rdata, struct arena *a, struct slice *out)
{
	char *text = arena_alloc(a, rdata.len + 1);
	size_t len = 0;

	if (text == NULL)
		return RES_NOMEM;
	if (rdata.len == 0)
		return RES_SYNTAX;
	for (size_t i = 0; i < rdata.len;) {
		size_t piece = (unsigned char)rdata.at[i++];

		if (piece > rdata.len - i)
			return RES_SYNTAX;
		memcpy(text + len, rdata.at + i, piece);
		len += piece;
		i += piece;
	}
	*out = slice_make(text, len);
	return RES_OK;
}

static size_t put_octet(char *to, unsigned char c)
{
	static const char digits[] = "0123456789";

	if (c > ' ' && c <= '~' && c != '.' && c != '\\') {
		*to = (char)c;
		return 1;
	}
	to[0] = '\\';
	to[1] = digits[c / 100];
	to[2] = digits[c / 10 % 10];
	to[3] = digits[c % 10];
	return ESCAPED_MAX;
}

enum result dns_name_text(struct slice wire, struct arena *a, struct slice *out)
{
	size_t at = 0, len = 0;
	char *text;

	if (wire.len == 0 || wire.len > NAME_WIRE_MAX)
		return RES_SYNTAX;
	text = arena_alloc(a, wire.len * ESCAPED_MAX);
	if (text == NULL)
		return RES_NOMEM;
	while (wire.at[at] != 0) {
		size_t label = (unsigned char)wire.at[at++];

		/* The last octet is the root's: a label ends before it. */
		if (label > LABEL_MAX || label >= wire.len - at)
			return RES_SYNTAX;
		if (len > 0)
			text[len++] = '.';
		for (size_t i = 0; i < label; i++)
			len += put_octet(
				text + len, (unsigned char)wire.at[at++]);
	}
	if (at + 1 != wire.len)
		return RES_SYNTAX;
	if (len == 0)
		text[len++] = '.';
	*out = slice_make(text, len);
	return RES_OK;
}

enum result dns_mx_split(
	struct slice rdata, uint16_t *preference, struct slice *name)
{
	if (rdata.len < 3)
		return RES_SYNTAX;
	*preference = (uint16_t)((unsigned char)rdata.at[0] << 8 |
		(unsigned char)rdata.at[1]);
	*name = slice_part(rdata, 2, rdata.len);
	return RES_OK;
}

const char *dns_reverse_name(const struct ipaddr *ip, char out[80])
{
	static const char hex[] = "0123456789abcdef";
	char *to = out;

	if (ipaddr_is_v4(ip)) {
		snprintf(out, 80, "%u.%u.%u.%u.in-addr.arpa", ip->octet[15],
			ip->octet[14], ip->octet[13], ip->octet[12]);
		return out;
	}
	for (size_t i = 16; i > 0; i--) {
		*to++ = hex[ip->octet[i - 1] & 0xf];
		*to++ = '.';
		*to++ = hex[ip->octet[i - 1] >> 4];
		*to++ = '.';
	}
	snprintf(to, 80 - (size_t)(to - out), "ip6.arpa");
	return out;
}

bool dns_answer_has_address(const struct dns_answer *a, const struct ipaddr *ip)
{
	size_t len = ipaddr_is_v4(ip) ? 4 : 16;

	for (size_t i = 0; i < a->count; i++)
		if (a->rdata[i].len == len &&
			memcmp(a->rdata[i].at, ip->octet + (16 - len), len) ==
				0)
			return true;
	return false;
}
