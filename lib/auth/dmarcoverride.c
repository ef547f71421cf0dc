/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarcoverride.h"

#include "auth/authresread.h"
#include "conf/conf.h"
#include "fact/trust.h"
#include "net/hostname.h"

enum { ASKS_MAX = 16 /* each may cost a command to Redis */ };

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

/* ---- mailing lists ---- */

struct search {
	const struct conf_auth *conf;
	const struct trust_source *trust;
	unsigned asks;
	bool is_unknown;
};

static bool is_configured(struct search *s, struct slice domain)
{
	for (size_t i = 0; i < s->conf->known_list_count; i++)
		if (slice_is_equal(domain, slice_of(s->conf->known_lists[i])))
			return true;
	return false;
}

static bool is_in_store(struct search *s, struct slice domain)
{
	bool found = false;

	if (s->trust == NULL)
		return false;
	if (s->asks++ >= ASKS_MAX ||
		s->trust->find(s->trust->ctx, "list", domain, &found) !=
			RES_OK) {
		s->is_unknown = true;
		return false;
	}
	return found;
}

typedef bool is_list(struct search *s, struct slice domain);

/* The domain, or one above it of two labels at least. */
static bool is_below_list(struct search *s, is_list *is_it, struct slice domain)
{
	size_t dot;

	for (;;) {
		dot = slice_find(domain, '.');
		if (dot == domain.len)
			return false;
		if (is_it(s, domain))
			return true;
		domain = slice_part(domain, dot + 1, domain.len);
	}
}

static bool has_list(
	struct search *s, is_list *is_it, const struct auth_facts *auth)
{
	char name[HOSTNAME_MAX];
	size_t len;

	if (auth->mailfrom.result == AUTH_PASS &&
		hostname_parse(auth->mailfrom.domain, name, &len) == RES_OK &&
		is_below_list(s, is_it, slice_make(name, len)))
		return true;
	for (unsigned i = 0; i < auth->dkim_count; i++)
		if (auth->dkim[i].result == AUTH_PASS &&
			is_below_list(s, is_it, auth->dkim[i].domain))
			return true;
	return false;
}

enum dmarcoverride dmarcoverride_find(const struct conf_auth *conf,
	const struct trust_source *trust, const struct auth_facts *auth,
	struct slice author, struct slice *why)
{
	struct search s = { .conf = conf, .trust = trust };

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
