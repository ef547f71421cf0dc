/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web/form - the fields of a form, or of a query, and nothing else.
 *
 * Reads application/x-www-form-urlencoded (WHATWG URL s5.1) strictly: a field
 * twice, a broken percent sign, a NUL, text that is not UTF-8, or more fields
 * or octets than asked for make the whole form unreadable; nothing is guessed.
 * CR LF and CR become LF; other controls but HT are refused. Threads: any.
 */
#pragma once

#include "base/slice.h"

struct arena;

enum { FORM_FIELDS_MAX = 32, FORM_NAME_MAX = 32 };

struct form_field {
	struct slice name; /* lower-case letters, digits, _ and - */
	struct slice value; /* decoded */
};

struct form {
	struct form_field field[FORM_FIELDS_MAX];
	size_t count;
};

struct form_limits {
	size_t value_max; /* octets of one decoded value */
	bool is_multiline; /* LF is allowed within a value */
};

/*
 * Values are owned by a. RES_SYNTAX: see above; RES_EXISTS: a field twice;
 * RES_TOOBIG: too many fields, or a value past value_max; RES_NOMEM. *out is
 * empty then.
 */
enum result form_parse(struct form *out, struct slice text,
	const struct form_limits *limits, struct arena *a) MUST_USE;

/* Could a field have this name? */
bool form_is_name(struct slice name);

/* One more field, its value as it is meant (web/multipart): the same rules and
 * results. On an error f is as it was. */
enum result form_add(struct form *f, struct slice name, struct slice value,
	const struct form_limits *limits, struct arena *a) MUST_USE;

/* Empty when it is not there. */
struct slice form_value(const struct form *f, const char *name);
bool form_has(const struct form *f, const char *name);
