/* project_order.h - images and the images that they need, as a graph by index */
#ifndef OCIFP_PROJECT_PROJECT_ORDER_H
#define OCIFP_PROJECT_PROJECT_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "project/project.h"

#define PROJECT_NO_IMAGE SIZE_MAX

/* PROJECT_NO_IMAGE: there is none of this name. */
size_t project_find_image(const struct project *project, const char *name);

/* An image that needs itself, by way of others perhaps; PROJECT_NO_IMAGE: none does. */
size_t project_find_cycle(const struct project *project);

#endif
