/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/pages.h"
#include "portal/visit.h"

void page_start(struct visit *v)
{
	view_say(v->view, "title", "Mail to {site_name} was refused?");
	visit_page(v, STATUS_OK, "start");
}
