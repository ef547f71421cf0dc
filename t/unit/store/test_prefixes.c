/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/prefixes.h"

#include "support/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *prefix = "rp:";

static struct list_name name_of(const char *key)
{
	struct list_name name;

	assert_int_equal(
		list_name_parse(&name, slice_of(prefix), slice_of(key)),
		RES_OK);
	return name;
}

static enum result put(struct prefixes *p, const char *key, unsigned flags,
	uint32_t expire_s, bool *added)
{
	struct list_name name = name_of(key);
	struct prefix_key k = { &name, slice_of(key) };

	return prefixes_put(p, &k, flags, expire_s, added);
}

static void add(struct prefixes *p, const char *key, unsigned flags)
{
	bool added;

	assert_int_equal(put(p, key, flags, 0, &added), RES_OK);
}

static bool drop(struct prefixes *p, const char *key)
{
	struct list_name name = name_of(key);
	struct prefix_key k = { &name, slice_of(key) };

	return prefixes_remove(p, &k);
}

/* "block 192.0.2.0/24, allow@ 192.0.2.1": what covers ip, in order. */
static const char *match(const struct prefixes *p, const char *ip,
	const char *scope, char *out, size_t size)
{
	struct prefix_hit hit[PREFIX_HITS_MAX];
	struct ipaddr addr;
	size_t count;
	size_t len = 0;
	size_t i;

	assert_int_equal(ipaddr_parse(&addr, slice_of(ip)), RES_OK);
	count = prefixes_match(p, &addr, slice_of(scope), hit);
	out[0] = '\0';
	for (i = 0; i < count; i++) {
		char net[CIDR_TEXT_MAX];

		len += (size_t)snprintf(out + len, size - len, "%s%s%s %s",
			i > 0 ? ", " : "", list_kind_name(hit[i].kind),
			hit[i].is_scoped ? "@" : "",
			cidr_format(&hit[i].net, net));
		assert_true(len < size);
	}
	return out;
}

static struct prefixes *fresh(void)
{
	struct prefixes *p = prefixes_new(1000000, 1000);

	assert_non_null(p);
	return p;
}

static void nothing_covers_when_empty(void **state)
{
	struct prefixes *p = fresh();
	char text[256];

	(void)state;
	assert_string_equal(match(p, "192.0.2.1", "", text, sizeof(text)), "");
	assert_string_equal(
		match(p, "2001:db8::1", "a.example", text, sizeof(text)), "");
	assert_int_equal(prefixes_count(p), 0);
	prefixes_free(p);
}

static void narrowest_comes_first(void **state)
{
	struct prefixes *p = fresh();
	char text[256];

	(void)state;
	add(p, "rp:block:192.0.0.0/8", PREFIX_KNOWN);
	add(p, "rp:block:192.0.2.1", PREFIX_KNOWN);
	add(p, "rp:allow:192.0.2.0/24", PREFIX_KNOWN);
	add(p, "rp:block:192.0.2.0/24", PREFIX_KNOWN);
	add(p, "rp:block:192.0.3.0/24", PREFIX_KNOWN);
	assert_string_equal(match(p, "192.0.2.1", "", text, sizeof(text)),
		"block 192.0.2.1, allow 192.0.2.0/24, block 192.0.2.0/24, "
		"block 192.0.0.0/8");
	assert_string_equal(match(p, "192.1.2.1", "", text, sizeof(text)),
		"block 192.0.0.0/8");
	prefixes_free(p);
}

static void ipv6_and_ipv4_do_not_mix(void **state)
{
	struct prefixes *p = fresh();
	char text[256];

	(void)state;
	add(p, "rp:block:2001:db8::/48", PREFIX_KNOWN);
	add(p, "rp:block:2001:db8::1", PREFIX_KNOWN);
	add(p, "rp:block:::/0", PREFIX_KNOWN | PREFIX_FORCE);
	add(p, "rp:block:192.0.2.1", PREFIX_KNOWN);
	assert_string_equal(match(p, "2001:db8::1", "", text, sizeof(text)),
		"block 2001:db8::1, block 2001:db8::/48, block ::/0");
	assert_string_equal(match(p, "192.0.2.1", "", text, sizeof(text)),
		"block 192.0.2.1");
	assert_string_equal(
		match(p, "::ffff:192.0.2.1", "", text, sizeof(text)),
		"block 192.0.2.1");
	prefixes_free(p);
}

