/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds a fuzz target its kept inputs: each file of
 * $top_srcdir/t/data/corpus/<target>/ is one case in a process of its own,
 * so that a crash names the file and the others still run. <target> is the
 * name of the program without "fuzz_". No file at all is a failure.
 */
#include "base/buf.h"
#include "base/file.h"
#include "t/fuzz/target.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, INPUT_MAX = 16 << 20 };

static int is_input(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static const char *target_of(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash == NULL ? program : slash + 1;

	return strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name;
}

/* Ends the process. */
static void replay(const char *path)
{
	struct buf input;
	uint8_t *exact = NULL;

	buf_init(&input, INPUT_MAX);
	if (file_read(path, &input) != RES_OK)
		exit(2);
	/* As long as the input is and no longer: a read past it is seen. */
	exact = malloc(input.len > 0 ? input.len : 1);
	if (exact == NULL)
		exit(2);
	if (input.len > 0)
		memcpy(exact, input.at, input.len);
	(void)LLVMFuzzerTestOneInput(exact, input.len);
	free(exact);
	buf_clear(&input);
	exit(0);
}

static bool survives(const char *path)
{
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		replay(path);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status))
		(void)printf("# signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir");
	const char *target = target_of(argc > 0 ? argv[0] : "");
	char folder[PATH_SIZE];
	char path[2 * PATH_SIZE];
	struct dirent **entry = NULL;
	int failed = 0;
	int count;

	(void)snprintf(folder, sizeof(folder), "%s/t/data/corpus/%s",
		top == NULL ? "." : top, target);
	count = scandir(folder, &entry, is_input, alphasort);
	if (count <= 0) {
		(void)printf("1..1\nnot ok 1 - %s has kept inputs\n"
			     "# %s is missing or empty\n",
			target, folder);
		return 1;
	}
	(void)printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		const char *name = entry[i]->d_name;
		bool fine;

		(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
		fine = survives(path);
		(void)printf("%sok %d - %s: %s\n", fine ? "" : "not ", i + 1,
			target, name);
		failed += !fine;
		free(entry[i]);
	}
	free(entry);
	return failed > 0;
}
