/* SPDX-License-Identifier: Apache-2.0 */
/* ocifp-layer [--no-sandbox] [--walk] VERB: see ocifp-layer(8) */
#include "layer/helper/layer_helper.h"

static const struct helper_verb verbs_above[] = { { "restore", serve_restore }, { 0 } };

int
main(int argc, char **argv)
{
	return helper_main(argc, argv, verbs_above);
}
