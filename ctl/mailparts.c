/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailparts.h"

enum result mailparts_read(struct slice message, struct mailparts *out)
{
	(void)message;
	(void)out;
	return RES_DOWN;
}

void mailparts_clear(struct mailparts *p)
{
	(void)p;
}
