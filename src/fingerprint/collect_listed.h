/* collect_listed.h - the inputs among the files of a listing, and what they hold */
#ifndef OCIFP_FINGERPRINT_COLLECT_LISTED_H
#define OCIFP_FINGERPRINT_COLLECT_LISTED_H

struct error;
struct fingerprint_inputs;
struct hasher;
struct input_files;

/* As collect_tree() or collect_concat() would find them in a checkout. */
int collect_listed(const struct fingerprint_inputs *inputs, struct input_files *ret_files,
		   struct error **err);

/* Fills in mode, size and sha256 of each; `stream` (NULL: none) gets all of them, in order. */
int hash_listed(const struct fingerprint_inputs *inputs, struct input_files *files,
		struct hasher *stream, struct error **err);

#endif
