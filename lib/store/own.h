/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/own - addresses that must never be listed, for all mail may come from
 * them: those of this machine, those that are trusted, and those that mean
 * something within one network only (a proxy, a container). Threads: any.
 */
#pragma once

#include "net/cidr.h"

struct conf_networks;

/* net: of cidr_of_client. It is, it holds, or it lies in one of ours. */
bool own_is_ours(const struct conf_networks *trusted, const struct cidr *net);

/* The same but for interfaces: of what another machine may have received. */
bool own_is_trusted(
	const struct conf_networks *trusted, const struct cidr *net);
