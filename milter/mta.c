/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/mta.h"

#include "reply/smtp.h"

#include <libmilter/mfapi.h>

#include <stdint.h>
#include <stdio.h>

/* libmilter takes char * for text that it only reads. */
static char *writable(const char *text)
{
	return (char *)(uintptr_t)text;
}

static bool mta_reply(void *at, const struct reply *r)
{
	return smfi_setreply(at, writable(r->smtp), writable(r->xcode),
		       writable(r->text)) == MI_SUCCESS;
}

static bool mta_insert_header(void *at, const char *name, const char *value)
{
	/* Index 0: above the MTA's own Received, in both MTAs. */
	return smfi_insheader(at, 0, writable(name), writable(value)) ==
		MI_SUCCESS;
}

static bool mta_delete_header(void *at, const char *name, int index)
{
	return smfi_chgheader(at, writable(name), index, NULL) == MI_SUCCESS;
}

static bool mta_quarantine(void *at, const char *reason)
{
	return smfi_quarantine(at, writable(reason)) == MI_SUCCESS;
}

static struct slice mta_macro(void *at, const char *name)
{
	return slice_of(smfi_getsymval(at, writable(name)));
}

void mta_init(struct mta *m, void *at, bool drops_blank)
{
	*m = (struct mta){
		.reply = mta_reply,
		.insert_header = mta_insert_header,
		.delete_header = mta_delete_header,
		.quarantine = mta_quarantine,
		.macro = mta_macro,
		.at = at,
		.drops_blank = drops_blank,
	};
}
