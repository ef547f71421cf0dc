/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confdefault - snapshots and their parts before a file says a word.
 *
 * Inside lib/conf only. The values come from conf/conftable. Threads: one
 * owner.
 */
#pragma once

#include "conf/conf.h"

/* With one reference, every default set, the built-in checks there. */
enum result confdefault_conf(struct conf **out) MUST_USE;

/* A check or domain of that name, new or there already; *index in the list
 * of the snapshot. A new check does nothing on any answer. */
enum result confdefault_check(
	struct conf *c, const char *name, size_t *index) MUST_USE;
enum result confdefault_domain(
	struct conf *c, const char *name, size_t *index) MUST_USE;
/* The same of a DNS list; a new one has its defaults. */
enum result confdefault_zone(
	struct conf *c, const char *name, size_t *index) MUST_USE;

/* Is it a check that this version has? */
bool confdefault_has_check(const char *name);
/* Can that check have that result; has it results at all, not hit and miss? */
bool confdefault_has_result(const char *name, enum conf_result result);
bool confdefault_has_results(const char *name);
