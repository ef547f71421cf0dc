/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/resinfo.h"

#include <stdbool.h>
#include <string.h>

enum { LINE_MAX_OCTETS = 998 };

const char *resinfo_line_fault(const char *value)
{
	size_t line = sizeof("Authentication-Results:") - 1;

	for (; *value != '\0'; value++, line++) {
		if (line > LINE_MAX_OCTETS)
			return "a line is too long";
		if (*value == '\n') {
			line = 0;
			if (value[1] != '\t' || value[2] == '\0' ||
				value[2] == '\n')
				return "a line break is no fold";
		} else if (*value == '\t') {
			if (value[-1] != '\n')
				return "a tab outside of folds";
		} else if (*value < ' ' || *value > '~') {
			return "an octet that is not printable";
		}
	}
	return NULL;
}

/* Behind blanks and comments; NULL: a comment does not end. */
static const char *skip(const char *at)
{
	int depth = 0;

	for (; *at != '\0'; at++) {
		if (*at == '(')
			depth++;
		else if (*at == ')' && --depth < 0)
			return NULL;
		else if (*at == ')')
			continue;
		else if (depth == 0 && strchr(" \n\t", *at) == NULL)
			break;
	}
	return depth == 0 ? at : NULL;
}

static bool is_token_octet(char c)
{
	return c > ' ' && c <= '~' && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static const char *token(const char *at)
{
	const char *from = at;

	while (is_token_octet(*at))
		at++;
	return at == from ? NULL : at;
}

static const char *quoted(const char *at)
{
	for (at++; *at != '"'; at++)
		if (*at == '\0' || *at == '\\')
			return NULL;
	return at + 1;
}

/* value / [[local-part] "@"] domain-name */
static const char *pvalue(const char *at)
{
	const char *end;

	if (*at == '"')
		return quoted(at);
	end = *at == '@' ? at : token(at);
	if (end != NULL && *end == '@')
		end = token(end + 1);
	return end;
}

static const char *literal(const char *at, char c)
{
	return *at == c ? at + 1 : NULL;
}

/* name "=" value, with or without a property. */
static const char *pair(const char *at, bool has_property)
{
	at = token(at);
	if (at == NULL || (at = literal(at, '=')) == NULL)
		return NULL;
	return has_property ? pvalue(at) : *at == '"' ? quoted(at) : token(at);
}

static bool begins(const char *at, const char *text)
{
	return strncmp(at, text, strlen(text)) == 0;
}

static bool is_ptype(const char *at)
{
	return begins(at, "smtp.") || begins(at, "header.") ||
		begins(at, "body.") || begins(at, "policy.");
}

static bool is_method(const char *at)
{
	static const char *const methods[] = {
		"spf=", "dkim=", "arc=", "dmarc=", "iprev="
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (begins(at, methods[i]))
			return true;
	return false;
}

/* Behind the pair and what may stand there; at may be NULL. */
static const char *pair_and_skip(const char *at, bool has_property)
{
	if (at != NULL)
		at = pair(at, has_property);
	return at == NULL ? NULL : skip(at);
}

static const char *resinfo(const char *at)
{
	if (!is_method(at))
		return NULL;
	at = pair_and_skip(at, false);
	if (at != NULL && begins(at, "reason="))
		at = pair_and_skip(at, false);
	while (at != NULL && *at != '\0' && *at != ';') {
		if (!is_ptype(at))
			return NULL;
		at = pair_and_skip(at, true);
	}
	return at;
}

const char *resinfo_fault(const char *value, size_t *count)
{
	const char *at = token(value + 1);

	*count = 0;
	if (resinfo_line_fault(value) != NULL)
		return resinfo_line_fault(value);
	if (*value != ' ' || at == NULL)
		return "no authserv-id";
	if (strcmp(at, "; none") == 0)
		return NULL;
	while (*at == ';') {
		at = skip(at + 1);
		if (at == NULL || (at = resinfo(at)) == NULL)
			return "a result that can not be read";
		++*count;
	}
	return *at == '\0' ? NULL : "something behind the results";
}
