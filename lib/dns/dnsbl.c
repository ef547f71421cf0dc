/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/dnsbl.h"

#include "conf/conf.h"
#include "conf/confzone.h"
#include "net/ipaddr.h"

#include <stdio.h>
#include <string.h>

enum {
	LOOPBACK = 0x7f, /* 127.0.0.0/8 */
	ERRORS = 0x7fffff, /* 127.255.255.0/24 */
	REFUSED_LOW = 0x7f000001, /* 127.0.0.1 */
	REFUSED_HIGH = 0x7f0000ff, /* 127.0.0.255 */
	A_OCTETS = 4
};

static void format_v4(const uint8_t octet[4], const struct conf_zone *zone,
	char out[DNSBL_NAME_MAX])
{
	snprintf(out, DNSBL_NAME_MAX, "%u.%u.%u.%u.%s", octet[3], octet[2],
		octet[1], octet[0], zone->name);
}

static void format_v6(const uint8_t octet[16], const struct conf_zone *zone,
	char out[DNSBL_NAME_MAX])
{
	static const char hex[] = "0123456789abcdef";
	char *to = out;

	for (size_t i = 16; i > 0; i--) {
		*to++ = hex[octet[i - 1] & 0xf];
		*to++ = '.';
		*to++ = hex[octet[i - 1] >> 4];
		*to++ = '.';
	}
	snprintf(to, DNSBL_NAME_MAX - (size_t)(to - out), "%s", zone->name);
}

const char *dnsbl_address_name(const struct ipaddr *ip,
	const struct conf_zone *zone, char out[DNSBL_NAME_MAX])
{
	if (ipaddr_is_v4(ip))
		format_v4(ip->octet + 12, zone, out);
	else
		format_v6(ip->octet, zone, out);
	return out;
}

enum result dnsbl_domain_name(struct slice name, const struct conf_zone *zone,
	char out[DNSBL_NAME_MAX])
{
	size_t zone_len = strlen(zone->name);

	if (name.len + 1 + zone_len >= DNSBL_NAME_MAX)
		return RES_TOOBIG;
	memcpy(out, name.at, name.len);
	out[name.len] = '.';
	memcpy(out + name.len + 1, zone->name, zone_len + 1);
	return RES_OK;
}

/* ---- tests ---- */

const char *dnsbl_test_name(enum dnsbl_test which, bool is_listed,
	const struct conf_zone *zone, char out[DNSBL_NAME_MAX])
{
	uint8_t octet[16] = { [10] = 0xff, [11] = 0xff, [12] = LOOPBACK };

	octet[15] = is_listed ? 2 : 1;
	switch (which) {
	case DNSBL_TEST_IPV4:
		format_v4(octet + 12, zone, out);
		break;
	case DNSBL_TEST_IPV6:
		format_v6(octet, zone, out);
		break;
	case DNSBL_TEST_DOMAIN:
		snprintf(out, DNSBL_NAME_MAX, "%s.%s",
			is_listed ? "test" : "invalid", zone->name);
		break;
	}
	return out;
}

const char *dnsbl_test_text(enum dnsbl_test which, bool is_listed)
{
	static const char *const texts[][2] = {
		[DNSBL_TEST_IPV4] = { "127.0.0.1", "127.0.0.2" },
		[DNSBL_TEST_IPV6] = { "::ffff:7f00:1", "::ffff:7f00:2" },
		[DNSBL_TEST_DOMAIN] = { "INVALID", "TEST" },
	};

	return texts[which][is_listed];
}

/* ---- answers ---- */

/* False: no listing, and no zone that works would say so. */
static bool read_record(const struct conf_zone *zone, struct slice rdata,
	uint32_t *answer, double *weight)
{
	bool is_named;

	*answer = 0;
	if (rdata.len != A_OCTETS)
		return false;
	for (size_t i = 0; i < A_OCTETS; i++)
		*answer = *answer << 8 | (unsigned char)rdata.at[i];
	if (*answer >> 24 != LOOPBACK || *answer >> 8 == ERRORS)
		return false;
	*weight = confzone_weight(zone, *answer, &is_named);
	return is_named || (*answer != REFUSED_LOW && *answer != REFUSED_HIGH);
}

static struct dnsbl_reading read_records(
	const struct conf_zone *zone, const struct dns_answer *a)
{
	struct dnsbl_reading out = { .state = DNSBL_CLEAR };

	for (size_t i = 0; i < a->count; i++) {
		uint32_t answer;
		double weight;

		/* One record that is none makes the others worth nothing. */
		if (!read_record(zone, a->rdata[i], &answer, &weight))
			return (struct dnsbl_reading){ .state = DNSBL_TROUBLE,
				.answer = answer };
		if (out.state == DNSBL_LISTED && weight <= out.weight)
			continue;
		out = (struct dnsbl_reading){ .state = DNSBL_LISTED,
			.answer = answer,
			.weight = weight };
	}
	return out;
}

struct dnsbl_reading dnsbl_read(
	const struct conf_zone *zone, const struct dns_answer *a)
{
	switch (a->status) {
	case DNS_FOUND:
		return read_records(zone, a);
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return (struct dnsbl_reading){ .state = DNSBL_CLEAR };
	case DNS_UNKNOWN:
		break;
	}
	return (struct dnsbl_reading){ .state = DNSBL_UNKNOWN, .why = a->why };
}

const char *dnsbl_answer_text(uint32_t answer, char out[DNSBL_ANSWER_MAX])
{
	snprintf(out, DNSBL_ANSWER_MAX, "%u.%u.%u.%u", answer >> 24,
		answer >> 16 & 0xff, answer >> 8 & 0xff, answer & 0xff);
	return out;
}
