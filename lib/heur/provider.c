/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/provider.h"

enum { DOMAINS_MAX = 8, HOSTS_MAX = 4 };

struct provider {
	const char *domains[DOMAINS_MAX]; /* of mailboxes, and of hosts too */
	const char *hosts[HOSTS_MAX]; /* of hosts only */
};

static const struct provider providers[] = {
	{ { "gmail.com", "googlemail.com" }, { "google.com" } },
	{ { "hotmail.com", "outlook.com", "live.com", "msn.com" },
		{ "microsoft.com" } },
	{ { "yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "aim.com",
		  "netscape.net" },
		{ "yahoodns.net", "netscape.com" } },
	{ { "icloud.com", "me.com", "mac.com" }, { "apple.com" } },
	{ { "gmx.net", "gmx.de", "gmx.com", "gmx.at", "gmx.ch", "web.de",
		  "mail.com", "email.com" },
		{ "kundenserver.de", "iname.com", "iname.net",
			"outblaze.com" } },
	{ { "mail.ru", "bk.ru", "inbox.ru", "list.ru" }, { NULL } },
	{ { "yandex.ru", "yandex.com", "ya.ru" }, { "yandex.net" } },
	{ { "qq.com", "foxmail.com" }, { NULL } },
	{ { "163.com", "126.com", "yeah.net" }, { "netease.com" } },
	{ { "proton.me", "protonmail.com", "protonmail.ch", "pm.me" },
		{ NULL } },
	{ { "zoho.com", "zohomail.com" }, { NULL } },
	{ { "lycos.com" }, { NULL } },
	{ { "excite.com" }, { NULL } },
	{ { "juno.com", "netzero.net", "netzero.com" }, { "untd.com" } },
	{ { "earthlink.net", "mindspring.com" }, { NULL } },
	{ { "usa.net" }, { NULL } },
};

/* Is it that name, or one below it? */
static bool is_below(struct slice host, const char *name)
{
	struct slice end = slice_of(name);
	struct slice tail;

	if (host.len < end.len)
		return false;
	tail = slice_part(host, host.len - end.len, end.len);
	return slice_is_equal_nocase(tail, end) &&
		(host.len == end.len || host.at[host.len - end.len - 1] == '.');
}

const struct provider *provider_find(struct slice domain)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		for (size_t k = 0; k < DOMAINS_MAX; k++)
			if (slice_is_equal_nocase(domain,
				    slice_of(providers[i].domains[k])) &&
				domain.len > 0)
				return &providers[i];
	return NULL;
}

bool provider_has(const struct provider *p, struct slice host)
{
	for (size_t i = 0; i < DOMAINS_MAX && p->domains[i] != NULL; i++)
		if (is_below(host, p->domains[i]))
			return true;
	for (size_t i = 0; i < HOSTS_MAX && p->hosts[i] != NULL; i++)
		if (is_below(host, p->hosts[i]))
			return true;
	return false;
}
