/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/dns_server - t/support/dns_server.py as a process of the test.
 *
 * Fails the test when it does not come up. Threads: one.
 */
#pragma once

struct dns_server;

struct dns_server *dns_server_start(void);
void dns_server_stop(struct dns_server *s);
unsigned dns_server_port(const struct dns_server *s);
/* One command; its answer, borrowed until the next one. */
const char *dns_server_say(struct dns_server *s, const char *command);
