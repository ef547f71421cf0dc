/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"
#include "portal/pages.h"
#include "portal/visit.h"

void page_start(struct visit *v)
{
	view_say(v->view, "title", "Was your mail to {site_name} refused?");
	view_flag(v->view, "is_public", true);
	view_flag(v->view, "has_fbl", v->site.conf->fbl.enabled);
	visit_page(v, STATUS_OK, "start");
}
