/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/eviction.h"

#include "store/redis.h"

#include <string.h>

struct limits {
	struct slice policy;
	struct slice maxmemory;
};

const char *eviction_name(enum eviction e)
{
	switch (e) {
	case EVICTION_UNKNOWN:
		return "unknown";
	case EVICTION_SAFE:
		return "safe";
	case EVICTION_LATER:
		return "later";
	case EVICTION_RISK:
		return "risk";
	}
	return "unknown";
}

static void judge(const struct limits *l, enum eviction *out,
	char policy[EVICTION_POLICY_MAX])
{
	size_t len = l->policy.len < EVICTION_POLICY_MAX - 1
		? l->policy.len
		: EVICTION_POLICY_MAX - 1;

	if (len > 0)
		memcpy(policy, l->policy.at, len);
	policy[len] = '\0';
	if (len == 0)
		*out = EVICTION_UNKNOWN;
	else if (!slice_has_prefix(l->policy, slice_of("allkeys-")))
		*out = EVICTION_SAFE;
	else if (slice_is_equal(l->maxmemory, slice_of("0")))
		*out = EVICTION_LATER;
	else
		*out = EVICTION_RISK;
}

/* An array of names and values. */
static void read_config(const struct redis_reply *reply, struct limits *l)
{
	for (size_t i = 0; i + 1 < reply->count; i += 2) {
		struct slice name = redis_element(reply, i).text;
		struct slice value = redis_element(reply, i + 1).text;

		if (slice_is_equal(name, slice_of("maxmemory-policy")))
			l->policy = value;
		if (slice_is_equal(name, slice_of("maxmemory")))
			l->maxmemory = value;
	}
}

/* Lines of "name:value". */
static void read_info(struct slice text, struct limits *l)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		size_t colon = slice_find(line, ':');
		struct slice name = slice_part(line, 0, colon);
		struct slice value =
			slice_trim(slice_part(line, colon + 1, line.len));

		if (slice_is_equal(name, slice_of("maxmemory_policy")))
			l->policy = value;
		if (slice_is_equal(name, slice_of("maxmemory")))
			l->maxmemory = value;
	}
}

enum result eviction_read(
	struct redis *r, enum eviction *out, char policy[EVICTION_POLICY_MAX])
{
	const struct slice config[] = { slice_of("CONFIG"), slice_of("GET"),
		slice_of("maxmemory*") };
	const struct slice info[] = { slice_of("INFO"), slice_of("memory") };
	struct limits l = { 0 };
	struct redis_reply reply;
	enum result res = redis_command(r, config, 3, &reply);

	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_ARRAY) {
		read_config(&reply, &l);
		judge(&l, out, policy);
		return RES_OK;
	}
	res = redis_command(r, info, 2, &reply);
	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_STRING)
		read_info(reply.text, &l);
	judge(&l, out, policy);
	return RES_OK;
}
