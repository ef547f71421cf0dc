/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarcoverride.h"

#include "auth/authresread.h"
#include "conf/conf.h"
#include "fact/trust.h"
#include "net/hostname.h"

static bool is_within_any(struct slice name, char *const *above, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (hostname_is_within(name, slice_of(above[i])))
			return true;
	return false;
}

/* ---- ARC ---- */

static bool is_domain(struct slice text, struct slice domain)
{
	char name[HOSTNAME_MAX];
	size_t len;

	return hostname_parse(text, name, &len) == RES_OK &&
		slice_is_equal(slice_make(name, len), domain);
}

/* One result of DMARC, a pass, and for this domain; all of the value can be
 * read. */
static bool says_pass(struct slice results, struct slice author)
{
	struct authresread_result one;
	struct authresread reader;
	unsigned count = 0;
	bool is_pass = false;
	struct slice id;
	enum result res = authresread_begin(&reader, results, &id);

	while (res == RES_OK) {
		const struct slice *from;

		res = authresread_next(&reader, &one);
		if (res != RES_OK ||
			!slice_is_equal_nocase(one.method, slice_of("dmarc")))
			continue;
		count++;
		from = authresread_find(&one, "header", "from");
		is_pass = from != NULL && is_domain(*from, author) &&
			slice_is_equal_nocase(one.result, slice_of("pass"));
	}
	return res == RES_MISSING && count == 1 && is_pass;
}

/* Would be trusted, if only its keys could be had. */
static bool is_chain_open(
	const struct conf_arc *conf, const struct arc_fact *arc)
{
	if (arc->result != AUTH_TEMPERROR)
		return false;
	for (unsigned i = 0; i < arc->set_count; i++)
		if (!is_within_any(arc->sets[i].sealer, conf->trusted,
			    conf->trusted_count))
			return false;
	return arc->set_count > 0;
}

/* ---- mailing lists ---- */

struct search {
	const struct conf *conf;
	const struct trust_source *trust;
	bool is_unknown;
};

/* conf's lists, whole labels. */
static bool is_configured(struct search *s, struct slice domain)
{
	const struct conf_auth *conf = &s->conf->auth;

	return is_within_any(domain, conf->known_lists, conf->known_list_count);
}

/* The store knows of itself what is below a name that it has. */
static bool is_in_store(struct search *s, struct slice domain)
{
	bool found = false;

	if (s->trust == NULL)
		return false;
	if (s->trust->find(s->trust->ctx, "list", domain, &found) != RES_OK)
		s->is_unknown = true;
	return found;
}

typedef bool is_list(struct search *s, struct slice domain);

static bool has_list(
	struct search *s, is_list *is_it, const struct auth_facts *auth)
{
	char name[HOSTNAME_MAX];
	size_t len;

	if (auth->mailfrom.result == AUTH_PASS &&
		hostname_parse(auth->mailfrom.domain, name, &len) == RES_OK &&
		is_it(s, slice_make(name, len)))
		return true;
	for (unsigned i = 0; i < auth->dkim_count; i++)
		if (auth->dkim[i].result == AUTH_PASS &&
			is_it(s, auth->dkim[i].domain))
			return true;
	return false;
}

enum dmarcoverride dmarcoverride_find(const struct conf *conf,
	const struct trust_source *trust, const struct auth_facts *auth,
	struct slice author, struct slice *why)
{
	struct search s = { .conf = conf,
		.trust = trust,
		.is_unknown = is_chain_open(&conf->arc, &auth->arc) };

	*why = slice_of("");
	if (auth->arc.result == AUTH_PASS && auth->arc.is_trusted &&
		says_pass(auth->arc.first_results, author)) {
		*why = slice_of("trusted ARC sealer");
		return DMARCOVERRIDE_YES;
	}
	/* What is in memory first. */
	if (has_list(&s, is_configured, auth) ||
		has_list(&s, is_in_store, auth)) {
		*why = slice_of("known mailing list");
		return DMARCOVERRIDE_YES;
	}
	return s.is_unknown ? DMARCOVERRIDE_UNKNOWN : DMARCOVERRIDE_NO;
}
