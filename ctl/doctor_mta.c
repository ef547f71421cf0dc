/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"
#include "ctl/doctor.h"
#include "ctl/postfix.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUPS_MAX = 64 };

struct person {
	uid_t uid;
	gid_t group[GROUPS_MAX];
	int groups;
};

static bool person_find(const char *name, struct person *out)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL)
		return false;
	out->uid = pw->pw_uid;
	out->groups = GROUPS_MAX;
	return getgrouplist(name, pw->pw_gid, out->group, &out->groups) >= 0;
}

/* bits: of the class "others", e.g. 01 to pass through a folder. */
static bool person_may(
	const struct person *p, const struct stat *st, mode_t bits)
{
	if (st->st_uid == p->uid)
		return (st->st_mode >> 6 & bits) == bits;
	for (int i = 0; i < p->groups; i++)
		if (p->group[i] == st->st_gid)
			return (st->st_mode >> 3 & bits) == bits;
	return (st->st_mode & bits) == bits;
}

/* The first part of path that is closed to p, in out; false: none. */
static bool find_closed(
	const struct person *p, const char *path, char *out, size_t size)
{
	struct stat st;

	for (size_t i = 1; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		snprintf(out, size, "%.*s", (int)i, path);
		if (stat(out, &st) != 0 || !person_may(p, &st, 01))
			return true;
	}
	snprintf(out, size, "%s", path);
	return stat(path, &st) != 0 || !person_may(p, &st, 02);
}

/* Sendmail's smtpd talks to milters as root; Postfix's as its own user. */
static void look_at_rights(struct doctor *d)
{
	const struct endpoint *ours = &d->ctl->conf->milter.socket;
	const struct endpoint *e = postfix_socket(ours);
	char closed[ENDPOINT_PATH_MAX];
	struct person postfix;

	/* That there is no socket was noted already. */
	if (e->kind != ENDPOINT_UNIX || access(e->path, F_OK) != 0 ||
		!person_find("postfix", &postfix))
		return;
	if (find_closed(&postfix, e->path, closed, sizeof(closed)))
		doctor_note(d, DOCTOR_FAIL, "socket",
			e == ours ? "set milter.group = \"postfix\" and "
				    "milter.socket_mode = \"0660\", and open "
				    "the folder to that group"
				  : "see SocketGroup=, SocketMode= and "
				    "DirectoryMode= of reprieve-milter.socket",
			"the user postfix may not use %s", closed);
	else
		doctor_note(d, DOCTOR_OK, "socket", NULL,
			"the user postfix may use %s", e->path);
}

static void look_at_postfix(struct doctor *d)
{
	const struct endpoint *ours = &d->ctl->conf->milter.socket;
	const struct endpoint *e = postfix_socket(ours);
	struct postfix_settings set;
	char socket[ENDPOINT_TEXT_MAX];

	postfix_read(&set);
	if (!set.is_there) {
		doctor_note(
			d, DOCTOR_OK, "postfix", NULL, "not on this machine");
		return;
	}
	endpoint_format_postfix(e, set.queue_directory, socket);
	if (postfix_names(set.smtpd_milters, socket))
		doctor_note(d, DOCTOR_OK, "postfix", NULL,
			"smtpd_milters names %s", socket);
	else
		doctor_note(d, DOCTOR_WARN, "postfix",
			e == ours
				? "\"reprievectl mta-config postfix\" has the "
				  "lines"
				: "\"reprievectl mta-config postfix\" has the "
				  "lines; if ListenStream= of "
				  "reprieve-milter.socket was changed, name that",
			"smtpd_milters (\"%s\") does not name %s",
			set.smtpd_milters, socket);
	if (strcmp(set.default_action, "tempfail") == 0)
		doctor_note(d, DOCTOR_OK, "postfix", NULL,
			"milter_default_action = tempfail");
	else
		doctor_note(d, DOCTOR_WARN, "postfix",
			"set milter_default_action = tempfail",
			"milter_default_action = %s%s", set.default_action,
			strcmp(set.default_action, "accept") == 0
				? ": mail passes unfiltered while the milter "
				  "is away"
				: "");
}

void doctor_mta(struct doctor *d)
{
	look_at_rights(d);
	look_at_postfix(d);
}
