/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heur/headerwords - do encoded words (RFC 2047) hide what they say?
 *
 * Part of heur/headers. Word: encoded_word. Threads: as their session.
 */
#pragma once

#include "heur/headernote.h"

void headerwords_run(struct headernote *n);
