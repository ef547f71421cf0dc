/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/account.h"

enum result account_hash(
	const struct secret *s, struct slice name, char out[SECRET_HASH_MAX])
{
	(void)s;
	(void)name;
	(void)out;
	return RES_DOWN;
}

bool account_is_hash(struct slice text)
{
	(void)text;
	return false;
}

enum result account_name(struct redis *r, const struct conf *conf,
	const char *hash, struct arena *a, struct slice *name)
{
	(void)r;
	(void)conf;
	(void)hash;
	(void)a;
	(void)name;
	return RES_DOWN;
}

enum result accounts_open(
	struct accounts **out, struct writer *writer, const struct clock *clock)
{
	(void)out;
	(void)writer;
	(void)clock;
	return RES_DOWN;
}

void accounts_close(struct accounts *a)
{
	(void)a;
}

void accounts_seen(struct accounts *a, const struct conf *conf,
	const char *hash, struct slice name)
{
	(void)a;
	(void)conf;
	(void)hash;
	(void)name;
}
