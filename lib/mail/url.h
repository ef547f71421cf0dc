/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/url - where a link leads, read as leniently as browsers read it
 * (RFC 3986; WHATWG URL).
 *
 * Threads: plain data.
 */
#pragma once

#include "net/hostname.h"

enum { URL_MAX = 2048 };

struct url {
	struct slice scheme; /* as it stands, "" without one */
	struct slice path; /* behind the host: path, query, fragment */
	size_t host_len; /* 0: it leads to no host (mailto:, cid:, #top) */
	char host[HOSTNAME_MAX]; /* folded, A-labels, or an address */
	bool has_userinfo;
	bool is_idn; /* the host has a label that is not ASCII, or an A-label */
	bool is_address; /* an IP address, in whatever form it stood */
	bool is_cut; /* its text was longer than URL_MAX */
};

struct slice url_host(const struct url *u);

/*
 * A link as it stands in an attribute: the text that browsers would go by
 * (controls at its ends, tabs and line ends within are dropped) goes to clean,
 * at most URL_MAX octets, and u points into it. The length of it.
 */
size_t url_parse(struct slice text, char clean[URL_MAX], struct url *u);

/*
 * The next link in plain text from *at on: "http://", "https://", "ftp://" or
 * "www." and what follows up to a blank, without marks at its end. Moves *at
 * behind it. False: there is no more. Linear over all calls.
 */
bool url_find(struct slice text, size_t *at, struct slice *found);
