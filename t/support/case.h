/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/case - one named case of a table, for cmocka.
 *
 *     static void reads(void **state) { const struct row *row = *state; ... }
 *     CASE("a dotted quad is read", reads, &(struct row){ ... })
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The state is only read by the tests; cmocka's type has no const. */
#define CASE(text, function, row)                         \
	{                                                 \
		.name = (text), .test_func = (function),  \
		.initial_state = (void *)(uintptr_t)(row) \
	}
