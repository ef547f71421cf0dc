/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/own.h"

#include "conf/conf.h"
#include "support/case.h"

#include <ifaddrs.h>
#include <sys/socket.h>

struct row {
	const char *ip;
	bool want;
};

static void tells(void **state)
{
	static char v4[] = "198.51.100.0/24", v6[] = "2001:db8:1::25";
	static char *names[] = { v4, v6 };
	const struct conf_networks trusted = { .names = names, .count = 2 };
	const struct row *row = *state;
	struct ipaddr ip;
	struct cidr net;

	assert_int_equal(ipaddr_parse(&ip, slice_of(row->ip)), RES_OK);
	net = cidr_of_client(&ip);
	assert_int_equal(own_is_ours(&trusted, &net), row->want);
}

/* Each of this machine, whatever they are. */
static void knows_its_own(void **state)
{
	const struct conf_networks none = { .count = 0 };
	struct ifaddrs *all = NULL;
	size_t seen = 0;

	(void)state;
	assert_int_equal(getifaddrs(&all), 0);
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		struct ipaddr ip;
		struct cidr net;
		uint16_t port;

		if (ipaddr_from_sockaddr(&ip, &port, i->ifa_addr) != RES_OK)
			continue;
		net = cidr_of_client(&ip);
		assert_true(own_is_ours(&none, &net));
		seen++;
	}
	freeifaddrs(all);
	assert_true(seen > 0);
}

#define TELLS(name, ...) CASE(name, tells, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		TELLS("a stranger is none of ours", "192.0.2.7", false),
		TELLS("one of a trusted network is", "198.51.100.200", true),
		TELLS("a /64 with one trusted address is", "2001:db8:1::99",
			true),
		TELLS("its neighbour is not", "2001:db8:1:1::99", false),
		TELLS("a private address may be everybody's", "10.1.2.3", true),
		TELLS("loopback", "127.0.0.1", true),
		CASE("the addresses of this machine", knows_its_own, NULL),
	};

	return cmocka_run_group_tests_name("store/own", cases, NULL, NULL);
}
