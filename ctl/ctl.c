/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "conf/conf.h"

struct slice ctl_prefix(const struct ctl *ctl)
{
	return slice_of(ctl->conf->redis.prefix);
}

int64_t ctl_now_s(void)
{
	return clock_wall_ms(clock_system()) / 1000;
}

void ctl_output_time(struct output *o, const char *key, int64_t wall_s)
{
	char text[CLOCK_TEXT_MAX];

	if (wall_s > 0)
		output_text(o, key,
			slice_of(clock_format_utc(wall_s * 1000, text)));
}

bool ctl_read_scope(
	struct ctl *ctl, const struct args *args, char scope[HOSTNAME_MAX])
{
	const char *text = args_text(args, "rcpt");
	size_t len = 0;

	scope[0] = '\0';
	if (text == NULL)
		return true;
	if (hostname_parse(slice_of(text), scope, &len) == RES_OK)
		return true;
	scope[0] = '\0';
	output_error(ctl->out, "--rcpt: \"%s\" is not a domain name", text);
	return false;
}
