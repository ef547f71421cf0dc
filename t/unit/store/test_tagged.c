/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/tagged.h"

#include "store/secret.h"
#include "support/case.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct secret ours = { .octet = "0123456789abcdef", .len = 16 };
static const char other_name[] = "report";
static const struct secret other = { .octet = "fedcba9876543210", .len = 16 };

/* The local part of an address for a new ID. */
static void make(char id[CASE_REF_MAX], char local[TAGGED_MAX])
{
	char whole[TAGGED_MAX];

	case_ref_new(id);
	assert_int_equal(tagged_format(&ours, TAGGED_TICKET, slice_of(id),
				 "mx.example.net", whole),
		RES_OK);
	assert_non_null(strstr(whole, "@mx.example.net"));
	snprintf(local, TAGGED_MAX, "%.*s", (int)strcspn(whole, "@"), whole);
}

static const char *parse(const struct secret *s, const char *name,
	const char *local, char id[CASE_REF_MAX])
{
	return result_name(tagged_parse(s, name, slice_of(local), id));
}

static void comes_back(void **state)
{
	char id[CASE_REF_MAX], local[TAGGED_MAX], got[CASE_REF_MAX];

	(void)state;
	make(id, local);
	assert_string_equal(parse(&ours, TAGGED_TICKET, local, got), "ok");
	assert_string_equal(got, id);
	for (size_t i = 0; local[i] != '\0'; i++)
		local[i] = (char)toupper((unsigned char)local[i]);
	assert_string_equal(parse(&ours, TAGGED_TICKET, local, got), "ok");
	assert_string_equal(got, id);
}

static void is_not_guessed(void **state)
{
	char id[CASE_REF_MAX], local[TAGGED_MAX], got[CASE_REF_MAX];
	size_t last;

	(void)state;
	make(id, local);
	assert_string_equal(parse(&other, TAGGED_TICKET, local, got), "denied");
	last = strlen(local) - 1;
	local[last] = local[last] == '0' ? '1' : '0';
	assert_string_equal(parse(&ours, TAGGED_TICKET, local, got), "denied");
}

static void one_kind_is_not_another(void **state)
{
	char id[CASE_REF_MAX], local[TAGGED_MAX], got[CASE_REF_MAX];

	(void)state;
	make(id, local);
	assert_string_equal(parse(&ours, other_name, local, got), "missing");
	memcpy(local, other_name, strlen(other_name));
	assert_string_equal(parse(&ours, other_name, local, got), "denied");
}

static void is_no_such_address(void **state)
{
	char got[CASE_REF_MAX];

	assert_string_equal(
		parse(&ours, TAGGED_TICKET, *state, got), "missing");
}

static void refuses_a_long_host(void **state)
{
	char id[CASE_REF_MAX], out[TAGGED_MAX], host[TAGGED_MAX];

	(void)state;
	case_ref_new(id);
	memset(host, 'a', sizeof(host));
	host[sizeof(host) - 1] = '\0';
	assert_string_equal(result_name(tagged_format(&ours, TAGGED_TICKET,
				    slice_of(id), host, out)),
		"toobig");
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("an address names its ticket, in capitals too", comes_back,
			NULL),
		CASE("an address of another site or with a wrong end is denied",
			is_not_guessed, NULL),
		CASE("a ticket's address is no bounce address",
			one_kind_is_not_another, NULL),
		CASE("a bare name is no tagged address", is_no_such_address,
			"ticket"),
		CASE("an empty local part is no tagged address",
			is_no_such_address, ""),
		CASE("a tag without its hash is no tagged address",
			is_no_such_address, "ticket+7K3M9QXB2HTD4FZ6T"),
		CASE("a tag whose check character is wrong is none",
			is_no_such_address,
			"ticket+00000000000000001.0000000000"),
		CASE("a host that is too long is told", refuses_a_long_host,
			NULL),
	};

	return cmocka_run_group_tests_name("store/tagged", cases, NULL, NULL);
}
