/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hex.h"

void hex_format(const uint8_t *octets, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		out[2 * i] = digits[octets[i] >> 4];
		out[2 * i + 1] = digits[octets[i] & 15];
	}
	out[2 * count] = '\0';
}

int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_read(struct slice text, char *octet)
{
	int high = text.len < 2 ? -1 : hex_value(text.at[0]);
	int low = text.len < 2 ? -1 : hex_value(text.at[1]);

	if (high < 0 || low < 0)
		return false;
	*octet = (char)(high << 4 | low);
	return true;
}
