/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/requestids.h"

#include "ctl/ask.h"
#include "store/keys.h"

enum ctl_exit requestids_read(struct ctl *ctl, struct buf *out)
{
	struct redis_reply reply;
	struct buf key;

	buf_init(&key, LIST_NAME_MAX);
	keys_format(&key, ctl_prefix(ctl), "delist:requests", slice_of(""));
	const struct slice argv[] = { slice_of("ZREVRANGE"), buf_slice(&key),
		slice_of("0"), slice_of("-1") };
	enum ctl_exit code = ask_command(ctl, argv, 4, &reply);

	buf_clear(&key);
	for (size_t i = 0; code == CTL_DONE && i < reply.count; i++) {
		buf_add(out, redis_element(&reply, i).text);
		buf_add_char(out, '\n');
	}
	return code;
}
