/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/marks.h"

#include "auth/authres.h"
#include "base/log.h"
#include "judge/fields.h"
#include "judge/mta.h"

static void complain(const struct marks *m, const char *name, const char *what)
{
	log_message(LOG_LEVEL_ERROR, "header", "session %s: %s could not be %s",
		m->session, name, what);
}

static bool delete_one(const struct marks *m, const char *name, unsigned index)
{
	return m->mta->delete_header(m->mta->at, name, (int)index);
}

void marks_remove_results(const struct marks *m, const struct fields *f)
{
	bool ok = true;

	if (!m->may_delete)
		return;
	for (size_t i = f->forged.count; i > 0; i--)
		ok = delete_one(m, authres_name, f->forged.at[i - 1]) && ok;
	if (!ok)
		complain(m, authres_name, "removed");
}

void marks_remove_all(const struct marks *m, const char *name, unsigned count)
{
	bool ok = true;

	if (!m->may_delete)
		return;
	for (unsigned i = count; i > 0; i--)
		ok = delete_one(m, name, i) && ok;
	if (!ok)
		complain(m, name, "removed");
}

void marks_insert(const struct marks *m, const char *name, enum result res,
	const struct buf *value)
{
	if (!m->may_insert)
		return;
	if (res != RES_OK ||
		!m->mta->insert_header(m->mta->at, name,
			buf_text(value) + (m->mta->drops_blank ? 1 : 0)))
		complain(m, name, "added");
}
