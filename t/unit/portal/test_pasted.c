/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/pasted.h"

#include "support/case.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 8192 };

/* REF in a format stands for a reference, LOW for it in small letters, A and B
 * for its halves, D for it with dashes. */
struct row {
	const char *text;
	size_t whole; /* how many in one piece, 0 or 1 */
	size_t found;
};

static void replace(char *text, const char *name, const char *with)
{
	char copy[TEXT_SIZE];
	char *where = strstr(text, name);

	if (where == NULL)
		return;
	snprintf(copy, sizeof(copy), "%.*s%s%s", (int)(where - text), text,
		with, where + strlen(name));
	snprintf(text, TEXT_SIZE, "%s", copy);
}

static void fill(const char *format, const char *ref, char text[TEXT_SIZE])
{
	char low[CASE_REF_MAX], dashed[32], half[32];

	for (size_t i = 0; i < CASE_REF_MAX; i++)
		low[i] = (char)(ref[i] >= 'A' && ref[i] <= 'Z'
				? ref[i] - 'A' + 'a'
				: ref[i]);
	snprintf(dashed, sizeof(dashed), "%.4s-%.4s-%.4s-%s", ref, ref + 4,
		ref + 8, ref + 12);
	snprintf(half, sizeof(half), "%.7s", ref);
	snprintf(text, TEXT_SIZE, "%s", format);
	replace(text, "$REF", ref);
	replace(text, "$LOW", low);
	replace(text, "$DASHED", dashed);
	replace(text, "$A", half);
	replace(text, "$B", ref + 7);
}

static void finds_the_reference(void **state)
{
	const struct row *row = *state;
	char ref[CASE_REF_MAX], text[TEXT_SIZE];
	struct pasted got;

	case_ref_new(ref);
	fill(row->text, ref, text);
	pasted_read(&got, slice_of(text));
	assert_int_equal(got.ref_whole, row->whole);
	/* With a word beside it other symbols may make one, too: one of 37 have
	 * the right check digit. */
	assert_true(got.ref_count >= row->found);
	if (row->found > 0)
		assert_string_equal(got.ref[0], ref);
	else
		assert_int_equal(got.ref_count, 0);
}

static void prefers_the_one_in_a_link(void **state)
{
	char first[CASE_REF_MAX], second[CASE_REF_MAX], text[256];
	struct pasted got;

	(void)state;
	case_ref_new(first);
	case_ref_new(second);
	snprintf(text, sizeof(text), "queued as %s, see https://p.example/r/%s",
		first, second);
	pasted_read(&got, slice_of(text));
	assert_int_equal(got.ref_count, 2);
	assert_string_equal(got.ref[0], second);
}

static void many_references_end(void **state)
{
	char ref[CASE_REF_MAX], text[PASTED_TEXT_MAX * 2] = "";
	struct pasted got;
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		case_ref_new(ref);
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s ", ref);
	}
	pasted_read(&got, slice_of(text));
	assert_int_equal(got.ref_count, PASTED_REFS_MAX);
}

struct code_case {
	const char *text;
	const char *codes; /* names with blanks between */
	const char *xcode;
};

static void finds_the_code(void **state)
{
	const struct code_case *row = *state;
	char names[512] = "";
	struct pasted got;
	size_t len = 0;

	pasted_read(&got, slice_of(row->text));
	for (size_t i = 0; i < got.code_count; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
			"%s%s", i > 0 ? " " : "", code_row(got.code[i])->name);
	assert_string_equal(names, row->codes);
	assert_string_equal(got.xcode, row->xcode);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a reference alone is found", finds_the_reference,
			(&(struct row){ "$REF", 1, 1 })),
		CASE("a reference in small letters is found",
			finds_the_reference, (&(struct row){ "$LOW", 1, 1 })),
		CASE("a reference with dashes is found", finds_the_reference,
			(&(struct row){ "my ref is $DASHED.", 1, 1 })),
		CASE("a reference at the end of a link is found",
			finds_the_reference,
			(&(struct row){ "554 5.7.1 Access denied, visit "
					"https://p.example/r/$REF",
				1, 1 })),
		CASE("a reference before a bracket and a full stop is found",
			finds_the_reference,
			(&(struct row){
				"<https://p.example/r/$REF?lang=es>.", 1, 1 })),
		CASE("a reference broken over lines is found",
			finds_the_reference,
			(&(struct row){ "visit https://p.example/r/$A\r\n   $B",
				0, 1 })),
		CASE("a reference broken in a quoted mail is found",
			finds_the_reference,
			(&(struct row){
				"> https://p.example/r/$A\n> $B", 0, 1 })),
		CASE("a reference broken by quoted-printable is found",
			finds_the_reference,
			(&(struct row){
				"https://p.example/r/$A=\r\n$B", 0, 1 })),
		CASE("a reference that goes on is none", finds_the_reference,
			(&(struct row){ "$REFX", 0, 0 })),
		CASE("a reference that begins earlier is none",
			finds_the_reference, (&(struct row){ "X$REF", 0, 0 })),
		CASE("an empty text holds none", finds_the_reference,
			(&(struct row){ "", 0, 0 })),
		CASE("half a reference is none", finds_the_reference,
			(&(struct row){ "https://p.example/r/$A", 0, 0 })),
		CASE("the reference in a link comes first",
			prefers_the_one_in_a_link, NULL),
		CASE("more references than we look up are left out",
			many_references_end, NULL),
		CASE("the words of a reply name one code", finds_the_code,
			(&(struct code_case){
				"554 5.7.1 Access denied, sending IP "
				"[192.0.2.1] is on our block list; to "
				"request removal visit https://x",
				"BLOCKED_SELF", "" })),
		CASE("the words of a reply may be broken over lines",
			finds_the_code,
			(&(struct code_case){
				"> 550-5.7.20 Message refused, it has\n"
				">   no DKIM signature; what to\n> change: x",
				"DKIM_NONE", "" })),
		CASE("the name of a code is known", finds_the_code,
			(&(struct code_case){
				"it said SPF_FAIL, why?", "SPF_FAIL", "" })),
		CASE("an enhanced status code that we use once is enough",
			finds_the_code,
			(&(struct code_case){
				"550 5.7.23 SPF", "SPF_FAIL", "5.7.23" })),
		CASE("an enhanced status code of several gives them all",
			finds_the_code,
			(&(struct code_case){ "error 550-5.7.20 hm",
				"DKIM_NONE DKIM_FAIL", "5.7.20" })),
		CASE("the first three digits tell them apart", finds_the_code,
			(&(struct code_case){ "451 4.7.0 x",
				"BLOCKED_LATER SCORE_LATER ACCOUNT_PAUSED "
				"DEFERRED_CORRESPONDENT SCORE_LATER_END "
				"GREYLIST_FIRST DEFERRED_CORRESPONDENT_END",
				"4.7.0" })),
		CASE("a code that is not ours is told as such", finds_the_code,
			(&(struct code_case){
				"550 5.1.1 no such user", "", "5.1.1" })),
		CASE("an address is no status code", finds_the_code,
			(&(struct code_case){
				"from 5.7.1.23 and 192.5.7.1", "", "" })),
		CASE("a version is no status code", finds_the_code,
			(&(struct code_case){ "v5.7.1 or 5.7.1234", "", "" })),
	};

	return cmocka_run_group_tests_name("portal/pasted", cases, NULL, NULL);
}
