/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/portal/stage - a site that has begun, with lists and a DNS of its own,
 * and one case in Redis.
 *
 * Threads: one.
 */
#pragma once

#include "unit/portal/site.h"

struct dns_server;

/* 80 zero bits and their check character. */
#define STAGE_REF "00000000000000000"
#define STAGE_CASE "rp:case:" STAGE_REF

struct stage {
	struct site site;
	struct dns_server *dns;
};

/* more: as site_open. */
void stage_open(struct stage *s, const char *more);
void stage_close(struct stage *s);

/* One field of the case. */
void stage_case(struct stage *s, const char *field, const char *value);
/* A case of 192.0.2.7, refused for BLOCKED_SELF. */
void stage_blocked(struct stage *s);
/* Puts the address on the list, and waits until the site knows; or the other
 * way. */
void stage_list(struct stage *s, const char *ip);
void stage_clear(struct stage *s, const char *ip);

/* Asks for the page of a form, waits as people do, and sends the form there
 * with these fields behind its own. */
const char *stage_post(struct stage *s, const char *page, const char *target,
	const char *fields);
