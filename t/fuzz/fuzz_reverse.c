/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/reverse, dns/dnsbl: a name that strangers publish for their address,
 * and the answer of a list about it. Whatever stands before it, a name that
 * holds the address is none of a person's choice; an answer outside
 * 127.0.0.0/8, or of 127.255.255.0/24, is never a listing.
 */
#include "conf/conf.h"
#include "dns/dnsbl.h"
#include "heur/reverse.h"
#include "net/hostname.h"
#include "t/fuzz/target.h"

#include <stdio.h>
#include <string.h>

static void try_name(struct slice text, const struct ipaddr *ip)
{
	char folded[HOSTNAME_MAX];
	const char *word;
	size_t len;
	enum reverse_kind kind;

	if (hostname_parse(text, folded, &len) != RES_OK)
		return;
	kind = reverse_read(slice_make(folded, len), ip, &word);
	target_promise((*word != '\0') == (kind == REVERSE_DYNAMIC),
		"only a dynamic name says so by a word");
}

static void try_made(struct slice text, const struct ipaddr *ip)
{
	const uint8_t *o = ip->octet + 12;
	char made[HOSTNAME_MAX];
	const char *word;

	if (!ipaddr_is_v4(ip) || text.len > 64 || !hostname_is_valid(text))
		return;
	snprintf(made, sizeof(made), "%.*s.%u-%u-%u-%u.example.org",
		SLICE_ARG(text), o[0], o[1], o[2], o[3]);
	target_promise(reverse_read(slice_of(made), ip, &word) != REVERSE_PLAIN,
		"a name that holds the address is not plain");
}

static void try_answer(struct slice text)
{
	static char name[] = "bl.example.org";
	const struct conf_zone zone = { .name = name, .score = 1 };
	const struct dns_answer a = {
		.status = DNS_FOUND, .count = 1, .rdata = &text
	};
	const struct dnsbl_reading r = dnsbl_read(&zone, &a);
	const uint8_t *o = (const uint8_t *)text.at;

	target_promise(r.state == DNSBL_LISTED || r.state == DNSBL_TROUBLE,
		"a record lists, or the zone has trouble");
	if (r.state == DNSBL_LISTED)
		target_promise(text.len == 4 && o[0] == 127 &&
				!(o[1] == 255 && o[2] == 255),
			"a listing is of 127.0.0.0/8 and no error");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipaddr ip;
	struct slice text;

	if (size < sizeof(ip.octet))
		return 0;
	memcpy(ip.octet, data, sizeof(ip.octet));
	ipaddr_fold(&ip);
	text = slice_make(data + sizeof(ip.octet), size - sizeof(ip.octet));
	try_name(text, &ip);
	try_made(text, &ip);
	try_answer(text);
	return 0;
}
