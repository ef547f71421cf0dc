/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/trust.h"

#include "store/mirror.h"

#include <stdlib.h>

struct trust {
	struct mirror *mirror;
};

enum result trust_open(struct trust **out, struct mirror *m)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return RES_NOMEM;
	(*out)->mirror = m;
	return RES_OK;
}

void trust_close(struct trust *t)
{
	free(t);
}

enum result trust_find(
	struct trust *t, const char *kind, struct slice domain, bool *found)
{
	enum trust_kind k;

	*found = false;
	if (!trust_kind_parse(slice_of(kind), &k))
		return RES_SYNTAX;
	return mirror_trusts(t->mirror, k, domain, found);
}