static void a_scope_is_of_its_domain_only(void **state)
{
	struct prefixes *p = fresh();
	char text[256];

	(void)state;
	add(p, "rp:block:192.0.2.1", PREFIX_KNOWN);
	add(p, "rp:allow@a.example:192.0.2.0/24", PREFIX_KNOWN);
	add(p, "rp:block@b.example:192.0.2.1", PREFIX_KNOWN);
	assert_string_equal(
		match(p, "192.0.2.1", "a.example", text, sizeof(text)),
		"allow@ 192.0.2.0/24, block 192.0.2.1");
	assert_string_equal(
		match(p, "192.0.2.1", "b.example", text, sizeof(text)),
		"block@ 192.0.2.1, block 192.0.2.1");
	assert_string_equal(
		match(p, "192.0.2.1", "c.example", text, sizeof(text)),
		"block 192.0.2.1");
	assert_string_equal(match(p, "192.0.2.1", "", text, sizeof(text)),
		"block 192.0.2.1");
	assert_int_equal(prefixes_count_scopes(p), 2);
	assert_true(drop(p, "rp:block@b.example:192.0.2.1"));
	assert_int_equal(prefixes_count_scopes(p), 1);
	assert_string_equal(
		match(p, "192.0.2.1", "b.example", text, sizeof(text)),
		"block 192.0.2.1");
	prefixes_free(p);
}

static void wide_ranges_need_force(void **state)
{
	struct prefixes *p = fresh();
	char text[256];

	(void)state;
	add(p, "rp:block:0.0.0.0/0", PREFIX_KNOWN);
	assert_string_equal(match(p, "192.0.2.1", "", text, sizeof(text)), "");
	add(p, "rp:block:0.0.0.0/0", 0);
	assert_string_equal(match(p, "192.0.2.1", "", text, sizeof(text)),
		"block 0.0.0.0/0");
	add(p, "rp:block:0.0.0.0/0", PREFIX_KNOWN | PREFIX_FORCE);
	assert_string_equal(match(p, "192.0.2.1", "", text, sizeof(text)),
		"block 0.0.0.0/0");
	add(p, "rp:block:0.0.0.0/0",
		PREFIX_KNOWN | PREFIX_FORCE | PREFIX_IGNORED);
	assert_string_equal(match(p, "192.0.2.1", "", text, sizeof(text)), "");
	prefixes_free(p);
}

static void flags_and_expiry_are_kept(void **state)
{
	struct prefixes *p = fresh();
	struct list_name name = name_of("rp:block:192.0.2.1");
	struct prefix_hit hit;
	bool added;

	(void)state;
	assert_int_equal(put(p, "rp:block:192.0.2.1", 0, 0, &added), RES_OK);
	assert_true(added);
	assert_int_equal(prefixes_count_unknown(p), 1);
	assert_int_equal(put(p, "rp:block:192.0.2.1",
				 PREFIX_KNOWN | PREFIX_SHADOW, 77, &added),
		RES_OK);
	assert_false(added);
	assert_int_equal(prefixes_count_unknown(p), 0);
	assert_true(prefixes_find(p, &name, &hit));
	assert_int_equal(
		hit.flags, PREFIX_KNOWN | PREFIX_SHADOW | PREFIX_CANONICAL);
	assert_int_equal(hit.expire_s, 77);
	assert_true(prefixes_set(p, &name, 0, 0xffffffffu));
	assert_true(prefixes_find(p, &name, &hit));
	assert_int_equal(hit.flags, PREFIX_CANONICAL);
	assert_int_equal(hit.expire_s, 0);
	assert_int_equal(prefixes_count_unknown(p), 1);
	name = name_of("rp:block:192.0.2.2");
	assert_false(prefixes_set(p, &name, PREFIX_KNOWN, 0));
	prefixes_free(p);
}

struct keys_seen {
	char text[512];
	size_t count;
};

static void see_key(void *ctx, struct slice key)
{
	struct keys_seen *seen = ctx;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%s%.*s",
		seen->count++ > 0 ? " " : "", SLICE_ARG(key));
}

static void assert_keys(struct prefixes *p, const char *key, const char *want)
{
	struct list_name name = name_of(key);
	struct keys_seen seen = { "", 0 };
	size_t count =
		prefixes_keys(p, &name, slice_of(prefix), see_key, &seen);

	assert_int_equal(count, seen.count);
	assert_string_equal(seen.text, want);
}

