/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/keys, store/prefixes, store/trustnames: each line is a key of Redis
 * that appears, or with '-' in front one that goes. A name that was read is
 * written and read as the same; an entry is there exactly while a key names it,
 * and covers its own network; when all keys are gone nothing is left.
 */
#include "store/prefixes.h"
#include "store/subject.h"
#include "store/trustnames.h"
#include "t/fuzz/target.h"

#include <string.h>

enum { ENTRIES_MAX = 64, SCOPES_MAX = 8, LINES_MAX = 48 };

static const char *const prefix = "rp:";

static bool is_same(const struct list_name *a, const struct list_name *b)
{
	return a->kind == b->kind && cidr_is_equal(&a->net, &b->net) &&
		strcmp(a->scope, b->scope) == 0;
}

static bool read_name(struct slice key, struct list_name *name)
{
	char text[LIST_NAME_MAX];
	struct list_name again;
	size_t len;

	if (list_name_parse(name, slice_of(prefix), key) != RES_OK)
		return false;
	target_promise(name->subject == subject_of(&name->net),
		"a place tells what stands there");
	/* What is written of a domain names none. */
	if (name->subject == SUBJECT_DOMAIN)
		return true;
	len = list_name_format(name, slice_of(prefix), text);
	target_promise(len > 0 && len == strlen(text), "a name is written");
	target_promise(list_name_parse(&again, slice_of(prefix),
			       slice_make(text, len)) == RES_OK &&
			is_same(name, &again) && again.is_canonical,
		"a name that was written is read as the same");
	target_promise(name->is_canonical ==
			slice_is_equal(key, slice_make(text, len)),
		"canonical means the same octets");
	return true;
}

static void check_cover(const struct prefixes *p, const struct list_name *name)
{
	struct prefix_hit hit[PREFIX_HITS_MAX];
	size_t count =
		prefixes_match(p, &name->net.net, slice_of(name->scope), hit);
	bool found = count == PREFIX_HITS_MAX;
	size_t i;

	for (i = 0; i < count; i++) {
		target_promise(cidr_covers(&hit[i].net, &name->net.net),
			"a hit covers the address");
		if (hit[i].kind == name->kind &&
			cidr_is_equal(&hit[i].net, &name->net))
			found = true;
	}
	target_promise(found, "an entry covers its own network");
}

static void take_line(struct prefixes *p, struct slice line)
{
	struct list_name name;
	struct prefix_key key = { &name, line };
	struct prefix_hit hit;
	bool added;
	bool goes = line.len > 0 && line.at[0] == '-';

	if (goes)
		key.text = slice_part(line, 1, line.len);
	if (!read_name(key.text, &name))
		return;
	if (goes) {
		if (prefixes_remove(p, &key))
			target_promise(!prefixes_find(p, &name, &hit),
				"an entry goes with its last key");
		return;
	}
	if (prefixes_put(p, &key, 0, 0, &added) != RES_OK)
		return;
	target_promise(prefixes_find(p, &name, &hit), "what was put is found");
	check_cover(p, &name);
}

/* A trusted domain is there while a key of it is. */
static void take_trust(struct trustnames *t, struct slice line)
{
	bool goes = line.len > 0 && line.at[0] == '-';
	struct slice key = slice_part(line, goes ? 1 : 0, line.len);
	struct trust_name name;

	if (trust_name_parse(&name, slice_of(prefix), key) != RES_OK)
		return;
	if (goes) {
		trustnames_remove(t, &name, key);
		return;
	}
	if (trustnames_put(t, &name, key, 0) != RES_OK)
		return;
	target_promise(trustnames_has(t, name.kind, slice_of(name.domain), 0),
		"who was trusted is trusted");
	target_promise(
		trustnames_count(t) <= ENTRIES_MAX, "no more than the bound");
}

static void take_back(struct prefixes *p, struct slice text)
{
	struct slice line;
	size_t lines;

	for (lines = 0; lines < LINES_MAX && slice_cut(&text, '\n', &line);
		lines++) {
		struct list_name name;
		struct prefix_key key = { &name, line };

		if (read_name(line, &name))
			(void)prefixes_remove(p, &key);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size);
	struct slice line;
	struct prefixes *p = prefixes_new(ENTRIES_MAX, SCOPES_MAX);
	struct trustnames *t = trustnames_new(ENTRIES_MAX);
	size_t lines;

	if (p == NULL || t == NULL)
		goto done;
	for (lines = 0; lines < LINES_MAX && slice_cut(&rest, '\n', &line);
		lines++) {
		take_line(p, line);
		take_trust(t, line);
	}
	take_back(p, slice_make(data, size));
	target_promise(prefixes_count(p) == 0 && prefixes_count_scopes(p) == 0,
		"nothing is left when every key is gone");
done:
	trustnames_free(t);
	prefixes_free(p);
	return 0;
}
