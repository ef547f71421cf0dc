/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/ctl/tracerig - messages with traces, for the tests of what takes
 * reports. Of the host mx.example.net, with a key of the test's own.
 */
#pragma once

#include "base/buf.h"
#include "store/tracekeys.h"

enum { TRACERIG_NOW_S = 1764205200 };

#define TRACERIG_HOST "mx.example.net"
#define TRACERIG_ACCOUNT "0123456789abcdef"

struct conf;

/* A config with more in it, to be released. */
struct conf *tracerig_conf(const char *more);

struct tracekeys_ring tracerig_ring(void);

/* A trace of one that came from 192.0.2.7 for two, signed by example.org, or
 * that the account sent. */
struct trace tracerig_in(void);
struct trace tracerig_out(void);

/* Adds a field with that trace, bound to header, then header. */
void tracerig_add(struct buf *out, const struct tracekeys_ring *ring,
	const struct trace *t, const char *header);
