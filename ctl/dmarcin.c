/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dmarcin.h"

#include "base/log.h"
#include "conf/conf.h"
#include "ctl/reportxml.h"

#include <string.h>

static void keep_text(char out[DMARCIN_TEXT_MAX], struct slice text)
{
	struct slice cut = slice_part(text, 0, DMARCIN_TEXT_MAX - 1);

	if (cut.len > 0)
		memcpy(out, cut.at, cut.len);
	out[cut.len] = '\0';
}

static void tell(struct dmarcin_taken *out, const struct reportxml *r)
{
	const struct dmarcin_report *report = &r->report;
	size_t over = report->row_count > DMARCIN_ROWS_MAX
		? report->row_count - DMARCIN_ROWS_MAX
		: 0;

	keep_text(out->org, report->org);
	keep_text(out->id, report->id);
	memcpy(out->domain, report->domain, sizeof(out->domain));
	out->begin_s = report->begin_s;
	out->end_s = report->end_s;
	out->messages = dmarcin_messages(report);
	out->rows = report->row_count - over;
	out->bad_rows = r->bad_rows + over;
}

static void put(struct logline *l, const char *key, const char *value)
{
	if (value[0] != '\0')
		log_text(l, key, value);
}

/* One line, whatever came of it. */
static void note(
	struct slice filename, enum result res, const struct dmarcin_taken *t)
{
	struct logline l;

	log_start(&l, LOG_LEVEL_INFO, "dmarc-report");
	put(&l, "result", t->is_known ? "known" : result_name(res));
	put(&l, "org", t->org);
	put(&l, "id", t->id);
	put(&l, "domain", t->domain);
	if (!slice_is_empty(filename))
		log_slice(
			&l, "file", slice_part(filename, 0, DMARCIN_TEXT_MAX));
	if (t->domain[0] != '\0') {
		log_number(&l, "begin", t->begin_s);
		log_number(&l, "rows", (int64_t)t->rows);
		log_number(&l, "bad_rows", (int64_t)t->bad_rows);
		log_number(&l, "messages", (int64_t)t->messages);
	}
	log_send(&l);
}

/* Anybody can write about any domain: where ours are known, invented ones must
 * not take their room. */
static bool is_ours(const struct conf *conf, const char *domain)
{
	if (conf->portal.local_domain_count == 0)
		return true;
	for (size_t i = 0; i < conf->portal.local_domain_count; i++)
		if (hostname_is_within(slice_of(domain),
			    slice_of(conf->portal.local_domains[i])))
			return true;
	return false;
}

enum result dmarcin_take(struct redis *redis, const struct conf *conf,
	struct slice packed, struct slice filename, int64_t now_ms,
	struct dmarcin_taken *out)
{
	struct reportxml r;
	enum result res = reportxml_read(packed, conf->dmarc.report_max, &r);

	*out = (struct dmarcin_taken){ .rows = 0 };
	/* A child that had no time or no memory may have both another day; one
	 * that takes too long for this will always do so. */
	if (res == RES_TIMEOUT)
		res = RES_CORRUPT;
	if (res == RES_OK) {
		dmarcin_merge(&r.report);
		tell(out, &r);
		res = is_ours(conf, r.report.domain)
			? dmarcin_put(redis, conf, &r.report, now_ms)
			: RES_RANGE;
	}
	if (res == RES_EXISTS) {
		out->is_known = true;
		res = RES_OK;
	}
	note(filename, res, out);
	if (res != RES_OK)
		*out = (struct dmarcin_taken){ .rows = 0 };
	reportxml_clear(&r);
	return res;
}
