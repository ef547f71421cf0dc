/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact/conn - what is known of one SMTP connection.
 *
 * Plain data, filled by judge/session, read by checks. Slices live in the
 * connection's arena. Only the socket address is trusted for ip; names and
 * macros are what the MTA claims.
 */
#pragma once

#include "net/ipaddr.h"

enum conn_kind {
	CONN_UNKNOWN = 0, /* no CONNECT seen, or an address we cannot read */
	CONN_REMOTE, /* an IP client */
	CONN_LOCAL /* local submission: no address, unix, or port 0 */
};

enum { CONN_ID_MAX = 17 };

struct conn {
	enum conn_kind kind;
	char id[CONN_ID_MAX]; /* random, names the session in the log */
	struct ipaddr ip; /* of CONN_REMOTE only */
	char ip_text[IPADDR_TEXT_MAX]; /* "" when there is no address */
	uint16_t port;
	bool is_trusted; /* ip is in milter.trusted */
	int64_t start_ms; /* monotonic */
	struct slice hostname; /* libmilter's argument: a name or "[addr]" */
	struct slice ptr; /* {client_ptr} */
	struct slice resolve; /* {client_resolve}: OK FAIL TEMP FORGED */
	struct slice daemon; /* {daemon_name} */
	struct slice helo;
	char country[3]; /* ISO 3166-1 of the address, "" when not known */
	uint32_t asn; /* its network, 0 when not known */
};
