/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/snapshot: any octets are refused or read. An odd first octet: the rest
 * is a file as it is; even: the rest is contents, and the right checksum is
 * put behind it, so that the reader of records is reached. What was read is
 * saved and read as the same.
 */
#include "store/chainfile.h"
#include "store/snapshot.h"
#include "t/fuzz/target.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ENTRIES_MAX = 4096, SCOPES_MAX = 64, TRUST_MAX = 64 };

static int64_t still(void *ctx)
{
	(void)ctx;
	return INT64_C(1764000000000);
}

static const struct clock stopped = { still, still, NULL };

static void fill(int fd, const uint8_t *data, size_t size)
{
	struct chain *c;

	if ((data[0] & 1) != 0) {
		if (write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
			abort();
		return;
	}
	c = malloc(sizeof(*c));
	if (c == NULL)
		return;
	chain_write_init(c, fd);
	chain_put(c, data + 1, size - 1);
	if (chain_write_end(c) != RES_OK)
		abort();
	free(c);
}

static struct prefixes *load(const char *path, struct snapshot_load *l)
{
	struct prefixes *p;
	enum result res;

	memset(l, 0, sizeof(*l));
	l->prefix = slice_of("rp:");
	l->entries_max = ENTRIES_MAX;
	l->scopes_max = SCOPES_MAX;
	l->trust_max = TRUST_MAX;
	res = snapshot_load(path, l, &stopped, &p);
	target_promise((res == RES_OK) == (p != NULL), "a table or an error");
	target_promise(
		res == RES_OK || l->why[0] != '\0', "an error has its reason");
	return p;
}

static void save_again(const struct prefixes *p, const struct snapshot_load *l)
{
	char folder[] = "/tmp/reprieve.XXXXXX";
	char path[64];
	struct snapshot_load again;
	struct prefixes *q;

	if (mkdtemp(folder) == NULL)
		abort();
	(void)snprintf(path, sizeof(path), "%s/s", folder);
	if (snapshot_save(path, p, slice_of("rp:"), &l->facts, &stopped) !=
		RES_OK)
		abort();
	q = load(path, &again);
	unlink(path);
	rmdir(folder);
	target_promise(q != NULL, "what was saved is read");
	target_promise(prefixes_count(p) == prefixes_count(q) &&
			prefixes_count_v6(p) == prefixes_count_v6(q) &&
			prefixes_count_unknown(p) ==
				prefixes_count_unknown(q) &&
			prefixes_count_scopes(p) == prefixes_count_scopes(q),
		"what was saved is read as the same");
	target_promise(trustnames_count(l->facts.trust) ==
			trustnames_count(again.facts.trust),
		"and so is whom to trust");
	prefixes_free(q);
	trustnames_free(again.facts.trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot_load l;
	struct prefixes *p;
	char path[64];
	int fd;

	if (size == 0)
		return 0;
	fd = memfd_create("snapshot", MFD_CLOEXEC);
	if (fd < 0)
		abort();
	fill(fd, data, size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	p = load(path, &l);
	if (p != NULL)
		save_again(p, &l);
	prefixes_free(p);
	trustnames_free(l.facts.trust);
	close(fd);
	return 0;
}
