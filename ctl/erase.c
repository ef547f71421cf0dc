/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/erase.h"

#include "net/cidr.h"
#include "store/delist.h"
#include "store/edit.h"
#include "store/fbl.h"
#include "store/report.h"
#include "store/ticket.h"

#include <stdio.h>

enum { ITEMS = 32, ITEM_NAME_MAX = 8 };

/* KEYS: what is deleted, audit. ARGV: ID, who, why. */
#define LUA_BEGIN                                                    \
	"local id = ARGV[1]\n"                                       \
	"if redis.call('DEL', KEYS[1]) == 0 then\n"                  \
	"  return 'missing'\n"                                       \
	"end\n"                                                      \
	"redis.call('XADD', KEYS[2], 'MAXLEN', '~', " EDIT_AUDIT_MAX \
	", '*', 'who', ARGV[2], 'what',\n"                           \
	"  'forget', 'key', KEYS[1], 'before', '',\n"                \
	"  'after', '', 'why', ARGV[3])\n"

static const char case_text[] = LUA_BEGIN "return 'ok'\n";

/* Further KEYS: list of them, the two of its network. */
static const char request_text[] =
	LUA_BEGIN "redis.call('ZREM', KEYS[3], id)\n"
		  "for i = 4, 5 do\n"
		  "  if redis.call('TYPE', KEYS[i]).ok == 'hash' and\n"
		  "    redis.call('HGET', KEYS[i], 'rid') == id then\n"
		  "    redis.call('DEL', KEYS[i])\n"
		  "  end\n"
		  "end\n"
		  "return 'ok'\n";

/* Further KEYS: its log, both lists, what leads to it. */
static const char ticket_text[] =
	LUA_BEGIN "redis.call('DEL', KEYS[3])\n"
		  "redis.call('ZREM', KEYS[4], id)\n"
		  "redis.call('ZREM', KEYS[5], id)\n"
		  "for i = 6, 7 do\n"
		  "  if redis.call('TYPE', KEYS[i]).ok == 'string' and\n"
		  "    redis.call('GET', KEYS[i]) == id then\n"
		  "    redis.call('DEL', KEYS[i])\n"
		  "  end\n"
		  "end\n"
		  "return 'ok'\n";

/* Further KEYS: all of them, those to be looked at, who is told of its subject,
 * what the set of a mailbox begins with. */
static const char fbl_text[] =
	"local hash = redis.call('HGET', KEYS[1], 'hash') or ''\n" LUA_BEGIN
	"redis.call('ZREM', KEYS[3], id)\n"
	"redis.call('ZREM', KEYS[4], id)\n"
	"if redis.call('GET', KEYS[5]) == id then\n"
	"  redis.call('DEL', KEYS[5])\n"
	"end\n"
	"redis.call('SREM', KEYS[6] .. hash, id)\n"
	"return 'ok'\n";

/* Further KEYS: all of them. */
static const char report_text[] = LUA_BEGIN "redis.call('ZREM', KEYS[3], id)\n"
					    "return 'ok'\n";

/* KEYS: those that wait to be learnt, originals. ARGV: ID, number of the first.
 */
static const char items_text[] =
	"for i = 2, #KEYS do\n"
	"  redis.call('DEL', KEYS[i])\n"
	"  redis.call('ZREM', KEYS[1], ARGV[1] .. ':' ..\n"
	"    string.format('%.0f', ARGV[2] + i - 2))\n"
	"end\n"
	"return 'ok'\n";

static void begin(
	struct edit *e, struct ctl *ctl, const char *fixed, struct slice id)
{
	edit_begin(e, ctl->redis, ctl->conf);
	edit_key(e, fixed, id, "");
	edit_key(e, "audit", slice_of(""), "");
}

static enum result run(struct edit *e, struct ctl *ctl, struct slice id,
	const char *why, const char *script)
{
	enum result res;

	edit_text(e, id);
	edit_text(e, slice_of(ctl->who));
	edit_text(e, slice_of(why));
	res = edit_run(e, script);
	edit_end(e);
	return res;
}

enum result erase_request(
	struct ctl *ctl, const struct delist_request *q, const char *why)
{
	const struct cidr net = cidr_of_client(&q->ip);
	char text[CIDR_TEXT_MAX];
	struct edit e;

	(void)cidr_format(&net, text);
	begin(&e, ctl, "delist:", slice_of(q->rid));
	edit_key(&e, "delist:requests", slice_of(""), "");
	edit_key(&e, "delist:open:", slice_of(text), "");
	edit_key(&e, "delist:open:", slice_of(text), ":ref");
	return run(&e, ctl, slice_of(q->rid), why, request_text);
}

enum result erase_ticket(
	struct ctl *ctl, const struct ticket *t, const char *why)
{
	struct edit e;

	begin(&e, ctl, "ticket:", slice_of(t->id));
	edit_key(&e, "ticket:", slice_of(t->id), ":log");
	edit_key(&e, "ticket:open", slice_of(""), "");
	edit_key(&e, "ticket:all", slice_of(""), "");
	edit_key(&e, "ticket:of:", t->rid, "");
	edit_key(&e, "ticket:of:", t->ref, "");
	return run(&e, ctl, slice_of(t->id), why, ticket_text);
}

enum result erase_fbl(struct ctl *ctl, const struct fbl *f, const char *why)
{
	char subject[FBL_SUBJECT_MAX];
	struct edit e;

	begin(&e, ctl, "fbl:", slice_of(f->id));
	edit_key(&e, "fbl:all", slice_of(""), "");
	edit_key(&e, "fbl:checks", slice_of(""), "");
	edit_key(&e,
		"fbl:of:", slice_of(fbl_subject_format(&f->subject, subject)),
		"");
	edit_key(&e, "fbl:mail:", slice_of(""), "");
	return run(&e, ctl, slice_of(f->id), why, fbl_text);
}

static enum result erase_items(
	struct ctl *ctl, const struct report *p, size_t from)
{
	char name[ITEM_NAME_MAX];
	struct edit e;
	enum result res;

	edit_begin(&e, ctl->redis, ctl->conf);
	edit_key(&e, "report:train", slice_of(""), "");
	for (size_t i = from; i < p->count && i < from + ITEMS; i++) {
		snprintf(name, sizeof(name), ":%u", (unsigned)i);
		edit_key(&e, "report:", slice_of(p->id), name);
	}
	edit_text(&e, slice_of(p->id));
	edit_number(&e, (int64_t)from);
	res = edit_run(&e, items_text);
	edit_end(&e);
	return res;
}

enum result erase_report(
	struct ctl *ctl, const struct report *p, const char *why)
{
	enum result res = RES_OK;
	struct edit e;

	for (size_t i = 0; res == RES_OK && i < p->count; i += ITEMS)
		res = erase_items(ctl, p, i);
	if (res != RES_OK)
		return res;
	begin(&e, ctl, "report:", slice_of(p->id));
	edit_key(&e, "report:all", slice_of(""), "");
	return run(&e, ctl, slice_of(p->id), why, report_text);
}

enum result erase_case(struct ctl *ctl, const char *ref, const char *why)
{
	struct edit e;

	begin(&e, ctl, "case:", slice_of(ref));
	return run(&e, ctl, slice_of(ref), why, case_text);
}
