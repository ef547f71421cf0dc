/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/listcopy.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "store/blocklist.h"
#include "store/mirror.h"

enum { WAIT_MS = 60000, WHY_MAX = 1024 };

/* Reads all names, as a milter does when it starts. */
static enum result load(struct mirror *mirror, struct buf *why)
{
	struct mirror_status status;
	enum result res = mirror_start(mirror);

	if (res == RES_OK)
		res = mirror_wait_live(
			mirror, clock_mono_ms(clock_system()) + WAIT_MS);
	if (res == RES_OK)
		return RES_OK;
	mirror_read_status(mirror, &status);
	buf_add_text(why, status.error);
	return res;
}

enum ctl_exit listcopy_open(struct listcopy *copy, struct ctl *ctl)
{
	struct conf *conf = ctl->conf;
	enum ctl_exit code = ask_open(ctl, LINK_READ);
	struct buf why;

	*copy = (struct listcopy){ NULL, NULL };
	/* A mirror has patience; who asks has not. */
	if (code != CTL_DONE)
		return code;
	/* This process must leave no trace: no copy on disk, and the answer
	 * must be that of Redis now. Nobody else holds the snapshot. */
	conf->lists.snapshot[0] = '\0';
	if (conf->redis.timeout_ms < conf->redis.sync_timeout_ms)
		conf->redis.timeout_ms = conf->redis.sync_timeout_ms;
	buf_init(&why, WHY_MAX);
	enum result res = mirror_open(&copy->mirror, conf, clock_system());

	if (res == RES_OK) {
		mirror_observe(copy->mirror);
		res = blocklist_open(
			&copy->list, conf, copy->mirror, clock_system());
	}
	if (res == RES_OK)
		res = load(copy->mirror, &why);
	if (res != RES_OK)
		output_error(ctl->out, "cannot read the lists (%s): %s",
			result_name(res), buf_text(&why));
	buf_clear(&why);
	return res == RES_OK ? CTL_DONE : CTL_DOWN;
}

void listcopy_close(struct listcopy *copy)
{
	blocklist_close(copy->list);
	mirror_close(copy->mirror);
}
