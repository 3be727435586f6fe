/* bwrap_words.h - what bubblewrap is told of a job: options, as of bwrap(1)
 *
 * It is told by way of a descriptor: the job can see its command line.
 */
#ifndef OCIFP_RUN_ENGINE_BWRAP_WORDS_H
#define OCIFP_RUN_ENGINE_BWRAP_WORDS_H

struct engine_start;
struct strings;

void bwrap_words(const struct engine_start *start, struct strings *words);

#endif
