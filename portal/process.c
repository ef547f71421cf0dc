/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/process.h"

#include "base/buf.h"
#include "base/log.h"
#include "conf/conf.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void process_log(const struct conf *conf)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{ "error", LOG_LEVEL_ERROR },
		{ "warning", LOG_LEVEL_WARNING },
		{ "notice", LOG_LEVEL_NOTICE },
		{ "info", LOG_LEVEL_INFO },
		{ "debug", LOG_LEVEL_DEBUG },
	};
	struct log_options options = {
		.ident = "reprieve-portal",
		.target = strcmp(conf->log.target, "stderr") == 0
			? LOG_TO_STDERR
			: LOG_TO_SYSLOG,
		.level = LOG_LEVEL_INFO,
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(conf->log.level, levels[i].name) == 0)
			options.level = levels[i].level;
	log_open(&options);
}

enum result process_drop(const char *user, struct buf *why)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return RES_OK;
	if (user[0] == '\0') {
		buf_add_text(why,
			"portal.user is not set, and we do not serve as root");
		return RES_DENIED;
	}
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL) {
		buf_add_format(why, "user %s: %s", user,
			errno == 0 ? "there is no such user" : strerror(errno));
		return RES_MISSING;
	}
	if (initgroups(pw->pw_name, pw->pw_gid) != 0 ||
		setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0) {
		buf_add_format(why, "user %s: %s", user, strerror(errno));
		return RES_DENIED;
	}
	/* Root under another name, or root that can be had back. */
	if (geteuid() == 0 || setuid(0) == 0) {
		buf_add_format(why, "user %s: this is still root", user);
		return RES_DENIED;
	}
	return RES_OK;
}

void process_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len = path == NULL ? 0 : strlen(path);
	socklen_t sa_len;
	int fd;

	if (len == 0 || len >= sizeof(sa.sun_path))
		return;
	memcpy(sa.sun_path, path, len);
	/* '@' stands for the NUL of Linux' abstract names. */
	if (sa.sun_path[0] == '@')
		sa.sun_path[0] = '\0';
	sa_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		(const struct sockaddr *)&sa, sa_len);
	close(fd);
}