static void an_entry_lives_as_long_as_a_key_names_it(void **state)
{
	struct prefixes *p = fresh();
	struct list_name name = name_of("rp:block:192.0.2.1");
	struct prefix_hit hit;

	(void)state;
	add(p, "rp:block:192.0.2.1/32", PREFIX_KNOWN);
	add(p, "rp:block:::ffff:192.0.2.1", PREFIX_KNOWN | PREFIX_SHADOW);
	add(p, "rp:block:192.0.2.1", PREFIX_KNOWN);
	add(p, "rp:block:192.0.2.1", PREFIX_KNOWN);
	assert_int_equal(prefixes_count(p), 1);
	assert_keys(p, "rp:block:192.0.2.1",
		"rp:block:192.0.2.1 rp:block:192.0.2.1/32 "
		"rp:block:::ffff:192.0.2.1");
	assert_false(drop(p, "rp:block:192.0.2.1"));
	assert_true(prefixes_find(p, &name, &hit));
	assert_int_equal(hit.flags, PREFIX_ALIASED);
	assert_int_equal(prefixes_count_unknown(p), 1);
	assert_false(drop(p, "rp:block:192.0.2.1"));
	assert_false(drop(p, "rp:block:192.0.2.1/32"));
	assert_keys(p, "rp:block:192.0.2.1", "rp:block:::ffff:192.0.2.1");
	assert_true(drop(p, "rp:block:::ffff:192.0.2.1"));
	assert_int_equal(prefixes_count(p), 0);
	assert_int_equal(prefixes_count_unknown(p), 0);
	assert_keys(p, "rp:block:192.0.2.1", "");
	prefixes_free(p);
}

static void removing_what_is_not_there_changes_nothing(void **state)
{
	struct prefixes *p = fresh();

	(void)state;
	add(p, "rp:block:192.0.2.0/24", PREFIX_KNOWN);
	assert_false(drop(p, "rp:block:192.0.2.7/24"));
	assert_false(drop(p, "rp:block:192.0.2.0/25"));
	assert_false(drop(p, "rp:allow:192.0.2.0/24"));
	assert_false(drop(p, "rp:block@a.example:192.0.2.0/24"));
	assert_int_equal(prefixes_count(p), 1);
	assert_int_equal(prefixes_count_unknown(p), 0);
	prefixes_free(p);
}

static void bounds_hold(void **state)
{
	struct prefixes *p = prefixes_new(20, 2);
	char key[64];
	bool added;
	int i;

	(void)state;
	for (i = 0; i < 16; i++) {
		snprintf(key, sizeof(key), "rp:block:192.0.2.%d/24", i + 1);
		assert_int_equal(put(p, key, 0, 0, &added),
			i < PREFIXES_KEYS_PER_ENTRY - 2 ? RES_OK : RES_FULL);
	}
	assert_int_equal(prefixes_count(p), 1);
	assert_int_equal(
		put(p, "rp:block@a.example:192.0.2.1", 0, 0, &added), RES_OK);
	assert_int_equal(
		put(p, "rp:block@b.example:192.0.2.1", 0, 0, &added), RES_OK);
	assert_int_equal(
		put(p, "rp:block@c.example:192.0.2.1", 0, 0, &added), RES_FULL);
	for (i = 0; i < 30; i++) {
		snprintf(key, sizeof(key), "rp:block:10.0.0.%d", i);
		assert_int_equal(
			put(p, key, 0, 0, &added), i < 17 ? RES_OK : RES_FULL);
	}
	assert_int_equal(prefixes_count(p), 20);
	assert_int_equal(put(p, "rp:block:10.0.0.3", 0, 5, &added), RES_OK);
	/* A refused entry must not leave its scope behind. */
	assert_true(drop(p, "rp:block@a.example:192.0.2.1"));
	add(p, "rp:block:10.0.0.200", 0);
	assert_int_equal(
		put(p, "rp:block@d.example:192.0.2.1", 0, 0, &added), RES_FULL);
	assert_int_equal(prefixes_count_scopes(p), 1);
	assert_int_equal(prefixes_reserve(p, 19, 2), RES_FULL);
	assert_int_equal(prefixes_reserve(p, 18, 2), RES_OK);
	assert_false(prefixes_needs_grow(p, 1000));
	prefixes_free(p);
}

