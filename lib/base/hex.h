/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/hex - octets as hexadecimal digits (RFC 4648 s8), in lower case.
 * Threads: any.
 */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two digits for each of count octets, and a NUL, into out. */
void hex_format(const uint8_t *octets, size_t count, char *out);

/* What a digit of either case stands for; -1: none. */
int hex_value(char c);

/* The octet of the two digits at the front of text. False: there are not two,
 * and *octet is as it was. */
bool hex_read(struct slice text, char *octet);
