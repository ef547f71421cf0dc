/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * geo/geoip: any octets as a database. The first octet says for what it is
 * taken; the rest is the file. One that is taken into use answers for any
 * address, with text that can be shown; one that is not, for none.
 */
#include "geo/geoip.h"
#include "t/fuzz/target.h"

#include "base/log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE_MAX_OCTETS = 1 << 20, ADDRESSES = 64 };

static void check_place(const struct geoip_place *p, bool is_country)
{
	size_t len = strlen(p->organisation);

	target_promise(p->country[0] == '\0' ||
			(isupper((unsigned char)p->country[0]) &&
				isupper((unsigned char)p->country[1]) &&
				p->country[2] == '\0'),
		"a country is two capitals");
	target_promise(is_country ? p->asn == 0 : p->country[0] == '\0',
		"a file tells what it is for");
	target_promise(p->asn != 0 || len == 0, "no name without a number");
	for (size_t i = 0; i < len; i++)
		target_promise(
			p->organisation[i] >= ' ' && p->organisation[i] <= '~',
			"a name can be shown");
}

/* IPv4 and IPv6 over the whole range, and what the octets say. */
static void ask_all(
	struct geoip *g, bool is_country, const uint8_t *data, size_t size)
{
	struct geoip_place place;
	struct ipaddr ip;

	for (uint32_t i = 0; i < ADDRESSES; i++) {
		ip = ipaddr_from_v4(i << 26 | i * 2654435761u >> 6);
		geoip_find(g, &ip, &place);
		check_place(&place, is_country);
		memset(&ip, 0, sizeof(ip));
		ip.octet[0] = (uint8_t)(i << 2);
		ip.octet[1] = size > i ? data[i] : 0;
		geoip_find(g, &ip, &place);
		check_place(&place, is_country);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct log_options quiet = { .ident = "fuzz",
		.target = LOG_TO_STDERR,
		.level = LOG_LEVEL_CRIT };
	char path[64];
	struct geoip_options options = {
		.path = { "", "" }, .check_s = 60, .size_max = SIZE_MAX_OCTETS
	};
	struct geoip *g;
	int fd;

	if (size < 1)
		return 0;
	log_open(&quiet);
	fd = memfd_create("geo", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	options.path[data[0] & 1 ? GEOIP_ASN : GEOIP_COUNTRY] = path;
	if (geoip_open(&g, &options) != RES_OK)
		abort();
	ask_all(g, (data[0] & 1) == 0, data, size);
	geoip_close(g);
	close(fd);
	return 0;
}
