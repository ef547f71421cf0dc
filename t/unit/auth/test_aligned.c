/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/aligned.h"

#include "net/psl.h"
#include "support/case.h"

#define H "From:Date: cfbl-address\r\n\t:CFBL-Feedback-ID"

/* d= and what is known of a signature. */
struct signature {
	const char *domain;
	const char *fields;
	enum auth_result result;
	bool is_partial;
	bool is_testing;
};

struct row {
	const char *from;
	const char *address; /* value of CFBL-Address, or NULL */
	const char *id; /* of CFBL-Feedback-ID, or NULL */
	struct signature signature[2];
	bool want;
	const char *strict; /* adkim=s */
	const char *second; /* a second CFBL-Address, or NULL */
	bool is_partial; /* the header */
};

static struct auth_facts facts_of(const struct row *row, struct dkim_fact *dkim)
{
	struct auth_facts auth = { .dkim_is_known = true,
		.dkim = dkim,
		.from_kind = FROM_ONE,
		.dmarc = { .from_domain = slice_of(row->from),
			.strict_dkim = row->strict != NULL } };

	for (int i = 0; i < 2 && row->signature[i].domain != NULL; i++) {
		const struct signature *s = &row->signature[i];

		dkim[auth.dkim_count++] = (struct dkim_fact){
			.result = s->result == AUTH_UNKNOWN ? AUTH_PASS
							    : s->result,
			.domain = slice_of(s->domain),
			.signed_fields = slice_of(s->fields),
			.is_partial = s->is_partial,
			.is_testing = s->is_testing,
		};
	}
	return auth;
}

static void add(struct field *fields, struct message *m, const char *name,
	const char *value)
{
	if (value == NULL)
		return;
	fields[m->field_count++] = (struct field){ .name = slice_of(name),
		.value = slice_of(value) };
}

static void complaints(void **state)
{
	const struct row *row = *state;
	struct field fields[4];
	struct dkim_fact dkim[2];
	const struct auth_facts auth = facts_of(row, dkim);
	struct message m = { .fields = fields,
		.is_header_partial = row->is_partial };
	struct psl *psl;

	add(fields, &m, "From", " x");
	add(fields, &m, "cfbl-address", row->address);
	add(fields, &m, "CFBL-Address", row->second);
	add(fields, &m, "CFBL-Feedback-ID", row->id);
	assert_int_equal(psl_open(&psl), RES_OK);
	assert_int_equal(aligned_cfbl(&m, &auth, psl), row->want);
	psl_close(psl);
}

static void signer(void **state)
{
	const struct row *row = *state;
	struct dkim_fact dkim[2];
	const struct auth_facts auth = facts_of(row, dkim);
	struct slice want = slice_of(row->want ? row->signature[0].domain : "");
	struct psl *psl;

	assert_int_equal(psl_open(&psl), RES_OK);
	assert_true(slice_is_equal(aligned_signer(&auth, psl), want));
	psl_close(psl);
}

static void by_tree_walk(void **state)
{
	struct dkim_fact dkim = { .result = AUTH_PASS,
		.domain = slice_of("b.hosting.example.co.uk") };
	struct auth_facts auth = { .dkim_is_known = true,
		.dkim = &dkim,
		.dkim_count = 1,
		.dmarc = { .from_domain = slice_of("a.example.com"),
			.dkim_aligned = true,
			.aligned_domain =
				slice_of("b.hosting.example.co.uk") } };

	(void)state;
	assert_true(slice_is_equal(aligned_signer(&auth, NULL), dkim.domain));
	auth.dmarc.dkim_aligned = false;
	assert_true(slice_is_empty(aligned_signer(&auth, NULL)));
	auth.dkim_is_known = false;
	auth.dmarc.dkim_aligned = true;
	assert_true(slice_is_empty(aligned_signer(&auth, NULL)));
}

static void without_a_list(void **state)
{
	struct slice a = slice_of("a.example.org");
	struct slice b = slice_of("b.example.org");
	struct slice above = slice_of("example.org");
	struct psl *psl;

	(void)state;
	assert_true(aligned_domains(NULL, a, a));
	assert_true(aligned_domains(NULL, a, above));
	assert_true(aligned_domains(NULL, above, a));
	assert_false(aligned_domains(NULL, a, b));
	assert_false(aligned_domains(NULL, slice_of(""), slice_of("")));
	assert_int_equal(psl_open(&psl), RES_OK);
	assert_true(aligned_domains(psl, a, b));
	assert_false(
		aligned_domains(psl, slice_of("a.co.uk"), slice_of("b.co.uk")));
	psl_close(psl);
}

