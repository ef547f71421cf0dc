/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/privileges.h"

#include "net/endpoint.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum result find_group(
	const char *group, struct identity *out, struct buf *why)
{
	const struct group *gr;

	out->socket_gid = (gid_t)-1;
	if (group[0] == '\0')
		return RES_OK;
	gr = getgrnam(group);
	if (gr == NULL) {
		buf_add_format(why, "milter.group: no such group: %s", group);
		return RES_MISSING;
	}
	out->socket_gid = gr->gr_gid;
	return RES_OK;
}

enum result privileges_find(const char *user, const char *group,
	struct identity *out, struct buf *why)
{
	const struct passwd *pw;
	enum result res;

	*out = (struct identity){ .uid = geteuid(), .gid = getegid() };
	res = find_group(group, out, why);
	if (res != RES_OK)
		return res;
	if (user[0] == '\0') {
		if (geteuid() != 0)
			return RES_OK;
		buf_add_text(why,
			"milter.user is not set, and we do not "
			"serve as root");
		return RES_DENIED;
	}
	pw = getpwnam(user);
	if (geteuid() != 0) {
		if (pw == NULL || pw->pw_uid != geteuid())
			buf_add_format(why,
				"not started as root: cannot become %s", user);
		return RES_OK;
	}
	if (pw == NULL) {
		buf_add_format(why, "milter.user: no such user: %s", user);
		return RES_MISSING;
	}
	snprintf(out->user, sizeof(out->user), "%s", user);
	out->change = true;
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	if (out->uid != 0)
		return RES_OK;
	buf_add_text(why, "milter.user is root, and we do not serve as root");
	return RES_DENIED;
}

enum result privileges_drop(const struct identity *id)
{
	if (!id->change)
		return RES_OK;
	if (initgroups(id->user, id->gid) != 0 || setgid(id->gid) != 0 ||
		setuid(id->uid) != 0)
		return RES_DENIED;
	/* It must not come back. */
	if (id->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return RES_DENIED;
	return RES_OK;
}

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

enum result privileges_clear_path(
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

enum result privileges_fit_path(const struct endpoint *e,
	const struct identity *id, unsigned mode, struct buf *why)
{
	if (e->kind != ENDPOINT_UNIX)
		return RES_OK;
	/* Without milter.group a setgid folder has given it the MTA's. */
	if (lchown(e->path, id->change ? id->uid : (uid_t)-1, id->socket_gid) !=
			0 ||
		chmod(e->path, (mode_t)mode) != 0) {
		buf_add_format(why, "%s: %s", e->path, strerror(errno));
		return RES_DENIED;
	}
	return RES_OK;
}
