/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/shapepeople.h"

#include "base/ascii.h"
#include "heur/headernote.h"
#include "heur/provider.h"
#include "mail/display.h"
#include "mail/encodedword.h"
#include "mail/from.h"
#include "net/hostname.h"

#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_LEN = 512,
	NAME_LETTERS = 6, /* shorter names in capitals are abbreviations */
	MANY = 10,
	SOME = 6,
	ADDRESSES_MAX = 128,
	FIELD_MAX = 8192, /* octets of To and Cc that are read */
	HEAD = 3, /* octets that neighbours in an alphabet share */
	NEIGHBOURS = 3,
	RECEIVED_MAX = 32,
	RECEIVED_OCTETS = 1024
};

static bool is_alnum(char c)
{
	return ascii_is_upper(c) || (c >= 'a' && c <= 'z') ||
		(c >= '0' && c <= '9');
}

/* ---- the name beside the address ---- */

static bool is_in_capitals(struct slice name)
{
	size_t upper = 0;

	for (size_t i = 0; i < name.len; i++) {
		if ((name.at[i] >= 'a' && name.at[i] <= 'z') ||
			(name.at[i] & 0x80) != 0)
			return false;
		upper += ascii_is_upper(name.at[i]);
	}
	return upper >= NAME_LETTERS;
}

static void check_name(struct headernote *n, const struct field *from)
{
	struct buf raw, text;
	struct slice name;

	buf_init(&raw, NAME_MAX_LEN);
	buf_init(&text, NAME_MAX_LEN);
	display_add(from->value, &raw);
	(void)!encodedword_decode(buf_slice(&raw), &text, NULL);
	name = slice_trim(buf_slice(&text));
	if (name.len == 0)
		headernote_add(n, "no_name", 1,
			"From has an address, and no name beside it");
	else if (is_in_capitals(name))
		headernote_add(n, "name_capitals", 1,
			"the name in From is written in capitals");
	buf_clear(&raw);
	buf_clear(&text);
}

/* ---- provider ---- */

static bool is_of_host(char c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_';
}

/* Any name in it but those of addresses. */
static bool names_host(const struct provider *p, struct slice text)
{
	for (size_t at = 0, end; at < text.len; at = end + 1) {
		end = at;
		while (end < text.len && is_of_host(text.at[end]))
			end++;
		if (end > at && (at == 0 || text.at[at - 1] != '@') &&
			provider_has(p, slice_part(text, at, end - at)))
			return true;
	}
	return false;
}

static bool came_through(const struct check_input *in, const struct provider *p)
{
	const struct message *m = in->message;
	const struct slice received = slice_of("Received");
	unsigned left = RECEIVED_MAX;

	if (in->conn != NULL &&
		(provider_has(p, in->conn->helo) ||
			provider_has(p, in->conn->hostname) ||
			provider_has(p, in->conn->ptr)))
		return true;
	for (size_t i = message_find(m, received, 0);
		i < m->field_count && left > 0;
		i = message_find(m, received, i + 1), left--)
		if (names_host(p,
			    slice_part(m->fields[i].value, 0, RECEIVED_OCTETS)))
			return true;
	return false;
}

/* A signature in its name, whether or not a list has broken it; or SPF. */
static bool is_vouched(const struct auth_facts *a, const struct provider *p)
{
	if (a == NULL || a->dkim_ignored > 0)
		return a != NULL;
	for (unsigned i = 0; i < a->dkim_count; i++)
		if (provider_has(p, a->dkim[i].domain))
			return true;
	return a->mailfrom.result == AUTH_PASS &&
		provider_has(p, a->mailfrom.domain);
}

static void check_provider(struct headernote *n, const struct field *from)
{
	const struct provider *p;
	struct from_list list;

	if (n->in->message->is_header_partial ||
		from_parse(from->value, &list) != RES_OK || list.count != 1)
		return;
	p = provider_find(list.domain[0]);
	if (p != NULL && !is_vouched(n->in->auth, p) && !came_through(n->in, p))
		headernote_add(n, "provider", 1,
			"From names a mailbox at %.*s, and no host of theirs "
			"sent it",
			SLICE_ARG(slice_part(
				list.domain[0], 0, HEADERNOTE_VALUE_MAX)));
}

/* ---- Reply-To ---- */

