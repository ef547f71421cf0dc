/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/client.h"

#include "store/subject.h"

#include <string.h>

enum { KIND_ALLOW = 1 << LIST_ALLOW, KIND_BLOCK = 1 << LIST_BLOCK };

struct search {
	const struct prefixes *p;
	struct slice scope;
	struct prefix_hit *out;
	size_t count;
};

/* HELO, MAIL FROM and PTR are often the same name. */
static bool is_there(const struct search *s, const struct prefix_hit *hit)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->out[i].kind == hit->kind &&
			s->out[i].is_scoped == hit->is_scoped &&
			cidr_is_equal(&s->out[i].net, &hit->net))
			return true;
	return false;
}

static void take(struct search *s, const struct cidr *net, enum list_kind kind,
	struct slice scope)
{
	struct list_name name = { .kind = kind, .net = *net };
	struct prefix_hit hit;

	if (s->count == PREFIX_HITS_MAX || scope.len >= HOSTNAME_MAX)
		return;
	if (scope.len > 0)
		memcpy(name.scope, scope.at, scope.len);
	if (prefixes_find(s->p, &name, &hit) &&
		(hit.flags & PREFIX_IGNORED) == 0 && !is_there(s, &hit))
		s->out[s->count++] = hit;
}

static void look(struct search *s, const struct cidr *net, unsigned kinds)
{
	static const enum list_kind order[] = { LIST_ALLOW, LIST_BLOCK };

	for (size_t i = 0; i < 2; i++) {
		if ((kinds & 1u << order[i]) == 0)
			continue;
		if (s->scope.len > 0)
			take(s, net, order[i], s->scope);
		take(s, net, order[i], slice_of(""));
	}
}

static size_t count_labels(struct slice name)
{
	size_t count = name.len > 0;

	for (size_t i = 0; i < name.len; i++)
		count += name.at[i] == '.';
	return count;
}

static void look_for_names(struct search *s, struct slice name, unsigned kinds)
{
	size_t labels = count_labels(name);
	bool is_whole = true;

	for (; name.len > 0; labels--) {
		struct cidr net;

		if ((is_whole || labels <= CLIENT_LABELS_MAX) &&
			subject_of_domain(name, &net) == RES_OK)
			look(s, &net, kinds);
		is_whole = false;
		name = slice_part(name, slice_find(name, '.') + 1, name.len);
	}
}

/* Those of the scope to the front, in the order in which they are. */
static void sort_by_scope(struct search *s)
{
	size_t front = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct prefix_hit hit = s->out[i];

		if (!hit.is_scoped)
			continue;
		memmove(s->out + front + 1, s->out + front,
			(i - front) * sizeof(hit));
		s->out[front++] = hit;
	}
}

/* Only its own place, no network around it. */
static size_t match_account(struct search *s, struct slice account)
{
	struct cidr net;

	if (prefixes_count_subject(s->p, SUBJECT_USER) > 0 &&
		subject_of_user(account, &net) == RES_OK)
		look(s, &net, KIND_ALLOW | KIND_BLOCK);
	sort_by_scope(s);
	return s->count;
}

size_t client_match(const struct prefixes *p, const struct list_client *c,
	struct slice scope, struct prefix_hit out[PREFIX_HITS_MAX])
{
	struct search s = { .p = p, .scope = scope, .out = out };
	struct cidr net;
	size_t nets;

	if (c->account.len > 0)
		return match_account(&s, c->account);
	nets = prefixes_match(p, &c->ip, scope, out);
	s.count = nets;
	if (prefixes_count_subject(p, SUBJECT_DOMAIN) > 0) {
		look_for_names(&s, c->proven, KIND_ALLOW | KIND_BLOCK);
		for (size_t i = 0; i < CLIENT_CLAIMS; i++)
			look_for_names(&s, c->claimed[i], KIND_BLOCK);
	}
	if (c->asn != 0 && prefixes_count_subject(p, SUBJECT_ASN) > 0) {
		net = subject_of_asn(c->asn);
		look(&s, &net, KIND_ALLOW | KIND_BLOCK);
	}
	if (c->country[0] != '\0' &&
		prefixes_count_subject(p, SUBJECT_COUNTRY) > 0) {
		net = subject_of_country(c->country);
		look(&s, &net, KIND_ALLOW | KIND_BLOCK);
	}
	if (s.count > nets)
		sort_by_scope(&s);
	return s.count;
}
