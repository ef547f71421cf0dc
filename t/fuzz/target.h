/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz/target - what each fuzz target is, and how it says that a promise of
 * the code was broken.
 *
 * The same program is fuzzed by libFuzzer (configure --enable-fuzz) and, by
 * "make check", fed the kept inputs (replay.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process with the name of the promise unless it was kept. */
void target_promise(bool kept, const char *promise);
