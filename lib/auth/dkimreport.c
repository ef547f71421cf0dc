/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dkimreport.h"

#include "base/arena.h"
#include "base/buf.h"

enum { LINE_MAX_LEN = 900 /* of evidence */ };

/* What it says of the message. RFC 6376 s3.6.1: a key on trial says no more by
 * failing than no signature does. */
static enum auth_result result_of(const struct dkim_fact *f)
{
	return f->is_testing && f->result == AUTH_FAIL ? AUTH_NEUTRAL
						       : f->result;
}

/* How much that is, when none passes. */
static unsigned weight(const struct dkim_fact *f)
{
	static const unsigned weights[] = {
		[AUTH_PASS] = 6,
		[AUTH_TEMPERROR] = 5,
		[AUTH_FAIL] = 4,
		[AUTH_POLICY] = 3,
		[AUTH_PERMERROR] = 2,
		[AUTH_NEUTRAL] = 1,
	};

	return weights[result_of(f)];
}

static void describe(struct buf *line, const struct dkim_fact *f)
{
	if (line->len > 0)
		buf_add_text(line, "; ");
	if (!slice_is_empty(f->domain))
		buf_add_format(line, "d=%.*s ", SLICE_ARG(f->domain));
	if (!slice_is_empty(f->selector))
		buf_add_format(line, "s=%.*s ", SLICE_ARG(f->selector));
	buf_add_format(line, "%s%s", auth_result_name(f->result),
		f->is_testing ? " (testing)" : "");
	if (!slice_is_empty(f->reason))
		buf_add_format(line, ": %.*s", SLICE_ARG(f->reason));
}

void dkimreport_write(const struct check_input *in, struct findings *out,
	const struct dkim_fact *facts, size_t count, size_t ignored)
{
	struct finding *f = findings_add(out, "dkim");
	const struct dkim_fact *telling = NULL;
	enum auth_result result;
	struct buf line;

	in->auth->dkim = facts;
	in->auth->dkim_count = (unsigned)count;
	in->auth->dkim_ignored = (unsigned)ignored;
	in->auth->dkim_is_known = true;
	buf_init(&line, LINE_MAX_LEN);
	for (size_t i = 0; i < count; i++) {
		if (telling == NULL || weight(&facts[i]) > weight(telling))
			telling = &facts[i];
		describe(&line, &facts[i]);
	}
	if (count == 0)
		buf_add_text(&line, "no signature");
	if (ignored > 0)
		buf_add_format(&line, "; %zu more", ignored);
	result = telling == NULL ? AUTH_NONE : result_of(telling);
	f->detail = auth_result_name(result);
	f->outcome = auth_result_outcome(result);
	if (telling != NULL)
		f->subject = telling->domain;
	if (arena_copy(in->arena, buf_slice(&line), &f->evidence) != RES_OK)
		f->evidence = slice_of("no memory");
	buf_clear(&line);
}
