/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/cidrset.h"

#include <stdlib.h>

struct cidrset {
	struct cidr *net;
	size_t count;
	size_t size;
};

struct cidrset *cidrset_new(void)
{
	return calloc(1, sizeof(struct cidrset));
}

void cidrset_free(struct cidrset *s)
{
	if (s == NULL)
		return;
	free(s->net);
	free(s);
}

enum result cidrset_add(struct cidrset *s, const struct cidr *c)
{
	if (s->count >= CIDRSET_MAX)
		return RES_TOOBIG;
	if (s->count == s->size) {
		size_t size = s->size == 0 ? 8 : s->size * 2;
		struct cidr *net = realloc(s->net, size * sizeof(*net));

		if (net == NULL)
			return RES_NOMEM;
		s->net = net;
		s->size = size;
	}
	s->net[s->count++] = *c;
	return RES_OK;
}

bool cidrset_match(const struct cidrset *s, const struct ipaddr *ip)
{
	for (size_t i = 0; i < s->count; i++) {
		if (cidr_covers(&s->net[i], ip))
			return true;
	}
	return false;
}

bool cidrset_overlaps(const struct cidrset *s, const struct cidr *c)
{
	for (size_t i = 0; i < s->count; i++) {
		/* Of two networks that meet, the wider covers the other. */
		if (cidr_covers(&s->net[i], &c->net) ||
			cidr_covers(c, &s->net[i].net))
			return true;
	}
	return false;
}

size_t cidrset_count(const struct cidrset *s)
{
	return s->count;
}
