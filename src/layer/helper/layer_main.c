/* ocifp-layer [--no-walls] [--walk] VERB: see ocifp-layer(8) */
#include "layer/helper/layer_helper.h"

int
main(int argc, char **argv)
{
	return helper_main(argc, argv);
}
