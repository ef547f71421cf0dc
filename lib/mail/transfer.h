/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/transfer - base64 and quoted-printable as mail really has them
 * (RFC 2045 s6.7, s6.8, RFC 2047 s4).
 *
 * What does not belong there is passed over, as readers of mail do; *broken
 * counts it. The result is never longer than the text, and may be written over
 * it. Threads: plain data.
 */
#pragma once

#include "base/slice.h"

/* Blanks are no fault. Digits after padding begin anew, as where two texts
 * were put together. */
size_t transfer_base64(char *to, struct slice text, size_t *broken);

/* Soft line ends are undone, blanks before a line end dropped. */
size_t transfer_quoted(char *to, struct slice text, size_t *broken);

/* The Q encoding of a header: "_" is a blank. */
size_t transfer_q(char *to, struct slice text, size_t *broken);
