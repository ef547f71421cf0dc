/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/hex - octets as hexadecimal digits (RFC 4648 s8), in lower case.
 * Threads: any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Two digits for each of count octets, and a NUL, into out. */
void hex_format(const uint8_t *octets, size_t count, char *out);

/* What a digit of either case stands for; -1: none. */
int hex_value(char c);
