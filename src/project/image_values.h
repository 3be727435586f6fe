/* image_values.h - what the keys of an image may have as values
 *
 * ocifp.yaml(5), "Images".
 */
#ifndef OCIFP_PROJECT_IMAGE_VALUES_H
#define OCIFP_PROJECT_IMAGE_VALUES_H

#include "project/config_fields.h"

config_reader image_read_paths;     /* struct strings, as they are spelled */
config_reader image_read_args;      /* struct fingerprint_pairs */
config_reader image_read_scheme;    /* enum fingerprint_scheme */
config_reader image_read_platforms; /* struct platforms */
config_reader image_read_pins;      /* struct strings: references in their one spelling */
config_reader image_read_require;   /* struct strings */
config_reader image_read_length;    /* unsigned */

#endif
