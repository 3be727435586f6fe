/* SPDX-License-Identifier: Apache-2.0 */
/* open_layers STORE DIGEST [COMMAND...]: the layers of an image in the store, as a job gets them.
 *
 * Prints "overlay" or "flat", then the trees' paths, the lowest first, a line each.  COMMAND runs
 * while they are in use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "image/unpack/image_layers.h"
#include "image/unpack/image_unpacker.h"
#include "repository/session.h"

static int
fail(struct error *error)
{
	(void)fprintf(stderr, "%s: %s\n", error_class(error) ? error_class(error) : "-",
		      error_text(error));
	error_free(error);
	return 1;
}

static int
run(char **argv)
{
	pid_t pid;
	int status = 0;

	if (!*argv)
		return 0;
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char **argv)
{
	const struct session_options options = { .store_path = argc > 2 ? argv[1] : NULL };
	AUTO_SESSION struct session *session = session_new(&options);
	AUTO_LOCAL_IMAGE struct local_image image = { 0 };
	CLEANUP(image_unpacker_release) struct image_unpacker unpacker = { 0 };
	AUTO_IMAGE_LAYERS struct image_layers layers = { 0 };
	struct error *err = NULL;
	struct digest digest;

	if (argc < 3)
		return 2;
	if (digest_parse(argv[2], &digest, &err) < 0 ||
	    local_image_read(session, &digest, NULL, &image, &err) < 0 ||
	    image_layers_begin(&unpacker, session, &err) < 0)
		return fail(err);
	image_unpacker_take(&unpacker, &image);
	if (image_layers_finish(&unpacker, &layers, &err) < 0)
		return fail(err);
	(void)puts(layers.is_flat ? "flat" : "overlay");
	for (size_t i = 0; i < layers.paths.count; i++)
		(void)puts(layers.paths.items[i]);
	return run(argv + 3);
}
