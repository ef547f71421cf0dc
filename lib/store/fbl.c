/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/fbl.h"

const char *fbl_state_name(enum fbl_state s)
{
	(void)s;
	return "";
}

enum result fbl_subject_parse(struct slice text, struct fbl_subject *out)
{
	(void)text;
	(void)out;
	return RES_DOWN;
}

const char *fbl_subject_format(
	const struct fbl_subject *s, char out[FBL_SUBJECT_MAX])
{
	(void)s;
	(void)out;
	return "";
}

enum result fbl_record_name(
	const struct fbl_subject *s, char out[FBL_RECORD_MAX])
{
	(void)s;
	(void)out;
	return RES_DOWN;
}

enum result fbl_read(struct redis *r, const struct conf *conf, struct slice id,
	struct arena *a, struct fbl *out)
{
	(void)r;
	(void)conf;
	(void)id;
	(void)a;
	(void)out;
	return RES_DOWN;
}

enum result fbl_find(struct redis *r, const struct conf *conf,
	const struct ipaddr *ip, const char *domain,
	char id[FBL_FOUND_MAX][CASE_REF_MAX], size_t *count)
{
	(void)r;
	(void)conf;
	(void)ip;
	(void)domain;
	(void)id;
	(void)count;
	return RES_DOWN;
}

enum result fbl_of_token(struct redis *r, const struct conf *conf,
	enum token_purpose purpose, struct slice token, char id[CASE_REF_MAX])
{
	(void)r;
	(void)conf;
	(void)purpose;
	(void)token;
	(void)id;
	return RES_DOWN;
}
