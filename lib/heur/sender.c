/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/sender.h"

enum {
	ADDRESS_V4 = 32,
	ADDRESS_V6 = 64,
	NETWORK_V4 = 24,
	NETWORK_V6 = 48,
	MAPPED_BITS = 96
};

void sender_network(const struct ipaddr *ip, unsigned ipv4_bits,
	unsigned ipv6_bits, char out[CIDR_TEXT_MAX])
{
	unsigned bits = ipaddr_is_v4(ip) ? MAPPED_BITS + ipv4_bits : ipv6_bits;
	struct cidr net = cidr_around(ip, (uint8_t)bits);

	cidr_format(&net, out);
}

/* Only what is a name becomes one: text of a sender makes no keys. */
static bool take(struct sender *s, struct slice domain)
{
	size_t len;

	return hostname_parse(domain, s->domain, &len) == RES_OK;
}

static bool take_author(struct sender *s, const struct dmarc_fact *f)
{
	if (f->result != AUTH_PASS)
		return false;
	return take(s, f->org_domain) || take(s, f->aligned_domain) ||
		take(s, f->from_domain);
}

/* A signature over a part of the body says nothing of the rest, and one whose
 * owner is testing is none yet (RFC 6376 s3.6.1). */
static bool take_signer(struct sender *s, const struct auth_facts *auth)
{
	for (unsigned i = 0; auth->dkim_is_known && i < auth->dkim_count; i++) {
		const struct dkim_fact *f = &auth->dkim[i];

		if (f->result == AUTH_PASS && !f->is_partial &&
			!f->is_testing && take(s, f->domain))
			return true;
	}
	return false;
}

static void read_domain(struct sender *s, const struct auth_facts *auth)
{
	if (take_author(s, &auth->dmarc))
		return;
	if (auth->mailfrom.result == AUTH_PASS &&
		take(s, auth->mailfrom.domain))
		return;
	if (!take_signer(s, auth))
		s->domain[0] = '\0';
}

void sender_read(struct sender *out, const struct ipaddr *ip,
	const struct auth_facts *auth)
{
	*out = (struct sender){ .domain = "" };
	sender_network(ip, ADDRESS_V4, ADDRESS_V6, out->address);
	sender_network(ip, NETWORK_V4, NETWORK_V6, out->network);
	if (auth != NULL)
		read_domain(out, auth);
}
