/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/arf.h"

const char *arf_type_name(enum arf_type t)
{
	(void)t;
	return "";
}

enum result arf_parse(struct slice text, struct arf *out)
{
	(void)text;
	(void)out;
	return RES_DOWN;
}

enum result arf_format(const struct arf *a, struct buf *out)
{
	(void)a;
	(void)out;
	return RES_DOWN;
}
