/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dmarcparts.h"

#include "base/deflate.h"
#include "conf/conf.h"
#include "ctl/dmarcxml.h"

#include <stdlib.h>

static enum result write_xml(struct dmarcparts_one *p,
	const struct aggregate_rows *rows, size_t from, size_t count)
{
	const struct conf *conf = p->letter.conf;
	struct dmarcxml_report report = {
		.org_name = dmarcletter_org(conf),
		.contact = slice_of(conf->dmarc.contact),
		.id = p->id,
		.begin_s = p->letter.begin_s,
		.end_s = p->letter.end_s,
		.domain = slice_of(p->letter.domain),
		.record = rows->record,
		.more = p->letter.part <= 1 ? rows->more : 0,
		.row = rows->row + from,
		.count = count,
	};
	struct buf room;
	enum result res;

	buf_init(&room, 320);
	report.email = slice_of(dmarcletter_email(conf, &room));
	res = dmarcxml_write(&report, &p->xml, NULL);
	buf_clear(&room);
	return res;
}

static enum result make_one(struct dmarcparts_one *p,
	const struct aggregate_rows *rows, size_t from, size_t count)
{
	size_t size_max = p->letter.conf->dmarc.size_max;
	enum result res = dmarcletter_id(&p->letter, p->id);

	buf_init(&p->xml, DMARCPARTS_XML_MAX);
	buf_init(&p->packed, size_max);
	if (res == RES_OK)
		res = write_xml(p, rows, from, count);
	if (res == RES_OK)
		res = deflate_gzip(buf_slice(&p->xml), &p->packed);
	if (res == RES_OK && dmarcletter_size(p->packed.len) > size_max)
		res = RES_TOOBIG;
	return res;
}

static enum result make(const struct dmarcletter *letter,
	const struct aggregate_rows *rows, size_t pieces,
	struct dmarcparts *out)
{
	enum result res = RES_OK;

	out->part = calloc(pieces, sizeof(out->part[0]));
	if (out->part == NULL)
		return RES_NOMEM;
	for (size_t i = 0; res == RES_OK && i < pieces; i++) {
		size_t from = rows->count * i / pieces;
		struct dmarcparts_one *p = &out->part[out->count++];

		p->letter = *letter;
		p->letter.part = pieces == 1 ? 0 : (unsigned)i + 1;
		res = make_one(
			p, rows, from, rows->count * (i + 1) / pieces - from);
	}
	if (res != RES_OK)
		dmarcparts_clear(out);
	return res;
}

enum result dmarcparts_make(const struct dmarcletter *letter,
	const struct aggregate_rows *rows, struct dmarcparts *out)
{
	enum result res = RES_TOOBIG;

	*out = (struct dmarcparts){ .count = 0 };
	for (size_t pieces = 1; res == RES_TOOBIG && pieces <= DMARCPARTS_MAX &&
		(pieces == 1 || pieces <= rows->count);
		pieces *= 2)
		res = make(letter, rows, pieces, out);
	return res;
}

void dmarcparts_clear(struct dmarcparts *p)
{
	for (size_t i = 0; i < p->count; i++) {
		buf_clear(&p->part[i].xml);
		buf_clear(&p->part[i].packed);
	}
	free(p->part);
	*p = (struct dmarcparts){ .count = 0 };
}
