/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conftrap.h"

#include "support/case.h"

struct row {
	const char *local;
	const char *domain;
	bool want;
};

static void knows(void **state)
{
	const struct row *row = *state;
	struct conf *c = NULL;
	struct buf errors;

	buf_init(&errors, 4096);
	assert_int_equal(
		conf_load_text("f",
			slice_of("host = \"mx.example.net\"\n"
				 "portal_url = \"https://p.example.net\"\n"
				 "milter { socket = \"inet:8894@127.0.0.1\" }\n"
				 "listing { traps = {\"Zoe@example.org\", "
				 "\"old.Ann@Example.NET\", \"m@example.org\"} "
				 "}\n"),
			&c, &errors),
		RES_OK);
	assert_int_equal(conftrap_has(&c->listing, slice_of(row->local),
				 slice_of(row->domain)),
		row->want);
	conf_release(c);
	buf_clear(&errors);
}

#define KNOWS(name, ...) CASE(name, knows, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		KNOWS("a trap in any case", "OLD.ann", "example.net", true),
		KNOWS("the last one in the file's order", "m", "example.org",
			true),
		KNOWS("the first", "zoe", "Example.Org", true),
		KNOWS("the same name elsewhere", "zoe", "example.net", false),
		KNOWS("a part of one", "ann", "example.net", false),
		KNOWS("no domain at all", "zoe", "", false),
	};

	return cmocka_run_group_tests_name("conf/conftrap", cases, NULL, NULL);
}
