/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/secret.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "base/log.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SECRET_LEN = 32,
	SECRET_MIN = 16,
	ADDRESS_CUT = 320,
	SIGNED_MAX = 65536
};

static enum result read_secret(struct secret *s, const char *path)
{
	struct buf file;
	enum result res;

	buf_init(&file, SECRET_MAX);
	res = file_read(path, &file);
	if (res == RES_OK && file.len < SECRET_MIN)
		res = RES_CORRUPT;
	if (res == RES_OK) {
		memcpy(s->octet, file.at, file.len);
		s->len = file.len;
	}
	buf_clear(&file);
	return res;
}

static bool write_whole(int fd, struct slice data)
{
	return file_write_all(fd, data) == RES_OK && fsync(fd) == 0;
}

/* Written aside, then linked: of two programs that start together one wins,
 * and neither reads half a secret. RES_EXISTS: the other one won. */
static enum result create_secret(const char *path)
{
	uint8_t secret[SECRET_LEN];
	enum result res = RES_DENIED;
	struct buf aside;
	int fd;

	buf_init(&aside, 4096);
	buf_add_format(&aside, "%s.tmp.XXXXXX", path);
	if (buf_result(&aside) != RES_OK)
		goto done;
	fd = mkostemp(aside.at, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		goto done;
	random_fill(secret, sizeof(secret));
	if (write_whole(fd, slice_make(secret, sizeof(secret)))) {
		if (link(aside.at, path) == 0)
			res = RES_OK;
		else if (errno == EEXIST)
			res = RES_EXISTS;
	}
	close(fd);
	unlink(aside.at);
done:
	buf_clear(&aside);
	return res;
}

void secret_load(struct secret *out, const char *path)
{
	enum result res = RES_MISSING;

	out->is_lonely = false;
	if (path[0] != '\0') {
		res = read_secret(out, path);
		if (res == RES_MISSING) {
			res = create_secret(path);
			if (res == RES_OK || res == RES_EXISTS)
				res = read_secret(out, path);
		}
	}
	if (res == RES_OK)
		return;
	random_fill(out->octet, SECRET_LEN);
	out->len = SECRET_LEN;
	out->is_lonely = true;
	log_message(LOG_LEVEL_WARNING, "secret",
		"%s: %s; hashes of addresses use a key of this process only",
		path[0] != '\0' ? path : "no secret_file", result_name(res));
}

enum result secret_hash(
	const struct secret *s, struct slice address, char out[SECRET_HASH_MAX])
{
	uint8_t digest[SHA256_LEN];
	char folded[ADDRESS_CUT];
	size_t len =
		address.len < sizeof(folded) ? address.len : sizeof(folded);
	enum result res;

	for (size_t i = 0; i < len; i++) {
		char c = address.at[i];

		folded[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	res = hmac_sha256(
		slice_make(s->octet, s->len), slice_make(folded, len), digest);
	if (res != RES_OK)
		return res;
	hex_format(digest, SECRET_HASH_OCTETS, out);
	return RES_OK;
}

enum result secret_sign(const struct secret *s, const char *purpose,
	struct slice text, uint8_t out[32])
{
	struct buf whole;
	enum result res;

	buf_init(&whole, SIGNED_MAX);
	buf_add_text(&whole, purpose);
	buf_add_char(&whole, '\0');
	buf_add(&whole, text);
	res = buf_result(&whole);
	if (res == RES_OK)
		res = hmac_sha256(
			slice_make(s->octet, s->len), buf_slice(&whole), out);
	buf_clear(&whole);
	return res;
}
