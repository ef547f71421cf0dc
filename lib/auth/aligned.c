/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/aligned.h"

#include "auth/arcset.h"
#include "mail/address.h"
#include "net/hostname.h"
#include "net/psl.h"

static const char address_name[] = "CFBL-Address";
static const char id_name[] = "CFBL-Feedback-ID";

bool aligned_domains(const struct psl *psl, struct slice a, struct slice b)
{
	if (slice_is_empty(a) || slice_is_empty(b))
		return false;
	if (slice_is_equal(a, b))
		return true;
	if (psl == NULL)
		return hostname_is_within(a, b) || hostname_is_within(b, a);
	return slice_is_equal(
		psl_organisation(psl, a), psl_organisation(psl, b));
}

static bool speaks(const struct dkim_fact *f)
{
	return f->result == AUTH_PASS && !f->is_partial && !f->is_testing &&
		!slice_is_empty(f->domain);
}

static bool is_of_author(const struct dkim_fact *f,
	const struct auth_facts *auth, const struct psl *psl)
{
	const struct dmarc_fact *d = &auth->dmarc;

	if (!speaks(f))
		return false;
	if (d->strict_dkim)
		return slice_is_equal(f->domain, d->from_domain);
	/* By the tree walk, which may know more than the list. */
	if (d->dkim_aligned && slice_is_equal(f->domain, d->aligned_domain))
		return true;
	return aligned_domains(psl, f->domain, d->from_domain);
}

struct slice aligned_signer(
	const struct auth_facts *auth, const struct psl *psl)
{
	for (unsigned i = 0; auth->dkim_is_known && i < auth->dkim_count; i++)
		if (is_of_author(&auth->dkim[i], auth, psl))
			return auth->dkim[i].domain;
	return slice_of("");
}

/* ---- RFC 9477 ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(struct slice text, const char *name)
{
	size_t at = 0;
	struct slice want = slice_of(name);

	for (size_t i = 0; i < text.len; i++) {
		if (is_blank(text.at[i]))
			continue;
		if (at == want.len ||
			!slice_is_equal_nocase(slice_part(text, i, 1),
				slice_part(want, at, 1)))
			return false;
		at++;
	}
	return at == want.len;
}

bool aligned_names(struct slice list, const char *name)
{
	struct slice one;

	while (slice_cut(&list, ':', &one))
		if (is_name(one, name))
			return true;
	return false;
}

/* Its domain, folded. False: there is not one address. */
static bool read_address(
	const struct message *m, char out[HOSTNAME_MAX], size_t *len)
{
	size_t i = message_find(m, slice_of(address_name), 0);
	struct address address;
	struct slice value;

	if (message_count(m, slice_of(address_name)) != 1 ||
		m->fields[i].is_cut)
		return false;
	value = m->fields[i].value;
	value = slice_trim(slice_part(value, 0, slice_find(value, ';')));
	return address_parse(&address, value) == RES_OK &&
		!slice_is_empty(address.local) &&
		hostname_parse(address.domain, out, len) == RES_OK;
}

static bool covers(const struct dkim_fact *f, bool has_id)
{
	return aligned_names(f->signed_fields, address_name) &&
		(!has_id || aligned_names(f->signed_fields, id_name));
}

bool aligned_cfbl(const struct message *m, const struct auth_facts *auth,
	const struct psl *psl)
{
	size_t ids = message_count(m, slice_of(id_name)), len;
	bool of_address = false, of_author = false;
	char name[HOSTNAME_MAX];

	if (m->is_header_partial || ids > 1 || !auth->dkim_is_known ||
		auth->from_kind != FROM_ONE || !read_address(m, name, &len))
		return false;
	for (unsigned i = 0; i < auth->dkim_count; i++) {
		const struct dkim_fact *f = &auth->dkim[i];

		if (!speaks(f) || !covers(f, ids > 0))
			continue;
		of_address = of_address ||
			aligned_domains(psl, f->domain, slice_make(name, len));
		of_author = of_author || is_of_author(f, auth, psl);
	}
	return of_address && of_author;
}

bool aligned_is_signature(struct slice name)
{
	return slice_is_equal_nocase(name, slice_of("DKIM-Signature")) ||
		slice_is_equal_nocase(name, slice_of(arcset_message_name));
}

bool aligned_covers(struct slice signature, const char *name)
{
	struct slice tag;

	while (slice_cut(&signature, ';', &tag)) {
		const size_t equals = slice_find(tag, '=');
		const struct slice letter =
			slice_trim(slice_part(tag, 0, equals));

		if (slice_is_equal_nocase(letter, slice_of("h")) &&
			aligned_names(
				slice_part(tag, equals + 1, tag.len), name))
			return true;
	}
	return false;
}
