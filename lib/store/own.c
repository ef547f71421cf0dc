/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/own.h"

#include "conf/conf.h"

#include <ifaddrs.h>
#include <sys/socket.h>

static bool touches(const struct cidr *a, const struct cidr *b)
{
	return cidr_covers(a, &b->net) || cidr_covers(b, &a->net);
}

bool own_is_trusted(const struct conf_networks *trusted, const struct cidr *net)
{
	struct cidr own;

	if (ipaddr_is_private(&net->net))
		return true;
	for (size_t i = 0; i < trusted->count; i++)
		if (cidr_parse(&own, slice_of(trusted->names[i])) == RES_OK &&
			touches(&own, net))
			return true;
	return false;
}

/* When they cannot be read nobody is listed: that can wait. */
static bool is_of_interface(const struct cidr *net)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return true;
	for (const struct ifaddrs *i = all; i != NULL && !found;
		i = i->ifa_next) {
		struct ipaddr ip;
		uint16_t port;

		found = ipaddr_from_sockaddr(&ip, &port, i->ifa_addr) ==
				RES_OK &&
			cidr_covers(net, &ip);
	}
	freeifaddrs(all);
	return found;
}

bool own_is_ours(const struct conf_networks *trusted, const struct cidr *net)
{
	return own_is_trusted(trusted, net) || is_of_interface(net);
}
