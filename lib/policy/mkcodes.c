/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkcodes - checks the table of codes and prints reprieve-codes(7) from it.
 *
 * Run by the build. Exit 1, with "NAME: rule" on standard error for each rule
 * that a row breaks. The table is the file that CODES_FILE names, so that a
 * test can hand in bad ones. Knows no library of ours: it runs before them.
 */
#include "policy/code.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct code_row rows[] = {
#define CODE(name, smtp, xcode, stage, text, cause, remedy) \
	{ #name, smtp, xcode, stage, text, cause, remedy },
#include CODES_FILE
#undef CODE
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static size_t digits(const char *at)
{
	size_t n = 0;

	while (isdigit((unsigned char)at[n]))
		n++;
	return n;
}

static bool is_smtp(const struct code_row *r)
{
	/* RFC 5321 s4.2: only refusals stand in this table. */
	return strlen(r->smtp) == 3 && digits(r->smtp) == 3 &&
		(r->smtp[0] == '4' || r->smtp[0] == '5');
}

/* RFC 3463 s2: class "." subject "." detail, the latter 1 to 3 digits. */
static bool is_xcode(const struct code_row *r)
{
	const char *at = r->xcode;

	if (digits(at) != 1 || at[1] != '.')
		return false;
	at += 2;
	for (int part = 0; part < 2; part++) {
		size_t n = digits(at);

		if (n < 1 || n > 3 || at[n] != (part == 0 ? '.' : '\0'))
			return false;
		at += n + 1;
	}
	return true;
}

/* RFC 2034 s4: the class digit must be that of the reply. */
static bool is_one_class(const struct code_row *r)
{
	return r->smtp[0] == r->xcode[0];
}

static bool is_plain(const struct code_row *r)
{
	for (const char *at = r->text; *at != '\0'; at++)
		if (*at < 0x20 || *at > 0x7e)
			return false;
	return r->text[0] != '\0';
}

/* A lone '%' costs Sendmail the whole text. */
static bool is_without_percent(const struct code_row *r)
{
	return strchr(r->text, '%') == NULL;
}

static bool has_url(const struct code_row *r)
{
	return strstr(r->text, "{url}") != NULL;
}

/* Nothing may be glued to the URL, and no other field may follow it. */
static bool is_url_last_field(const struct code_row *r)
{
	const char *at = strstr(r->text, "{url}");

	if (at == NULL)
		return true;
	at += strlen("{url}");
	return (*at == '\0' || *at == ' ') && strchr(at, '{') == NULL;
}

/* What reply/smtp fills in, and how much that is at most. */
struct widths {
	size_t url;
	size_t domain;
};

/* The length of the field that begins here, 0 when none does; *width is what
 * it may grow to. */
static size_t field_width(const char *at, const struct widths *w, size_t *width)
{
	const struct {
		const char *name;
		size_t width;
	} fields[] = {
		{ "{ip}", CODE_IP_MAX },
		{ "{url}", w->url + CODE_PAGE_MAX },
		{ "{domain}", w->domain },
		{ "{limit}", CODE_LIMIT_MAX },
		{ "{time}", CODE_TIME_MAX },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t len = strlen(fields[i].name);

		if (strncmp(at, fields[i].name, len) != 0)
			continue;
		*width = fields[i].width;
		return len;
	}
	return 0;
}

static bool has_known_fields(const struct code_row *r)
{
	static const struct widths none;
	const char *at = r->text;

	while ((at = strpbrk(at, "{}")) != NULL) {
		size_t width, len = field_width(at, &none, &width);

		if (len == 0)
			return false;
		at += len;
	}
	return true;
}

static bool is_free_of_prefix(const struct code_row *r)
{
	static const char *const prefixed[] = { "550", "553", "450" };

	if (r->stage != CODE_AT_ENVELOPE)
		return true;
	for (size_t i = 0; i < 3; i++)
		if (strcmp(r->smtp, prefixed[i]) == 0)
			return false;
	return true;
}

/* RFC 3463 s3.8: "useful only as a permanent error". */
static bool is_permanent(const struct code_row *r)
{
	return strcmp(r->xcode, "4.7.1") != 0;
}

/* Before the end of the message no check has a domain to name. */
static bool has_domain_at_end(const struct code_row *r)
{
	return r->stage == CODE_AT_END || strstr(r->text, "{domain}") == NULL;
}

static size_t longest(const struct code_row *r, size_t url, size_t domain)
{
	const struct widths w = { url, domain };
	size_t len = 0;

	for (const char *at = r->text; *at != '\0';) {
		size_t width = 1;
		size_t field = field_width(at, &w, &width);

		len += width;
		at += field > 0 ? field : 1;
	}
	return len;
}

static bool is_short(const struct code_row *r)
{
	return longest(r, CODE_URL_MAX, CODE_DOMAIN_MAX) <= CODE_TEXT_MAX;
}

static bool is_short_behind_prefix(const struct code_row *r)
{
	return longest(r, CODE_URL_USUAL, strlen(CODE_DOMAIN_UNKNOWN)) <=
		CODE_TEXT_MAX - CODE_PREFIX_MAX;
}

static bool has_cause(const struct code_row *r)
{
	return r->cause[0] != '\0';
}

static bool has_remedy(const struct code_row *r)
{
	return r->remedy[0] != '\0';
}

static bool is_unique(const struct code_row *r)
{
	for (const struct code_row *other = rows; other < r; other++)
		if (strcmp(other->name, r->name) == 0)
			return false;
	return true;
}

static const struct rule {
	bool (*holds)(const struct code_row *r);
	const char *text;
} rules[] = {
	{ is_smtp, "the reply code is not 4xx or 5xx" },
	{ is_xcode, "the enhanced code is not d.d{1,3}.d{1,3}" },
	{ is_one_class, "reply and enhanced code are of two classes" },
	{ is_permanent, "X.7.1 is for a permanent refusal only" },
	{ has_domain_at_end, "{domain} is known at the end only" },
	{ is_plain, "the text is empty or not printable ASCII" },
	{ is_without_percent, "the text holds a '%'" },
	{ has_url, "the text has no {url}" },
	{ is_url_last_field, "{url} is glued to text or a field follows it" },
	{ has_known_fields, "the text has a field that nobody fills in" },
	{ is_free_of_prefix,
		"550, 553 and 450 get the address in front at MAIL and RCPT" },
	{ is_short, "the longest line is over 512 octets" },
	{ is_short_behind_prefix,
		"the usual line is over 512 octets behind an address" },
	{ has_cause, "the cause is empty" },
	{ has_remedy, "the remedy is empty" },
	{ is_unique, "the name is taken" },
};

static bool check(void)
{
	bool good = true;

	for (size_t i = 0; i < ROWS; i++)
		for (size_t k = 0; k < sizeof(rules) / sizeof(rules[0]); k++)
			if (!rules[k].holds(&rows[i])) {
				fprintf(stderr, "%s: %s\n", rows[i].name,
					rules[k].text);
				good = false;
			}
	return good;
}

/* Does a sentence end here? */
static bool is_end(const char *at)
{
	return at[0] == '.' && at[1] == ' ' && isupper((unsigned char)at[2]);
}

/* Lines of mdoc, one a sentence: no leading dot or quote, backslashes told
 * apart. */
static void print_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
		if (is_end(text)) {
			putchar('\n');
			text++;
		}
	}
	putchar('\n');
}