static bool is_same_house(struct slice a, struct slice b)
{
	return hostname_is_within(a, b) || hostname_is_within(b, a);
}

/* SPF or DKIM vouches for that domain, as for what a form on a web site sends
 * in the name of the site. */
static bool is_proved(const struct auth_facts *a, struct slice text)
{
	char name[HOSTNAME_MAX];
	struct slice domain;
	size_t len;

	if (a == NULL || hostname_parse(text, name, &len) != RES_OK)
		return false;
	domain = slice_make(name, len);
	for (unsigned i = 0; i < a->dkim_count; i++)
		if (a->dkim[i].result == AUTH_PASS &&
			is_same_house(a->dkim[i].domain, domain))
			return true;
	return a->mailfrom.result == AUTH_PASS &&
		is_same_house(a->mailfrom.domain, domain);
}

static void check_reply(struct headernote *n, const struct field *from)
{
	const struct field *f = headernote_field(n->in->message, "Reply-To");
	const struct provider *p;
	struct from_list author, reply;

	if (f == NULL || f->is_cut ||
		from_parse(from->value, &author) != RES_OK ||
		from_parse(f->value, &reply) != RES_OK || author.count != 1 ||
		reply.count != 1)
		return;
	p = provider_find(reply.domain[0]);
	if (p != NULL && !provider_has(p, author.domain[0]) &&
		!is_proved(n->in->auth, author.domain[0]))
		headernote_add(n, "reply_elsewhere", 1,
			"Reply-To leads to a mailbox at %.*s, and From is of "
			"another domain that nothing proves",
			SLICE_ARG(slice_part(
				reply.domain[0], 0, HEADERNOTE_VALUE_MAX)));
}

/* ---- recipients ---- */

struct crowd {
	struct slice local[ADDRESSES_MAX];
	size_t count;
};

static void read_addresses(struct crowd *c, struct slice value)
{
	value = slice_part(value, 0, FIELD_MAX);
	for (size_t i = 0; i < value.len && c->count < ADDRESSES_MAX; i++) {
		size_t begin = i;

		if (value.at[i] != '@')
			continue;
		while (begin > 0 && i - begin < 64 &&
			(is_of_host(value.at[begin - 1]) ||
				value.at[begin - 1] == '+'))
			begin--;
		if (begin < i)
			c->local[c->count++] =
				slice_part(value, begin, i - begin);
	}
}

static int compare(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	const size_t len = x->len < y->len ? x->len : y->len;
	const int order = memcmp(x->at, y->at, len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* Pairs that differ and begin alike, in alphabetical order. */
static unsigned neighbours(struct crowd *c)
{
	unsigned pairs = 0;

	qsort(c->local, c->count, sizeof(c->local[0]), compare);
	for (size_t i = 1; i < c->count; i++)
		pairs += c->local[i].len >= HEAD &&
			!slice_is_equal(c->local[i], c->local[i - 1]) &&
			slice_is_equal(slice_part(c->local[i], 0, HEAD),
				slice_part(c->local[i - 1], 0, HEAD));
	return pairs;
}

static void check_crowd(struct headernote *n)
{
	const struct field *to = headernote_field(n->in->message, "To");
	const struct field *cc = headernote_field(n->in->message, "Cc");
	struct crowd c = { .count = 0 };
	size_t count;

	if (to != NULL)
		read_addresses(&c, to->value);
	if (cc != NULL)
		read_addresses(&c, cc->value);
	count = c.count;
	if (to != NULL && slice_find(to->value, '@') == to->value.len)
		headernote_add(n, "undisclosed", 1, "To holds no address");
	else if (cc != NULL && slice_trim(cc->value).len == 0)
		headernote_add(n, "undisclosed", 1, "Cc is empty");
	if (neighbours(&c) >= NEIGHBOURS)
		headernote_add(n, "many_recipients", 1,
			"%zu recipients in To and Cc, in the order of an "
			"alphabet",
			count);
	else if (count >= SOME)
		headernote_add(n, "many_recipients", count >= MANY ? 1 : 0.5,
			"%zu recipients in To and Cc", count);
}

void shapepeople_run(struct headernote *n)
{
	const struct field *from = headernote_field(n->in->message, "From");

	if (from != NULL && !from->is_cut) {
		check_name(n, from);
		check_provider(n, from);
		check_reply(n, from);
	}
	check_crowd(n);
}
