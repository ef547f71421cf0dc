/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/psl.h"

#include <idn2.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

struct psl {
	psl_ctx_t *list;
};

enum result psl_open(struct psl **out)
{
	struct psl *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return RES_NOMEM;
	p->list = psl_latest(NULL);
	if (p->list == NULL) {
		free(p);
		return RES_DOWN;
	}
	*out = p;
	return RES_OK;
}

void psl_close(struct psl *p)
{
	if (p == NULL)
		return;
	psl_free(p->list);
	free(p);
}

struct slice psl_organisation(const struct psl *p, struct slice domain)
{
	char text[HOSTNAME_MAX];
	const char *found;

	if (domain.len >= sizeof(text))
		return domain;
	memcpy(text, domain.at, domain.len);
	text[domain.len] = '\0';
	found = psl_registrable_domain(p->list, text);
	if (found == NULL || found < text || found > text + domain.len)
		return domain;
	return slice_part(domain, (size_t)(found - text), domain.len);
}

static bool is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] > 0x7e)
			return false;
	return true;
}

static enum result of_idn(int rc)
{
	switch (rc) {
	case IDN2_OK:
		return RES_OK;
	case IDN2_MALLOC:
		return RES_NOMEM;
	case IDN2_TOO_BIG_DOMAIN:
	case IDN2_TOO_BIG_LABEL:
		return RES_TOOBIG;
	default:
		return RES_SYNTAX;
	}
}

enum result psl_to_ascii(struct slice text, char out[HOSTNAME_MAX], size_t *len)
{
	char unicode[PSL_UNICODE_MAX];
	uint8_t *ascii = NULL;
	enum result res;

	if (is_ascii(text))
		return hostname_parse(text, out, len);
	if (text.len >= sizeof(unicode))
		return RES_TOOBIG;
	if (slice_find(text, '\0') < text.len)
		return RES_SYNTAX;
	memcpy(unicode, text.at, text.len);
	unicode[text.len] = '\0';
	res = of_idn(idn2_lookup_u8((const uint8_t *)unicode, &ascii,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL));
	if (res == RES_OK)
		res = hostname_parse(slice_of((const char *)ascii), out, len);
	idn2_free(ascii);
	return res;
}

enum result psl_to_unicode(
	struct slice name, char out[PSL_UNICODE_MAX], size_t *len)
{
	char ascii[HOSTNAME_MAX];
	char *unicode = NULL;
	enum result res;

	if (name.len >= sizeof(ascii))
		return RES_TOOBIG;
	memcpy(ascii, name.at, name.len);
	ascii[name.len] = '\0';
	res = of_idn(idn2_to_unicode_8z8z(ascii, &unicode, 0));
	if (res == RES_OK && strlen(unicode) >= PSL_UNICODE_MAX)
		res = RES_TOOBIG;
	if (res == RES_OK) {
		*len = strlen(unicode);
		memcpy(out, unicode, *len + 1);
	}
	idn2_free(unicode);
	return res;
}
