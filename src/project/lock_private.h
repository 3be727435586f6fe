/* lock_private.h - .ocifp.lock in memory: what lock_file.c and lock_file_write.c share */
#ifndef OCIFP_PROJECT_LOCK_PRIVATE_H
#define OCIFP_PROJECT_LOCK_PRIVATE_H

#include "project/lock_file.h"

struct lock_file {
	json_t *document;     /* NULL: there is no file */
	const json_t *pins;   /* borrowed; NULL: none */
	const json_t *images; /* borrowed; NULL: none */
};

#endif
