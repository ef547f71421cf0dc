/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/resinfo - reads an Authentication-Results value back, by the grammar
 * of RFC 8601 s2.2 and nothing else.
 *
 * Only printable ASCII and folds of LF HT, no line over 998 octets, comments
 * and quotes that end.
 */
#pragma once

#include <stddef.h>

/* NULL: well-formed; otherwise what is wrong. *count: how many resinfo. */
const char *resinfo_fault(const char *value, size_t *count);

/* Only the octets, folds and lengths of lines. */
const char *resinfo_line_fault(const char *value);
