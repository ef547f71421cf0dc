/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/listing.h"

static const enum listing_class classes[] = {
	LISTING_SELF,
	LISTING_POLICY,
	LISTING_REVIEW,
	LISTING_FEED,
};

const char *listing_class_name(enum listing_class c)
{
	switch (c) {
	case LISTING_SELF:
		return "self";
	case LISTING_POLICY:
		return "policy";
	case LISTING_REVIEW:
		return "review";
	case LISTING_FEED:
		return "feed";
	}
	return "unknown";
}

bool listing_class_parse(struct slice text, enum listing_class *out)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		const char *name = listing_class_name(classes[i]);

		if (slice_is_equal_nocase(text, slice_of(name))) {
			*out = classes[i];
			return true;
		}
	}
	*out = LISTING_SELF;
	return false;
}
