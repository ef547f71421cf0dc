/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/mailuser - the local account that a command is about: by its name, or by
 * its hash (store/account). Threads: one.
 */
#pragma once

#include "ctl/ctl.h"
#include "net/cidr.h"
#include "store/secret.h"

/*
 * "joe@example.org", its hash, either with "user:" in front. A name needs
 * milter.secret_file. False: said why.
 */
bool mailuser_read(
	struct ctl *ctl, const char *text, char hash[SECRET_HASH_MAX]) MUST_USE;

/*
 * Its name as the field "account", where it is known; net: of store/subject,
 * anything else is left alone. Asks ctl->redis.
 */
void mailuser_output(struct ctl *ctl, const struct cidr *net);

/* "joe@example.org (00112233445566ff)", or the hash alone. Asks ctl->redis;
 * for output_say, which makes it harmless. */
enum { MAILUSER_TEXT_MAX = 400 };
const char *mailuser_format(
	struct ctl *ctl, const char *hash, char out[MAILUSER_TEXT_MAX]);
