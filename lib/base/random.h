/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/random - octets nobody can guess, from the kernel (getrandom(2)).
 * Threads: any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fills out; never fails (it ends the process if the kernel has none). */
void random_fill(void *out, size_t len);
uint64_t random_u64(void);
