/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/confvalue - the values of one option: from text to struct.
 *
 * What a value may be is the row's business (conf/conftable). Threads: plain
 * functions.
 */
#pragma once

#include "base/buf.h"
#include "conf/conftable.h"

struct conf_rule;

/*
 * Sets the field of row inside base (the struct that row.base names) to the
 * values, freeing what was there. A list takes any number within the row's
 * range, all else exactly one. RES_SYNTAX: *why says what is wrong and the
 * field is as it was; RES_NOMEM.
 */
enum result confvalue_set(const struct conf_row *row, void *base,
	const struct slice *values, size_t count, struct buf *why) MUST_USE;

/* Frees what set has made. */
void confvalue_clear(const struct conf_row *row, void *base);

/* For conf/confdomain: "score 4", "reject"; *out is untouched on an error. */
enum result confvalue_rule(
	struct conf_rule *out, struct slice value, struct buf *why) MUST_USE;

/* For conf/conflist: the fault in words, RES_SYNTAX. */
enum result confvalue_wrong(
	struct buf *why, const char *what, struct slice value);
/* Why endpoint_parse took it not. Static. */
const char *confvalue_endpoint_fault(enum result res);
/* "4", "-1.5": at most three places, whatever the locale. False: no number. */
bool confvalue_decimal(struct slice v, int64_t *thousandths);
bool confvalue_is_printable(struct slice s);
/* With a NUL behind it, given; NULL: no memory. */
char *confvalue_copy(struct slice s);