static void names(void **state)
{
	(void)state;
	assert_true(aligned_names(slice_of("from:to"), "From"));
	assert_true(aligned_names(slice_of(" from :\r\n\tTO "), "To"));
	assert_true(aligned_names(slice_of("x-\r\n y"), "X-Y"));
	assert_false(aligned_names(slice_of("from:to"), "Cc"));
	assert_false(aligned_names(slice_of("from2:2from"), "From"));
	assert_false(aligned_names(slice_of(""), "From"));
}

#define SIGNED(of, over) .domain = (of), .fields = (over)
/* The author, what is wanted, and the signature. */
#define OF(author, wanted, ...)           \
	(&(struct row){ .from = (author), \
		.want = (wanted),         \
		.signature = { { __VA_ARGS__ } } })
/* One more: the address. */
#define TO(author, to, wanted, ...)       \
	(&(struct row){ .from = (author), \
		.address = (to),          \
		.want = (wanted),         \
		.signature = { { __VA_ARGS__ } } })
#define TEST(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

static const struct row strict = { .from = "example.org",
	.strict = "s",
	.signature = { { .domain = "m.example.org", .fields = H } } };
static const struct row below = { .from = "example.org",
	.address = "<f@fbl.example.org>",
	.id = " 1",
	.want = true,
	.signature = { { .domain = "example.org", .fields = H } } };
static const struct row both = { .from = "example.org",
	.address = " f@example.com",
	.id = " 1",
	.want = true,
	.signature = { { .domain = "example.com", .fields = H },
		{ .domain = "example.org", .fields = H } } };
static const struct row without_id = { .from = "example.org",
	.address = " f@example.org",
	.id = " 1",
	.signature = {
		{ .domain = "example.org", .fields = "From:CFBL-Address" } } };
static const struct row two = { .from = "example.org",
	.address = " f@example.org",
	.second = " f@example.org",
	.signature = { { .domain = "example.org", .fields = H } } };
static const struct row half = { .from = "example.org",
	.address = " f@example.org",
	.is_partial = true,
	.signature = { { .domain = "example.org", .fields = H } } };

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("the author's own domain speaks", signer,
			OF("example.org", true, SIGNED("example.org", H))),
		CASE("so does one below it", signer,
			OF("example.org", true, SIGNED("m.example.org", H))),
		CASE("unless adkim is strict", signer, &strict),
		CASE("another domain does not", signer,
			OF("example.org", false, SIGNED("example.com", H))),
		CASE("nor a signature that fails", signer,
			OF("example.org", false, SIGNED("example.org", H),
				.result = AUTH_FAIL)),
		CASE("nor one over a part of the body", signer,
			OF("example.org", false, SIGNED("example.org", H),
				.is_partial = true)),
		CASE("nor one in a test", signer,
			OF("example.org", false, SIGNED("example.org", H),
				.is_testing = true)),
		TEST("what the tree walk aligned is believed", by_tree_walk),
		TEST("without a list only the names are compared",
			without_a_list),
		TEST("h= is read without case and blanks", names),
		CASE("strict: the author's own address", complaints,
			TO("example.org", " f@example.org; report=arf", true,
				SIGNED("example.org", H))),
		CASE("relaxed: one below the author", complaints, &below),
		CASE("third party: both sign", complaints, &both),
		CASE("third party alone", complaints,
			TO("example.org", " f@example.com", false,
				SIGNED("example.com", H))),
		CASE("the author for a third party", complaints,
			TO("example.org", " f@example.com", false,
				SIGNED("example.org", H))),
		CASE("a signature that leaves it out", complaints,
			TO("example.org", " f@example.org", false,
				SIGNED("example.org", "From:Date"))),
		CASE("a signature that leaves the id out", complaints,
			&without_id),
		CASE("there is no id to leave out", complaints,
			TO("example.org", " f@example.org", true,
				SIGNED("example.org", "From:CFBL-Address"))),
		CASE("a signature that fails", complaints,
			TO("example.org", " f@example.org", false,
				SIGNED("example.org", H), .result = AUTH_FAIL)),
		CASE("no address", complaints,
			OF("example.org", false, SIGNED("example.org", H))),
		CASE("two addresses", complaints, &two),
		CASE("an address without a domain", complaints,
			TO("example.org", " f", false,
				SIGNED("example.org", H))),
		CASE("nonsense for an address", complaints,
			TO("example.org", " <f@example.org", false,
				SIGNED("example.org", H))),
		CASE("half a header", complaints, &half),
	};

	return cmocka_run_group_tests_name("auth/aligned", cases, NULL, NULL);
}
