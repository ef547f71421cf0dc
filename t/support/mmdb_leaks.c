/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/mmdb_leaks - libmaxminddb keeps some octets of a file whose metadata
 * break off in the middle. The milter tries a file once for each time that it
 * changes, so that is little; and it is no leak of ours.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libmaxminddb";
}
