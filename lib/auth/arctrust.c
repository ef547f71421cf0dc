/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/arctrust.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"

enum { KEY_MAX = 400 };

static bool is_within(struct slice domain, struct slice above)
{
	size_t cut = domain.len - above.len;

	if (domain.len < above.len || above.len == 0)
		return false;
	return slice_is_equal(slice_part(domain, cut, above.len), above) &&
		(cut == 0 || domain.at[cut - 1] == '.');
}

static bool is_configured(const struct conf_arc *conf, struct slice domain)
{
	for (size_t i = 0; i < conf->trusted_count; i++)
		if (is_within(domain, slice_of(conf->trusted[i])))
			return true;
	return false;
}

static bool is_known(const struct trust_source *source, struct slice domain)
{
	bool found = false;

	return source->find != NULL &&
		source->find(source->ctx, "arc", domain, &found) == RES_OK &&
		found;
}

static struct slice name_key(
	const struct conf *conf, struct slice domain, struct arena *a)
{
	struct slice copy;
	struct buf key;

	buf_init(&key, KEY_MAX);
	buf_add_format(&key, "%strust:arc:%.*s", conf->redis.prefix,
		SLICE_ARG(domain));
	if (arena_copy(a, buf_slice(&key), &copy) != RES_OK)
		copy = slice_of("redis");
	buf_clear(&key);
	return copy;
}

void arctrust_find(const struct trust_source *source, const struct conf *conf,
	struct arena *a, struct arc_fact *fact)
{
	struct slice known = { NULL, 0 };

	for (unsigned i = 0; i < fact->set_count; i++) {
		struct slice sealer = fact->sets[i].sealer;

		if (is_configured(&conf->arc, sealer))
			continue;
		if (!is_known(source, sealer))
			return;
		known = sealer;
	}
	fact->is_trusted = fact->set_count > 0;
	fact->trusted_by = slice_is_empty(known) ? slice_of("config")
						 : name_key(conf, known, a);
}
