/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/zonenames.h"

#include "mail/from.h"
#include "net/psl.h"

#include <string.h>

/* Domains of links among which ZONENAMES_LINKS_MAX are taken. */
enum { SEEN_MAX = 64 };

/* Two labels, or three below a country ("example.co.uk"). */
static struct slice by_labels(struct slice host)
{
	size_t last = slice_find_last(host, '.');
	struct slice rest = slice_part(host, 0, last);
	size_t second = slice_find_last(rest, '.');

	if (last == host.len || second == rest.len)
		return host;
	if (host.len - last - 1 == 2 && rest.len - second - 1 <= 3) {
		rest = slice_part(rest, 0, second);
		second = slice_find_last(rest, '.');
		if (second == rest.len)
			return host;
	}
	return slice_part(host, second + 1, host.len);
}

static struct slice registered(const struct psl *psl, struct slice host)
{
	return psl == NULL ? by_labels(host) : psl_organisation(psl, host);
}

static bool is_own(const struct conf *conf, struct slice name)
{
	if (hostname_is_within(name, slice_of(conf->host)))
		return true;
	for (size_t i = 0; i < conf->portal.local_domain_count; i++)
		if (hostname_is_within(
			    name, slice_of(conf->portal.local_domains[i])))
			return true;
	return false;
}

static void add(struct zonenames *out, const struct check_input *in,
	const struct psl *psl, enum conf_zone_subject subject,
	struct slice name)
{
	struct zonename *z = &out->item[out->count];
	size_t len;

	if (out->count == ZONENAMES_MAX ||
		psl_to_ascii(name, z->text, &len) != RES_OK)
		return;
	z->host = slice_make(z->text, len);
	if (slice_find(z->host, '.') == len || is_own(in->conf, z->host))
		return;
	z->domain = registered(psl, z->host);
	z->subject = subject;
	out->count++;
}

static void add_authors(struct zonenames *out, const struct check_input *in,
	const struct psl *psl)
{
	size_t at = message_find(in->message, slice_of("From"), 0);
	struct from_list list;

	if (at == in->message->field_count ||
		from_parse(in->message->fields[at].value, &list) != RES_OK)
		return;
	for (size_t i = 0; i < list.count && i < ZONENAMES_AUTHORS_MAX; i++)
		add(out, in, psl, CONF_ZONE_AUTHOR, list.domain[i]);
}

/* ---- links ---- */

struct seen {
	size_t count;
	struct slice host[SEEN_MAX];
	struct slice domain[SEEN_MAX];
};

static void note(struct seen *s, const struct check_input *in,
	const struct psl *psl, struct slice host)
{
	struct slice domain;

	if (s->count == SEEN_MAX || !hostname_is_valid(host) ||
		slice_find(host, '.') == host.len || is_own(in->conf, host))
		return;
	domain = registered(psl, host);
	for (size_t i = 0; i < s->count; i++)
		if (slice_is_equal(s->domain[i], domain))
			return;
	s->host[s->count] = host;
	s->domain[s->count++] = domain;
}

static void add_links(struct zonenames *out, const struct check_input *in,
	const struct psl *psl)
{
	struct seen seen = { .count = 0 };
	size_t take;

	for (size_t i = 0; i < in->body->link_count; i++)
		if (!in->body->links[i].is_address)
			note(&seen, in, psl, in->body->links[i].host);
	take = seen.count < ZONENAMES_LINKS_MAX ? seen.count
						: ZONENAMES_LINKS_MAX;
	for (size_t i = 0; i < take; i++)
		add(out, in, psl, CONF_ZONE_LINK,
			seen.host[i * seen.count / take]);
}

static void add_envelope(struct zonenames *out, const struct check_input *in,
	const struct psl *psl)
{
	add(out, in, psl, CONF_ZONE_HELO, in->conn->helo);
	if (!in->envelope->sender.is_null)
		add(out, in, psl, CONF_ZONE_SENDER,
			in->envelope->sender.domain);
}

void zonenames_gather(struct zonenames *out, const struct check_input *in,
	const struct psl *psl)
{
	if (!out->has_envelope && in->envelope != NULL) {
		out->has_envelope = true;
		add_envelope(out, in, psl);
	}
	if (!out->has_header && in->message != NULL) {
		out->has_header = true;
		add_authors(out, in, psl);
	}
	if (!out->has_links && in->body != NULL && in->body->is_known) {
		out->has_links = true;
		add_links(out, in, psl);
	}
}