static void print_row(const struct code_row *r)
{
	printf(".It Sy %s\n", r->name);
	printf(".Dl %s %s\n", r->smtp, r->xcode);
	puts(r->stage == CODE_AT_ENVELOPE ? "Given at RCPT."
					  : "Given at the end of the message.");
	puts("The reply reads:");
	puts(".Bd -ragged -offset indent -compact");
	print_text(r->text);
	puts(".Ed");
	puts(".Em Cause .");
	print_text(r->cause);
	puts(".Em What to do .");
	print_text(r->remedy);
}

static void print_manual(void)
{
	puts(".\\\" SPDX-License-Identifier: BSD-2-Clause\n"
	     ".\\\" Made from lib/policy/codes.def by mkcodes.\n"
	     ".Dd November 22, 2026\n"
	     ".Dt REPRIEVE-CODES 7\n"
	     ".Os\n"
	     ".Sh NAME\n"
	     ".Nm reprieve-codes\n"
	     ".Nd what a refused sender is told, and what helps\n"
	     ".Sh DESCRIPTION\n"
	     "Every refusal of\n"
	     ".Xr reprieve-milter 8\n"
	     "is one line: the SMTP reply code, the enhanced status code of\n"
	     "RFC 3463, and a text that ends in the address of a page.\n"
	     "The last part of that address is the reference of the case;\n"
	     "the log, the header field\n"
	     ".Li X-Reprieve\n"
	     "and\n"
	     ".Xr reprievectl 8\n"
	     ".Cm explain\n"
	     "show the same reference.\n"
	     ".Pp\n"
	     "In the texts below,\n"
	     ".Li {ip}\n"
	     "is the address of the client,\n"
	     ".Li {url}\n"
	     "is the page of the case,\n"
	     ".Li {domain}\n"
	     "is the domain that the check was about, or\n"
	     ".Dq the author's domain\n"
	     "when it cannot be named,\n"
	     ".Li {limit}\n"
	     "is the limit that is used up, such as\n"
	     ".Dq 500 messages an hour ,\n"
	     "and\n"
	     ".Li {time}\n"
	     "is when to try again, in UTC: hours and minutes, with the date\n"
	     "when that is more than 12 hours away.\n"
	     "Each name is what the log shows as\n"
	     ".Li code= .\n"
	     ".Sh CODES\n"
	     ".Bl -tag -width Ds");
	for (size_t i = 0; i < ROWS; i++)
		print_row(&rows[i]);
	puts(".El\n"
	     ".Sh SEE ALSO\n"
	     ".Xr reprieve.conf 5 ,\n"
	     ".Xr reprieve-redis 7 ,\n"
	     ".Xr reprieve-milter 8 ,\n"
	     ".Xr reprievectl 8\n"
	     ".Sh STANDARDS\n"
	     "RFC 5321 (SMTP), RFC 2034 and RFC 3463 (enhanced status codes),\n"
	     "RFC 7372 (those of authentication), RFC 7208 (SPF),\n"
	     "RFC 6376 (DKIM), RFC 8617 (ARC), RFC 9989 (DMARC).");
}

int main(int argc, char **argv)
{
	if (!check())
		return 1;
	if (argc == 2 && strcmp(argv[1], "man") == 0)
		print_manual();
	return fflush(stdout) == 0 ? 0 : 1;
}
