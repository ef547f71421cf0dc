/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailuser.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "conf/conf.h"
#include "store/account.h"
#include "store/subject.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_ARENA = 1 << 16 };

/* secret_load would make the file, as the user who is here by chance. */
static bool hash_name(
	struct ctl *ctl, struct slice name, char hash[SECRET_HASH_MAX])
{
	const char *path = ctl->conf->milter.secret_file;
	struct secret *secret = NULL;
	enum result res = RES_NOMEM;

	if (access(path, R_OK) != 0) {
		output_error(ctl->out,
			"%s cannot be read, which makes hashes of names: give "
			"the hash",
			path);
		return false;
	}
	secret = calloc(1, sizeof(*secret));
	if (secret != NULL) {
		secret_load(secret, path);
		res = secret->is_lonely ? RES_CORRUPT
					: account_hash(secret, name, hash);
	}
	free(secret);
	if (res != RES_OK)
		output_error(ctl->out, "%s: %s", path, result_name(res));
	return res == RES_OK;
}

bool mailuser_read(
	struct ctl *ctl, const char *text, char hash[SECRET_HASH_MAX])
{
	static const char head[] = "user:";
	struct slice name = slice_of(text);
	struct cidr net;
	char subject[SUBJECT_TEXT_MAX];

	if (slice_has_prefix(name, slice_of(head)))
		name = slice_part(name, sizeof(head) - 1, name.len);
	if (slice_is_empty(name) || name.len > ACCOUNT_NAME_MAX) {
		output_error(ctl->out, "\"%s\" is no account", text);
		return false;
	}
	if (subject_of_user(name, &net) != RES_OK)
		return hash_name(ctl, name, hash);
	memcpy(hash, subject_format(&net, subject) + sizeof(head) - 1,
		SECRET_HASH_MAX);
	return true;
}

/* Empty: not known. Owned by a. */
static struct slice find_name(
	struct ctl *ctl, const char *hash, struct arena *a)
{
	struct slice name = slice_of("");

	if (a == NULL || ctl->redis == NULL ||
		account_name(ctl->redis, ctl->conf, hash, a, &name) != RES_OK)
		return slice_of("");
	return name;
}

void mailuser_output(struct ctl *ctl, const struct cidr *net)
{
	char subject[SUBJECT_TEXT_MAX];
	struct arena *a = NULL;

	if (subject_of(net) != SUBJECT_USER)
		return;
	a = arena_new(NAME_ARENA);
	output_text(ctl->out, "account",
		find_name(
			ctl, strchr(subject_format(net, subject), ':') + 1, a));
	arena_free(a);
}

const char *mailuser_format(
	struct ctl *ctl, const char *hash, char out[MAILUSER_TEXT_MAX])
{
	struct arena *a = arena_new(NAME_ARENA);
	struct slice name = find_name(ctl, hash, a);

	if (slice_is_empty(name))
		snprintf(out, MAILUSER_TEXT_MAX, "%s", hash);
	else
		snprintf(out, MAILUSER_TEXT_MAX, "%.*s (%s)", SLICE_ARG(name),
			hash);
	arena_free(a);
	return out;
}
