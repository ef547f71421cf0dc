/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/report.h"

const char *report_kind_name(enum report_kind k)
{
	(void)k;
	return "";
}

bool report_kind_parse(struct slice word, enum report_kind *out)
{
	(void)word;
	(void)out;
	return false;
}

const char *report_form_name(enum report_form f)
{
	(void)f;
	return "";
}

const char *report_proof_name(enum report_proof p)
{
	(void)p;
	return "";
}

const char *report_effect_name(enum report_effect e)
{
	(void)e;
	return "";
}

enum result report_file(struct redis *r, const struct conf *conf,
	const struct secret *s, int64_t now_ms, const struct report_filing *f,
	struct report_filed *out)
{
	(void)r;
	(void)conf;
	(void)s;
	(void)now_ms;
	(void)f;
	(void)out;
	return RES_DOWN;
}

const char *report_state_name(enum report_state s)
{
	(void)s;
	return "";
}

enum result report_read(struct redis *r, const struct conf *conf,
	struct slice id, bool with_messages, struct arena *a,
	struct report *out)
{
	(void)r;
	(void)conf;
	(void)id;
	(void)with_messages;
	(void)a;
	(void)out;
	return RES_DOWN;
}

enum result report_list(struct redis *r, const struct conf *conf,
	const struct report_listing *how)
{
	(void)r;
	(void)conf;
	(void)how;
	return RES_DOWN;
}

enum result report_close(struct redis *r, const struct conf *conf,
	struct slice id, int64_t now_ms, struct slice who)
{
	(void)r;
	(void)conf;
	(void)id;
	(void)now_ms;
	(void)who;
	return RES_DOWN;
}

enum result report_pending(struct redis *r, const struct conf *conf,
	size_t most, void (*each)(void *ctx, const struct report_waiting *w),
	void *ctx)
{
	(void)r;
	(void)conf;
	(void)most;
	(void)each;
	(void)ctx;
	return RES_DOWN;
}

enum result report_taken(struct redis *r, const struct conf *conf,
	struct slice id, unsigned number)
{
	(void)r;
	(void)conf;
	(void)id;
	(void)number;
	return RES_DOWN;
}

enum result complaint_list(struct redis *r, const struct conf *conf,
	int64_t now_ms, unsigned days, size_t most,
	void (*each)(void *ctx, const struct complaint *c), void *ctx)
{
	(void)r;
	(void)conf;
	(void)now_ms;
	(void)days;
	(void)most;
	(void)each;
	(void)ctx;
	return RES_DOWN;
}

enum result complaint_user(struct redis *r, const struct conf *conf,
	const char *account, int64_t now_ms, unsigned *reporters)
{
	(void)r;
	(void)conf;
	(void)account;
	(void)now_ms;
	(void)reporters;
	return RES_DOWN;
}