static void sixty_four_nested_entries_are_given(void **state)
{
	struct prefixes *p = fresh();
	struct prefix_hit hit[PREFIX_HITS_MAX];
	struct ipaddr ip;
	char key[64];
	int i;

	(void)state;
	for (i = 17; i <= 128; i++) {
		snprintf(key, sizeof(key), "rp:block:2001:db8::/%d", i);
		add(p, key, 0);
	}
	assert_int_equal(ipaddr_parse(&ip, slice_of("2001:db8::")), RES_OK);
	assert_int_equal(
		prefixes_match(p, &ip, slice_of("x"), hit), PREFIX_HITS_MAX);
	assert_int_equal(hit[0].net.bits, 128);
	assert_int_equal(hit[63].net.bits, 65);
	prefixes_free(p);
}

/* ---- against a list that is searched from end to end ---- */

enum { OPERATIONS = 100000, NAIVE_MAX = 1000, NAMES = 6 };

struct naive_entry {
	struct list_name name;
	unsigned keys; /* bits: canonical, slashed, four odd ones */
	unsigned flags;
	uint32_t expire_s;
};

struct naive {
	struct naive_entry *entry;
	size_t count;
	uint64_t seed;
};

static uint32_t dice(struct naive *n, uint32_t sides)
{
	n->seed = n->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(n->seed >> 33) % sides;
}

static const char *const scopes[] = { "", "", "a.example", "b.example",
	"c.example" };

/* From a small space, so that entries nest and meet. */
static struct list_name random_name(struct naive *n)
{
	struct list_name name;
	struct ipaddr ip;
	unsigned bits;
	unsigned i;

	memset(&name, 0, sizeof(name));
	name.kind = dice(n, 3) == 0 ? LIST_ALLOW : LIST_BLOCK;
	name.subject = SUBJECT_NET;
	snprintf(name.scope, sizeof(name.scope), "%s", scopes[dice(n, 5)]);
	if (dice(n, 2) == 0) {
		ip = ipaddr_from_v4(0x0a000000u | dice(n, 4096));
		bits = 128 - dice(n, 26);
	} else {
		memset(&ip, 0, sizeof(ip));
		ip.octet[0] = 0x20;
		ip.octet[1] = 0x01;
		for (i = 6; i < 16; i += 3)
			ip.octet[i] = (uint8_t)dice(n, 4);
		bits = dice(n, 4) == 0 ? 64 : 128 - dice(n, 120);
	}
	name.net = cidr_around(&ip, (uint8_t)bits);
	return name;
}

/* Spelling number i of an entry: its key, and the name as parsed from it. */
static void spell(const struct list_name *name, unsigned i, char *key,
	size_t size, struct list_name *parsed)
{
	char text[LIST_NAME_MAX];
	size_t len = list_name_format(name, slice_of(prefix), text);

	*parsed = *name;
	parsed->is_canonical = i == 0;
	parsed->is_slashed = i == 1;
	if (i == 0)
		snprintf(key, size, "%s", text);
	else if (i == 1)
		snprintf(key, size, "%s%s", text,
			cidr_is_v4(&name->net) ? "/32" : "/128");
	else
		snprintf(key, size, "odd-%u-%.*s", i, (int)len, text);
}

static unsigned random_spelling(struct naive *n, const struct list_name *name)
{
	unsigned i = dice(n, 3) == 0 ? dice(n, NAMES) : 0;

	return i == 1 && name->net.bits != 128 ? 0 : i;
}

static struct naive_entry *naive_find(
	struct naive *n, const struct list_name *name)
{
	size_t i;

	for (i = 0; i < n->count; i++) {
		const struct list_name *have = &n->entry[i].name;

		if (have->kind == name->kind &&
			cidr_is_equal(&have->net, &name->net) &&
			strcmp(have->scope, name->scope) == 0)
			return &n->entry[i];
	}
	return NULL;
}

