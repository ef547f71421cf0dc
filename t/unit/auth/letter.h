/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/auth/letter - a message as text, taken apart as the session does it.
 */
#pragma once

#include "fact/message.h"

enum { LETTER_FIELDS_MAX = 600 };

struct letter {
	char *text; /* its own copy */
	struct message message;
	struct slice body;
	struct field field[LETTER_FIELDS_MAX];
};

/* text has CRLF lines; what follows the first empty one is the body. */
struct letter *letter_new(struct slice text);
/* The same from a file below t/data. */
struct letter *letter_load(const char *name);
void letter_free(struct letter *l);
