/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confdomain - what the sections of recipient domains come to.
 *
 * Inside lib/conf only, but for the functions that conf/conf.h declares.
 * Threads: one owner.
 */
#pragma once

#include "conf/conf.h"

struct confload;

/*
 * Reads the rules of each domain, fills in what it has not said, and numbers
 * the policies. What is wrong is noted in l. To be called once, when all
 * checks are there and the domains are sorted. RES_NOMEM.
 */
enum result confdomain_finish(struct confload *l, struct conf *c) MUST_USE;

/* Has the section a word that counts? */
bool confdomain_has_words(const struct conf_domain *d);
/* Frees what finish has made. */
void confdomain_clear(struct conf_domain *d);
