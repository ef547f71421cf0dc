/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/blocklist.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

enum { ENTRIES_MAX = 4 };

/*
 * Entries as words, narrowest first and those of the domain first, as match
 * gives them: "block" or "allow", "@" of the domain, "~" shadow, "!" force,
 * then the network.
 */
struct row {
	const char *entry[ENTRIES_MAX];
	enum blocklist_answer want;
	const char *winner; /* "" for none */
	const char *shadow;
};

static bool cut(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len) != 0)
		return false;
	*text += len;
	return true;
}

static struct listing listing_of(const char *text)
{
	struct listing l;

	memset(&l, 0, sizeof(l));
	l.key = slice_of(text);
	l.kind = cut(&text, "allow") ? LIST_ALLOW : LIST_BLOCK;
	(void)cut(&text, "block");
	l.is_scoped = cut(&text, "@");
	l.shadow = cut(&text, "~");
	l.force = cut(&text, "!");
	(void)cut(&text, " ");
	assert_int_equal(cidr_parse(&l.net, slice_of(text)), RES_OK);
	return l;
}

static void assert_key(const struct listing *l, const char *want)
{
	char got[64] = "";

	if (l != NULL)
		snprintf(got, sizeof(got), "%.*s", SLICE_ARG(l->key));
	assert_string_equal(got, want);
}

static void decides(void **state)
{
	const struct row *row = *state;
	struct listing entry[ENTRIES_MAX];
	struct blocklist_result r;

	memset(&r, 0, sizeof(r));
	r.entry = entry;
	while (r.count < ENTRIES_MAX && row->entry[r.count] != NULL) {
		entry[r.count] = listing_of(row->entry[r.count]);
		r.count++;
	}
	blocklist_decide(&r);
	assert_string_equal(blocklist_answer_name(r.answer),
		blocklist_answer_name(row->want));
	assert_key(r.winner, row->winner);
	assert_key(r.shadow, row->shadow);
}

#define E(...)              \
	{                   \
		__VA_ARGS__ \
	}
#define ROW(...) (&(const struct row){ __VA_ARGS__ })

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("nothing covers it: clear", decides,
			ROW(E(NULL), BLOCKLIST_CLEAR, "", "")),
		CASE("a block entry blocks", decides,
			ROW(E("block 192.0.2.1"), BLOCKLIST_BLOCKED,
				"block 192.0.2.1", "")),
		CASE("an allow entry allows", decides,
			ROW(E("allow 192.0.2.1"), BLOCKLIST_ALLOWED,
				"allow 192.0.2.1", "")),
		CASE("the narrowest block is the one that is named", decides,
			ROW(E("block 192.0.2.1", "block 192.0.2.0/24"),
				BLOCKLIST_BLOCKED, "block 192.0.2.1", "")),
		CASE("allow beats block of the same network", decides,
			ROW(E("allow 192.0.2.1", "block 192.0.2.1"),
				BLOCKLIST_ALLOWED, "allow 192.0.2.1", "")),
		CASE("a wide allow beats a narrow block", decides,
			ROW(E("block 192.0.2.1", "allow 192.0.2.0/24"),
				BLOCKLIST_ALLOWED, "allow 192.0.2.0/24", "")),
		CASE("the domain's block is final over a global allow", decides,
			ROW(E("block@ 192.0.2.0/24", "allow 192.0.2.1"),
				BLOCKLIST_BLOCKED, "block@ 192.0.2.0/24", "")),
		CASE("the domain's allow is final over a global block", decides,
			ROW(E("allow@ 192.0.2.0/24", "block 192.0.2.1"),
				BLOCKLIST_ALLOWED, "allow@ 192.0.2.0/24", "")),
		CASE("allow beats block within the domain", decides,
			ROW(E("block@ 192.0.2.1", "allow@ 192.0.2.0/24",
				    "block 192.0.2.1"),
				BLOCKLIST_ALLOWED, "allow@ 192.0.2.0/24", "")),
		CASE("a shadow block alone is a shadow", decides,
			ROW(E("block~ 192.0.2.1"), BLOCKLIST_CLEAR, "",
				"block~ 192.0.2.1")),
		CASE("a narrower shadow does not hide an enforced block",
			decides,
			ROW(E("block~ 192.0.2.1", "block 192.0.2.0/24"),
				BLOCKLIST_BLOCKED, "block 192.0.2.0/24", "")),
		CASE("a shadow of an allowed client would not be enforced",
			decides,
			ROW(E("block~ 192.0.2.1", "allow 192.0.2.0/24"),
				BLOCKLIST_ALLOWED, "allow 192.0.2.0/24", "")),
		CASE("a shadow allow does not allow", decides,
			ROW(E("allow~ 192.0.2.1", "block 192.0.2.0/24"),
				BLOCKLIST_BLOCKED, "block 192.0.2.0/24", "")),
		CASE("a shadow allow alone is nothing", decides,
			ROW(E("allow~ 192.0.2.1"), BLOCKLIST_CLEAR, "", "")),
		CASE("the narrowest of two shadows is named", decides,
			ROW(E("block~ 192.0.2.1", "block~ 192.0.2.0/24"),
				BLOCKLIST_CLEAR, "", "block~ 192.0.2.1")),
		CASE("the domain's shadow is named before a narrower global "
		     "one",
			decides,
			ROW(E("block@~ 192.0.2.0/24", "block~ 192.0.2.1"),
				BLOCKLIST_CLEAR, "", "block@~ 192.0.2.0/24")),
		CASE("the domain's shadow leaves a global block in force",
			decides,
			ROW(E("block@~ 192.0.2.1", "block 192.0.2.0/24"),
				BLOCKLIST_BLOCKED, "block 192.0.2.0/24", "")),
		CASE("the domain's shadow allow leaves a global block in "
		     "force",
			decides,
			ROW(E("allow@~ 192.0.2.1", "block 192.0.2.0/24"),
				BLOCKLIST_BLOCKED, "block 192.0.2.0/24", "")),
		CASE("a wide block without force does nothing", decides,
			ROW(E("block 0.0.0.0/0"), BLOCKLIST_CLEAR, "", "")),
		CASE("a wide shadow without force does nothing", decides,
			ROW(E("block~ 192.0.0.0/7"), BLOCKLIST_CLEAR, "", "")),
		CASE("a wide allow without force does nothing", decides,
			ROW(E("block 192.0.2.1", "allow 0.0.0.0/0"),
				BLOCKLIST_BLOCKED, "block 192.0.2.1", "")),
		CASE("a wide block with force blocks", decides,
			ROW(E("block! 2000::/3"), BLOCKLIST_BLOCKED,
				"block! 2000::/3", "")),
		CASE("the domain's wide block without force is no answer",
			decides,
			ROW(E("block@ 0.0.0.0/0", "allow 192.0.2.1"),
				BLOCKLIST_ALLOWED, "allow 192.0.2.1", "")),
	};

	return cmocka_run_group_tests_name(
		"store/blocklist decide", cases, NULL, NULL);
}
