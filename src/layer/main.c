/* ocifp-layer [--no-walls] [--walk] VERB: see ocifp-layer(8) */
#include "layer/helper.h"

int
main(int argc, char **argv)
{
	return helper_main(argc, argv);
}
