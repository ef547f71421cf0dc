/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum result privileges_find_group(
	const char *group, const char *setting, gid_t *out, struct buf *why)
{
	const struct group *gr;

	*out = (gid_t)-1;
	if (group[0] == '\0')
		return RES_OK;
	gr = getgrnam(group);
	if (gr == NULL) {
		buf_add_format(why, "%s: no such group: %s", setting, group);
		return RES_MISSING;
	}
	*out = gr->gr_gid;
	return RES_OK;
}

/* We are not root and stay who we are; is that who user is? */
static void compare(const char *user, struct buf *why)
{
	const struct passwd *pw;

	if (user[0] == '\0')
		return;
	pw = getpwnam(user);
	if (pw == NULL || pw->pw_uid != geteuid())
		buf_add_format(
			why, "not started as root: cannot become %s", user);
}

enum result privileges_find(const char *user, const char *setting,
	struct identity *out, struct buf *why)
{
	const struct passwd *pw;

	*out = (struct identity){
		.uid = geteuid(), .gid = getegid(), .user = user
	};
	if (geteuid() != 0) {
		compare(user, why);
		return RES_OK;
	}
	if (user[0] == '\0') {
		buf_add_format(why,
			"%s is not set, and we do not serve as root", setting);
		return RES_DENIED;
	}
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL) {
		buf_add_format(why, "%s: no such user: %s%s%s", setting, user,
			errno == 0 ? "" : ": ",
			errno == 0 ? "" : strerror(errno));
		return RES_MISSING;
	}
	out->change = true;
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	if (out->uid != 0)
		return RES_OK;
	buf_add_format(why, "%s is root, and we do not serve as root", setting);
	return RES_DENIED;
}

enum result privileges_drop(const struct identity *id, struct buf *why)
{
	if (!id->change)
		return RES_OK;
	if (initgroups(id->user, id->gid) != 0 || setgid(id->gid) != 0 ||
		setuid(id->uid) != 0) {
		buf_add_format(
			why, "cannot become %s: %s", id->user, strerror(errno));
		return RES_DENIED;
	}
	/* It must not come back. */
	if (geteuid() == 0 || setuid(0) == 0 || seteuid(0) == 0) {
		buf_add_format(
			why, "cannot become %s: this is still root", id->user);
		return RES_DENIED;
	}
	return RES_OK;
}
