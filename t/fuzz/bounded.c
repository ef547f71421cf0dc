/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A libFuzzer program that is given nothing to do would run for ever; "make
 * check" in a build of --enable-fuzz is told so instead.
 */
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argv;
	if (*argc > 1)
		return 0;
	(void)printf("Bail out! built with --enable-fuzz: use make fuzz\n");
	(void)fflush(stdout);
	_Exit(99);
}