static void do_put(struct naive *n, struct prefixes *p)
{
	struct list_name name = random_name(n);
	struct naive_entry *e = naive_find(n, &name);
	unsigned i = random_spelling(n, &name);
	unsigned flags = dice(n, 16);
	uint32_t expire_s = dice(n, 1000);
	struct list_name parsed;
	char key[LIST_NAME_MAX + 16];
	struct prefix_key k = { &parsed, { NULL, 0 } };
	bool added;

	if (e == NULL && n->count == NAIVE_MAX)
		return;
	spell(&name, i, key, sizeof(key), &parsed);
	k.text = slice_of(key);
	assert_int_equal(prefixes_put(p, &k, flags, expire_s, &added), RES_OK);
	assert_int_equal(added, e == NULL);
	if (e == NULL) {
		e = &n->entry[n->count++];
		e->name = name;
		e->keys = 0;
	}
	e->keys |= 1u << i;
	e->flags = flags;
	e->expire_s = expire_s;
}

static void do_remove(struct naive *n, struct prefixes *p)
{
	struct naive_entry *e;
	struct list_name parsed;
	char key[LIST_NAME_MAX + 16];
	struct prefix_key k = { &parsed, { NULL, 0 } };
	unsigned i;
	bool gone;

	if (n->count == 0)
		return;
	e = &n->entry[dice(n, (uint32_t)n->count)];
	i = random_spelling(n, &e->name);
	spell(&e->name, i, key, sizeof(key), &parsed);
	k.text = slice_of(key);
	gone = prefixes_remove(p, &k);
	if ((e->keys & 1u << i) == 0) {
		assert_false(gone);
		return;
	}
	e->keys &= ~(1u << i);
	assert_int_equal(gone, e->keys == 0);
	if (e->keys == 0) {
		*e = n->entry[--n->count];
		return;
	}
	e->flags &= ~(unsigned)(PREFIX_KNOWN | PREFIX_IGNORED);
	e->expire_s = 0;
}

static bool naive_counts(
	const struct naive_entry *e, const struct ipaddr *ip, const char *scope)
{
	if (!cidr_covers(&e->name.net, ip) || (e->flags & PREFIX_IGNORED) != 0)
		return false;
	if (cidr_is_v4(&e->name.net) != ipaddr_is_v4(ip))
		return false;
	if ((e->flags & PREFIX_KNOWN) != 0 && (e->flags & PREFIX_FORCE) == 0 &&
		list_net_needs_force(&e->name.net))
		return false;
	return e->name.scope[0] == '\0' || strcmp(e->name.scope, scope) == 0;
}

static void check_hit(
	struct naive *n, const struct prefix_hit *hit, const char *scope)
{
	struct naive_entry *e;
	struct list_name name;

	prefix_hit_name(hit, slice_of(scope), &name);
	e = naive_find(n, &name);
	assert_non_null(e);
	assert_int_equal(hit->flags & 15, e->flags);
	assert_int_equal(hit->expire_s, e->expire_s);
	assert_int_equal((hit->flags & PREFIX_CANONICAL) != 0, e->keys & 1);
	assert_int_equal((hit->flags & PREFIX_ALIASED) != 0, e->keys > 1);
}

static bool comes_before(const struct prefix_hit *a, const struct prefix_hit *b)
{
	if (a->is_scoped != b->is_scoped)
		return a->is_scoped;
	if (a->net.bits != b->net.bits)
		return a->net.bits > b->net.bits;
	return a->kind == LIST_ALLOW && b->kind == LIST_BLOCK;
}

static void do_match(struct naive *n, const struct prefixes *p)
{
	struct prefix_hit hit[PREFIX_HITS_MAX];
	struct list_name near = random_name(n);
	const char *scope = scopes[dice(n, 5)];
	size_t want = 0;
	size_t count;
	size_t i;

	for (i = 0; i < n->count; i++)
		want += naive_counts(&n->entry[i], &near.net.net, scope);
	count = prefixes_match(p, &near.net.net, slice_of(scope), hit);
	assert_int_equal(
		count, want < PREFIX_HITS_MAX ? want : PREFIX_HITS_MAX);
	for (i = 0; i < count; i++) {
		check_hit(n, &hit[i], scope);
		if (i > 0)
			assert_true(comes_before(&hit[i - 1], &hit[i]));
	}
}

static void count_key(void *ctx, struct slice key)
{
	size_t *count = ctx;

	(void)key;
	++*count;
}

