/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fake_mta.h"

#include "reply/smtp.h"

#include <string.h>

enum { SAID_MAX = 256 * 1024 };

static bool fake_reply(void *at, const struct reply *r)
{
	struct fake_mta *f = at;

	if (f->refuses)
		return false;
	buf_add_format(
		&f->said, "reply %s %s %s\n", r->smtp, r->xcode, r->text);
	return true;
}

static bool fake_insert(void *at, const char *name, const char *value)
{
	struct fake_mta *f = at;

	if (f->refuses)
		return false;
	buf_add_format(&f->said, "insert %s:%s\n", name, value);
	return true;
}

static bool fake_delete(void *at, const char *name, int index)
{
	struct fake_mta *f = at;

	if (f->refuses)
		return false;
	buf_add_format(&f->said, "delete %s %d\n", name, index);
	return true;
}

static bool fake_quarantine(void *at, const char *reason)
{
	struct fake_mta *f = at;

	if (f->refuses)
		return false;
	buf_add_format(&f->said, "hold %s\n", reason);
	return true;
}

static struct slice fake_macro(void *at, const char *name)
{
	const struct fake_mta *f = at;

	return slice_of(strcmp(name, "i") == 0 ? f->queue_id : "");
}

void fake_mta_init(struct fake_mta *f)
{
	*f = (struct fake_mta){
		.mta = { fake_reply, fake_insert, fake_delete, fake_quarantine,
			fake_macro, f, false },
		.queue_id = "",
	};
	buf_init(&f->said, SAID_MAX);
}

void fake_mta_clear(struct fake_mta *f)
{
	buf_clear(&f->said);
}

void fake_mta_forget(struct fake_mta *f)
{
	buf_reset(&f->said);
}
