/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/spfmacro.h"

#include "base/arena.h"
#include "support/case.h"

#include <string.h>

struct row {
	const char *ip;
	const char *spec;
	const char *want; /* NULL: no domain-spec */
};

/* Who sends in the examples of RFC 7208 s7.4. */
static void expands(void **state)
{
	const struct row *row = *state;
	struct spfmacro_values v = {
		.local = slice_of("strong-bad"),
		.sender_domain = slice_of("email.example.com"),
		.domain = slice_of("email.example.com"),
		.helo = slice_of("mail.example.net"),
		.validated = slice_of("mx.example.org"),
	};
	struct arena *a = arena_new(1 << 20);
	struct ipaddr ip;
	struct slice got;

	assert_int_equal(ipaddr_parse(&ip, slice_of(row->ip)), RES_OK);
	v.ip = &ip;
	assert_int_equal(
		spfmacro_is_domain(slice_of(row->spec)), row->want != NULL);
	if (row->want != NULL) {
		assert_int_equal(
			spfmacro_expand(slice_of(row->spec), &v, a, &got),
			RES_OK);
		if (!slice_is_equal(got, slice_of(row->want)))
			fail_msg("%.*s", SLICE_ARG(got));
	}
	arena_free(a);
}

/* A run of one letter, so that each octet of it has to be carried. */
static enum result expand_local(
	size_t len, const char *spec, size_t room, struct slice *got)
{
	static char local[70000];
	struct spfmacro_values v = { .domain = slice_of("b.example") };
	struct ipaddr ip = ipaddr_from_v4(0xc0000201);
	struct arena *a = arena_new(room);
	enum result res;

	assert_true(len <= sizeof(local));
	memset(local, 'x', len);
	v.local = slice_make(local, len);
	v.ip = &ip;
	res = spfmacro_expand(slice_of(spec), &v, a, got);
	/* Only its length is looked at. */
	arena_free(a);
	return res;
}

static void cut_at_labels(void **state)
{
	struct slice got;

	(void)state;
	assert_int_equal(
		expand_local(243, "%{l}.b.example", 1 << 20, &got), RES_OK);
	assert_int_equal(got.len, 253);
	assert_int_equal(
		expand_local(244, "%{l}.b.example", 1 << 20, &got), RES_OK);
	assert_int_equal(got.len, strlen("b.example"));
	assert_int_equal(expand_local(300, "%{l}", 1 << 20, &got), RES_OK);
	assert_int_equal(got.len, 0);
}

static void bounded(void **state)
{
	struct slice got;

	(void)state;
	assert_int_equal(expand_local(70000, "%{l}.b.example", 1 << 20, &got),
		RES_TOOBIG);
	assert_int_equal(got.len, 0);
	assert_int_equal(
		expand_local(60000, "%{l}%{l}.b.example", 1 << 20, &got),
		RES_TOOBIG);
	assert_int_equal(
		expand_local(200, "%{s}.b.example", 64, &got), RES_NOMEM);
}

static void any_octet(void **state)
{
	struct spfmacro_values v = { .local = slice_make("a\0\xff/", 4) };
	struct ipaddr ip = ipaddr_from_v4(0xc0000201);
	struct arena *a = arena_new(65536);
	struct slice got;

	(void)state;
	v.ip = &ip;
	assert_int_equal(
		spfmacro_expand(slice_of("%{l}.t"), &v, a, &got), RES_OK);
	assert_int_equal(got.len, 6);
	assert_memory_equal(got.at, "a\0\xff/.t", 6);
	assert_int_equal(
		spfmacro_expand(slice_of("%{L}.t"), &v, a, &got), RES_OK);
	assert_true(slice_is_equal(got, slice_of("a%00%FF%2F.t")));
	arena_free(a);
}

static void no_octet_of_a_text(void **state)
{
	(void)state;
	assert_false(spfmacro_is_string(slice_make("a\0b", 3)));
	assert_false(spfmacro_is_string(slice_of("\x80")));
	assert_false(spfmacro_is_string(slice_of("a b")));
	assert_false(spfmacro_is_string(slice_of("a\x7f")));
	assert_true(spfmacro_is_string(slice_of("")));
	assert_false(spfmacro_is_domain(slice_of("")));
}

#define V4 "192.0.2.3"
#define EXAMPLE(spec, want) \
	CASE(spec " is " want, expands, (&(struct row){ V4, spec, want }))
#define REFUSED(spec)                            \
	CASE(spec " is no domain-spec", expands, \
		(&(struct row){ V4, spec, NULL }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		EXAMPLE("%{s}", "strong-bad@email.example.com"),
		EXAMPLE("%{o}", "email.example.com"),
		EXAMPLE("%{d}", "email.example.com"),
		EXAMPLE("%{d4}", "email.example.com"),
		EXAMPLE("%{d3}", "email.example.com"),
		EXAMPLE("%{d2}", "example.com"),
		EXAMPLE("%{d1}", "com"),
		EXAMPLE("%{dr}", "com.example.email"),
		EXAMPLE("%{d2r}", "example.email"),
		EXAMPLE("%{l}", "strong-bad"),
		EXAMPLE("%{l-}", "strong.bad"),
		EXAMPLE("%{lr}", "strong-bad"),
		EXAMPLE("%{lr-}", "bad.strong"),
		EXAMPLE("%{l1r-}", "strong"),
		EXAMPLE("%{ir}.%{v}._spf.%{d2}",
			"3.2.0.192.in-addr._spf.example.com"),
		EXAMPLE("%{lr-}.lp._spf.%{d2}",
			"bad.strong.lp._spf.example.com"),
		EXAMPLE("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
			"bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
		EXAMPLE("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
			"3.2.0.192.in-addr.strong.lp._spf.example.com"),
		EXAMPLE("%{d2}.trusted-domains.example.net",
			"example.com.trusted-domains.example.net"),
		CASE("an IPv6 client is its nibbles", expands,
			(&(struct row){ "2001:db8::cb01",
				"%{ir}.%{v}._spf.%{d2}",
				"1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
				"0.8.b.d.0.1.0.0.2.ip6._spf.example.com" })),
		EXAMPLE("%{p}", "mx.example.org"),
		EXAMPLE("%{h2}", "example.net"),
		EXAMPLE("%{S}", "strong-bad%40email.example.com"),
		EXAMPLE("a.example.", "a.example"),
		REFUSED("example"),
		REFUSED("example."),
		REFUSED("%{d}com"),
		REFUSED("%{d}."),
		REFUSED("%{c}"),
		REFUSED("%{r}.example"),
		REFUSED("%{t}.example"),
		REFUSED("%{d0}"),
		REFUSED("%{d}.1"),
		CASE("a name that is too long loses labels", cut_at_labels,
			NULL),
		CASE("an expansion is bounded", bounded, NULL),
		CASE("a sender may hold any octet", any_octet, NULL),
		CASE("a record may not", no_octet_of_a_text, NULL),
	};

	return cmocka_run_group_tests_name("auth/spfmacro", cases, NULL, NULL);
}
