/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conftrap.h"

#include "mail/mailbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fold(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

static int compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

enum result conftrap_build(struct conf_listing *l, const char **bad)
{
	char mailbox[MAILBOX_TEXT_MAX];

	for (size_t i = 0; i < l->trap_count; i++) {
		char *folded;

		*bad = l->traps[i];
		if (mailbox_parse(slice_of(l->traps[i]), mailbox) != RES_OK)
			return RES_SYNTAX;
		fold(mailbox);
		folded = strdup(mailbox);
		if (folded == NULL)
			return RES_NOMEM;
		free(l->traps[i]);
		l->traps[i] = folded;
	}
	if (l->trap_count > 1)
		qsort(l->traps, l->trap_count, sizeof(l->traps[0]), compare);
	return RES_OK;
}

bool conftrap_has(
	const struct conf_listing *l, struct slice local, struct slice domain)
{
	char mailbox[MAILBOX_TEXT_MAX];
	const char *key = mailbox;
	int len;

	if (l->trap_count == 0 || local.len + domain.len + 1 >= sizeof(mailbox))
		return false;
	len = snprintf(mailbox, sizeof(mailbox), "%.*s@%.*s", SLICE_ARG(local),
		SLICE_ARG(domain));
	if (len < 0)
		return false;
	fold(mailbox);
	return bsearch(&key, l->traps, l->trap_count, sizeof(l->traps[0]),
		       compare) != NULL;
}
