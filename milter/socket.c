/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/socket.h"

#include "base/privileges.h"
#include "net/endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FILES_MAX = 64 }; /* it is one of the first that are opened */

static bool is_ours(uid_t owner, const struct identity *id)
{
	return owner == 0 || owner == geteuid() || owner == id->uid;
}

static enum result check_folder(
	const char *path, const struct identity *id, struct buf *why)
{
	const char *slash = strrchr(path, '/');
	char folder[ENDPOINT_PATH_MAX];
	struct stat st;
	size_t len;

	if (slash == NULL) {
		buf_add_format(why, "%s: not an absolute path", path);
		return RES_DENIED;
	}
	len = slash == path ? 1 : (size_t)(slash - path);
	snprintf(folder, sizeof(folder), "%.*s", (int)len, path);
	if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
		buf_add_format(why, "%s: no such folder", folder);
		return RES_MISSING;
	}
	/* A sticky folder such as /tmp still keeps others off our socket. */
	if (!is_ours(st.st_uid, id) ||
		((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0)) {
		buf_add_format(why,
			"%s: another user could replace the socket there",
			folder);
		return RES_DENIED;
	}
	return RES_OK;
}

/* Does somebody accept connections there? */
static bool is_answered(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	bool answered;
	int fd;

	if (len >= sizeof(sa.sun_path))
		return true;
	memcpy(sa.sun_path, path, len + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return true;
	/* Only "refused" proves that nobody is there; a full backlog says
	 * EAGAIN and belongs to a living server. */
	answered = connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0 ||
		(errno != ECONNREFUSED && errno != ENOENT);
	close(fd);
	return answered;
}

enum result socket_clear(
	const struct endpoint *e, const struct identity *id, struct buf *why)
{
	struct stat st;
	enum result res;

	if (e->kind != ENDPOINT_UNIX)
		return RES_OK;
	res = check_folder(e->path, id, why);
	if (res != RES_OK)
		return res;
	if (lstat(e->path, &st) != 0)
		return RES_OK;
	if (!S_ISSOCK(st.st_mode)) {
		buf_add_format(
			why, "%s: is there and is not a socket", e->path);
		return RES_TYPE;
	}
	if (!is_ours(st.st_uid, id)) {
		buf_add_format(why, "%s: belongs to another user", e->path);
		return RES_DENIED;
	}
	if (is_answered(e->path)) {
		buf_add_format(why, "%s: a server answers there", e->path);
		return RES_EXISTS;
	}
	if (unlink(e->path) != 0) {
		buf_add_format(why, "%s: %s", e->path, strerror(errno));
		return RES_DENIED;
	}
	return RES_OK;
}

/*
 * libmilter does not show its socket, so each of this process that listens is
 * looked at. What it accepts takes after it; of a unix socket nothing changes.
 */
static void hasten(void)
{
	struct rlimit files;
	const int on = 1;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > FILES_MAX)
		files.rlim_cur = FILES_MAX;
	for (int fd = 3; fd < (int)files.rlim_cur; fd++) {
		int is_listening = 0;
		socklen_t len = sizeof(is_listening);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening,
			    &len) == 0 &&
			is_listening != 0)
			(void)setsockopt(
				fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
}

enum result socket_fit(const struct endpoint *e, const struct identity *id,
	gid_t group, unsigned mode, struct buf *why)
{
	if (e->kind != ENDPOINT_UNIX) {
		hasten();
		return RES_OK;
	}
	/* Without milter.group a setgid folder has given it the MTA's. */
	if (lchown(e->path, id->change ? id->uid : (uid_t)-1, group) != 0 ||
		chmod(e->path, (mode_t)mode) != 0) {
		buf_add_format(why, "%s: %s", e->path, strerror(errno));
		return RES_DENIED;
	}
	return RES_OK;
}