static void check_all(struct naive *n, const struct prefixes *p)
{
	struct prefix_cursor cursor = { 0, false };
	struct prefix_entry entry;
	size_t seen = 0;
	size_t unknown = 0;
	size_t i;

	while (prefixes_next(p, &cursor, &entry)) {
		struct list_name name;
		struct naive_entry *e;
		size_t keys = 0;

		prefix_entry_name(&entry, &name);
		e = naive_find(n, &name);
		assert_non_null(e);
		assert_int_equal(entry.is_slashed, (e->keys & 2) != 0);
		prefixes_keys(p, &name, slice_of(prefix), count_key, &keys);
		assert_int_equal(keys, __builtin_popcount(e->keys));
		seen++;
	}
	assert_int_equal(seen, n->count);
	assert_int_equal(prefixes_count(p), n->count);
	assert_int_equal(prefixes_count_kind(p, LIST_BLOCK) +
			prefixes_count_kind(p, LIST_ALLOW),
		n->count);
	for (i = 0; i < n->count; i++)
		unknown += (n->entry[i].flags & PREFIX_KNOWN) == 0;
	assert_int_equal(prefixes_count_unknown(p), unknown);
	memset(&cursor, 0, sizeof(cursor));
	for (seen = 0; prefixes_next_unknown(p, &cursor, &entry); seen++)
		assert_int_equal(entry.flags & PREFIX_KNOWN, 0);
	assert_int_equal(seen, unknown);
}

static void do_grow(struct naive *n, struct prefixes *p)
{
	size_t more = dice(n, 2000);

	assert_int_equal(prefixes_grow_prepare(p, more), RES_OK);
	if (dice(n, 4) == 0)
		do_put(n, p); /* makes it in vain, and must not be lost */
	prefixes_grow_commit(p);
	do_match(n, p);
	prefixes_grow_finish(p);
}

static void agrees_with_a_linear_search(void **state)
{
	struct naive n = { NULL, 0, 42 };
	struct prefixes *p = fresh();
	int i;

	(void)state;
	n.entry = calloc(NAIVE_MAX, sizeof(*n.entry));
	assert_non_null(n.entry);
	for (i = 0; i < OPERATIONS; i++) {
		/* Fills, then empties, then fills. */
		bool is_filling = (i / 20000) % 2 == 0;
		uint32_t roll = dice(&n, 10);

		if (i % 997 == 0)
			do_grow(&n, p);
		else if (roll < 3)
			do_match(&n, p);
		else if (roll < (is_filling ? 9u : 4u))
			do_put(&n, p);
		else
			do_remove(&n, p);
		if (i % 5000 == 4999)
			check_all(&n, p);
	}
	while (n.count > 0)
		do_remove(&n, p);
	check_all(&n, p);
	assert_int_equal(prefixes_count_scopes(p), 0);
	free(n.entry);
	prefixes_free(p);
}

static void growing_keeps_what_is_there(void **state)
{
	struct prefixes *p = fresh();
	char key[64];
	unsigned i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "rp:block:10.%u.%u.1", i >> 8,
			i & 255);
		if (prefixes_needs_grow(p, 100)) {
			assert_int_equal(prefixes_grow_prepare(p, 100), RES_OK);
			prefixes_grow_commit(p);
			prefixes_grow_finish(p);
			assert_false(prefixes_needs_grow(p, 100));
		}
		add(p, key, 0);
	}
	for (i = 0; i < 20000; i++) {
		struct list_name name;
		struct prefix_hit hit;

		snprintf(key, sizeof(key), "rp:block:10.%u.%u.1", i >> 8,
			i & 255);
		name = name_of(key);
		assert_true(prefixes_find(p, &name, &hit));
	}
	/* 12 octets a slot, never less than half full. */
	assert_true(prefixes_memory(p) < 20000 * 24 + 16384);
	prefixes_free(p);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(nothing_covers_when_empty),
		cmocka_unit_test(narrowest_comes_first),
		cmocka_unit_test(ipv6_and_ipv4_do_not_mix),
		cmocka_unit_test(a_scope_is_of_its_domain_only),
		cmocka_unit_test(wide_ranges_need_force),
		cmocka_unit_test(flags_and_expiry_are_kept),
		cmocka_unit_test(an_entry_lives_as_long_as_a_key_names_it),
		cmocka_unit_test(removing_what_is_not_there_changes_nothing),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(sixty_four_nested_entries_are_given),
		cmocka_unit_test(agrees_with_a_linear_search),
		cmocka_unit_test(growing_keeps_what_is_there),
	};

	return cmocka_run_group_tests_name("store/prefixes", cases, NULL, NULL);
}
