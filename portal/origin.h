/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/origin - what a request needs to know of the refusal that led to it.
 *
 * Read from the case (store/case) by its reference. The domain of the sender is
 * for comparing only, and is shown to nobody. Threads: any.
 */
#pragma once

#include "net/ipaddr.h"
#include "store/case.h"

struct arena;
struct conf;
struct redis;

struct origin {
	char ref[CASE_REF_MAX];
	struct ipaddr ip;
	bool has_ip;
	struct slice sender_domain;
	/* For a person of ours. */
	struct slice code, reply, class, reason, first_seen, last_seen, count;
};

/* ref as people write it. RES_SYNTAX: no reference; RES_MISSING: no such case;
 * RES_TIMEOUT, RES_DOWN ...: could not ask. Texts are owned by a. */
enum result origin_read(struct redis *r, const struct conf *conf,
	struct slice ref, struct arena *a, struct origin *out) MUST_USE;
