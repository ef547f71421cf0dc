/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/ruling - what the configuration says about one finding.
 *
 * The rule of its check and word: that of the recipient's domain where its
 * section has one, else that of the file. "Could not tell" never refuses for
 * good: a rule that says reject for it works as tempfail. For the check
 * "blocked" it means lists.on_redis_error unless the check's own rule says
 * something. Pure. Threads: any.
 */
#pragma once

#include "conf/conf.h"
#include "fact/finding.h"

enum { RULING_ADVISORY_MAX = 16 };

/* Checks whose "could not tell" counts for nothing now, by name. */
struct ruling_advisory {
	size_t count;
	const char *check[RULING_ADVISORY_MAX];
};

/* What findings are judged by; all borrowed. */
struct ruling_scope {
	const struct conf *conf;
	const struct conf_domain
		*domain; /* of the recipient; NULL: no section */
	const struct ruling_advisory *advisory; /* NULL: none is */
};

struct ruling {
	struct conf_rule rule; /* its score: times the factor of the finding */
	bool is_shadow; /* the check or this finding: never enforced */
	bool is_advisory; /* could not tell, and that counts for nothing now */
	bool is_of_domain; /* the section of the domain says other than the file
			    */
};

struct ruling ruling_of(
	const struct ruling_scope *scope, const struct finding *f);

/* Is it of our own lists, which have no words but hit, miss and unknown? */
bool ruling_is_of_lists(const struct finding *f);
