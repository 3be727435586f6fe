/* SPDX-License-Identifier: Apache-2.0 */
/* deadline.h - points in monotonic time
 *
 * The wall clock may jump, so no wait depends on it.
 */
#ifndef OCIFP_BASE_DEADLINE_H
#define OCIFP_BASE_DEADLINE_H

#include <stdint.h>

#define DEADLINE_NEVER INT64_MAX

int64_t deadline_now_ms(void);
int64_t deadline_now_us(void);
int64_t deadline_after_ms(int64_t delay_ms);

/* 0 when it has passed; at most `most_ms`, so the result fits a poll timeout. */
int deadline_left_ms(int64_t deadline_ms, int most_ms);

uint64_t thread_used_us(void); /* processor time of the calling thread */

#endif
