/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/conftable - every section and option of the file, one row each.
 *
 * The only place where an option is described: reader, printer, defaults and
 * the test that compares the man page all walk this table. Threads: plain
 * constant data.
 */
#pragma once

#include "base/slice.h"

enum conf_kind {
	CONF_KIND_TEXT = 1, /* char *, printable, no blanks */
	CONF_KIND_TITLE, /* char *, for people to read: no controls */
	CONF_KIND_USER, /* char *, a user or group */
	CONF_KIND_HOST, /* char *, folded; "" where min is 0 */
	CONF_KIND_SELECTOR, /* char *, folded, or ""; labels below a domain */
	CONF_KIND_URL, /* char *, http or https */
	CONF_KIND_PATH, /* char *, absolute or "" */
	CONF_KIND_PREFIX, /* char *, of Redis keys */
	CONF_KIND_SECRET, /* char *, never printed */
	CONF_KIND_CHOICE, /* char *, one of row.choices */
	CONF_KIND_ENDPOINT, /* struct endpoint */
	CONF_KIND_ENDPOINTS, /* struct endpoint *, count */
	CONF_KIND_NETWORKS, /* struct conf_networks */
	CONF_KIND_NAMES, /* char **, count; local parts, lower case */
	CONF_KIND_DOMAINS, /* char **, count; folded */
	CONF_KIND_LINES, /* char **, count; printable, with blanks */
	CONF_KIND_SERVERS, /* char **, count; "ADDRESS@PORT" of DNS servers */
	CONF_KIND_NUMBER, /* unsigned */
	CONF_KIND_OCTAL, /* unsigned */
	CONF_KIND_SIZE, /* size_t */
	CONF_KIND_DECIMAL, /* double, three places */
	CONF_KIND_SWITCH, /* bool */
	CONF_KIND_MODE, /* enum conf_mode */
	CONF_KIND_FAILURE, /* enum conf_failure */
	CONF_KIND_RULE /* struct conf_rule */
};

enum conf_base {
	CONF_IN_CONF = 0, /* offsets count from struct conf */
	CONF_IN_CHECK, /* struct conf_check */
	CONF_IN_DOMAIN, /* struct conf_domain */
	CONF_IN_ZONE /* struct conf_zone */
};

struct conf_section {
	const char *name; /* "" is the top of the file */
	bool is_titled;
	enum conf_base base;
	const char *help;
};

struct conf_row {
	const char *section;
	const char *name;
	enum conf_kind kind;
	int64_t min; /* numbers; octets of a text */
	int64_t max;
	const char
		*value; /* default; elements of a list by blanks; NULL: none */
	size_t offset;
	size_t extra; /* offset of the count of a list */
	enum conf_base base;
	bool is_required;
	const char *const *choices;
	const char *help;
};

extern const struct conf_section conf_sections[];
extern const size_t conf_section_count;
extern const struct conf_row conf_rows[];
extern const size_t conf_row_count;

/* What redis.servers means when neither it nor sentinel is there. */
extern const char conf_redis_server_default[];

const struct conf_section *conf_section_find(struct slice name);
/* NULL: there is none. */
const struct conf_row *conf_row_find(struct slice section, struct slice name);
bool conf_row_is_list(const struct conf_row *row);
/* The field is a char * of its own. */
bool conf_row_is_text(const struct conf_row *row);

/* The nearest option of that section, or section at the top (a typing error
 * of at most two letters), or NULL. */
const char *conf_row_nearest(struct slice section, struct slice name);
/* The section, not this one, that has an option of that name, or NULL. */
const char *conf_row_elsewhere(struct slice section, struct slice name);
