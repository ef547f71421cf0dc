/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/stamps.h"

#include "auth/arcseal.h"
#include "auth/arcset.h"
#include "auth/authres.h"
#include "auth/receivedspf.h"
#include "base/log.h"
#include "conf/conf.h"
#include "judge/fields.h"
#include "mail/trace.h"
#include "reply/stamp.h"

enum { STAMP_MAX = 900 };

struct slice stamps_authserv_id(const struct conf *conf)
{
	return slice_of(conf->auth.authserv_id[0] != '\0'
			? conf->auth.authserv_id
			: conf->host);
}

static void insert_slice(
	const struct marks *m, const char *name, struct slice value)
{
	struct buf text;

	buf_init(&text, value.len + 1);
	buf_add(&text, value);
	marks_insert(m, name, buf_result(&text), &text);
	buf_clear(&text);
}

/* results: the value of our Authentication-Results. */
static void seal(
	const struct stamps *in, const struct marks *m, struct slice results)
{
	const struct arcseal_input input = { .message = &in->fields->message,
		.arc = &in->auth->arc,
		.results = results,
		.wall_s = in->wall_s };
	struct arcseal_set set;
	enum result res;

	if (in->sealed == NULL)
		return;
	res = arcseal_make(in->seal, &input, in->sealed, in->arena, &set);
	if (res != RES_OK || set.skipped != NULL) {
		log_message(LOG_LEVEL_NOTICE, "seal",
			"session %s: not sealed, %s", m->session,
			res != RES_OK ? result_name(res) : set.skipped);
		return;
	}
	insert_slice(m, arcset_results_name, set.results);
	insert_slice(m, arcset_message_name, set.message);
	insert_slice(m, arcset_seal_name, set.seal);
}

static void add_received_spf(
	const struct authres_input *in, const struct marks *m)
{
	enum result res;
	struct buf value;

	buf_init(&value, RECEIVEDSPF_MAX);
	res = receivedspf_format(in, &value);
	/* Empty: SPF was not evaluated. */
	if (res != RES_OK || value.len > 0)
		marks_insert(m, receivedspf_name, res, &value);
	buf_clear(&value);
}

static void add_results(const struct stamps *in, const struct marks *m)
{
	const struct authres_input input = { .authserv_id = stamps_authserv_id(
						     in->conf),
		.auth = in->auth,
		.ip = &in->conn->ip,
		.envelope = in->envelope };
	enum result res;
	struct buf value;

	if (in->conf->auth.received_spf)
		add_received_spf(&input, m);
	buf_init(&value, AUTHRES_MAX);
	res = authres_format(&input, &value);
	if (res == RES_OK)
		seal(in, m, buf_slice(&value));
	marks_insert(m, authres_name, res, &value);
	buf_clear(&value);
}

/* The last one inserted stands on top. */
void stamps_add(const struct stamps *in, const struct marks *m)
{
	const struct stamp_input stamp = { .verdict = in->verdict,
		.host = slice_of(in->conf->host),
		.ref = in->ref,
		.unchecked = in->verdict->unchecked };
	struct buf value;

	marks_remove_results(m, in->fields);
	marks_remove_all(m, stamp_name, in->fields->message.own_header_count);
	if (!m->may_insert)
		return;
	if (in->trace->len > 0)
		marks_insert(m, trace_name, RES_OK, in->trace);
	buf_init(&value, STAMP_MAX);
	marks_insert(m, stamp_name, stamp_format(&stamp, &value), &value);
	buf_clear(&value);
	if (in->conf->auth.enabled)
		add_results(in, m);
}
