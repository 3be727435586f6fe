/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/strings.h"
#include "base/xalloc.h"
#include "cli/output/activity.h"
#include "cli/output/page.h"
#include "cli/output/progress_format.h"

#define FIRST "sha256:0a1b2c3d4e5f00000000000000000000000000000000000000000000000000000"
#define SECOND "sha256:1b2c3d4e5f6a00000000000000000000000000000000000000000000000000000"
#define THIRD "sha256:2c3d4e5f6a7b00000000000000000000000000000000000000000000000000000"

static void
hear(struct activity *activity, int64_t now_ms, const struct event *event)
{
	activity_hear(activity, event, now_ms);
}

/* At 3 s: one blob is done, of one 150 of 300 MB are there, 100 of them from an earlier run; one
 * waits; one was there. */
static void
download(struct activity *activity)
{
	hear(activity, 1000, &(struct event){ .kind = EVENT_BEGUN, .phase = PHASE_DOWNLOAD });
	hear(activity, 1000,
	     &(struct event){ .kind = EVENT_EXPECTED, .text = FIRST, .bytes = 300000000 });
	hear(activity, 1000,
	     &(struct event){ .kind = EVENT_EXPECTED, .text = SECOND, .bytes = 4000 });
	hear(activity, 1000,
	     &(struct event){ .kind = EVENT_EXPECTED, .text = THIRD, .bytes = 20000000 });
	hear(activity, 1000, &(struct event){ .kind = EVENT_REUSED, .text = "sha256:3d" });
	hear(activity, 1000,
	     &(struct event){ .kind = EVENT_PLANNED,
			      .text = FIRST,
			      .bytes = 200000000,
			      .at_bytes = 100000000 });
	hear(activity, 1000,
	     &(struct event){ .kind = EVENT_PLANNED, .text = SECOND, .bytes = 4000 });
	hear(activity, 2000,
	     &(struct event){
		     .kind = EVENT_MOVED, .text = SECOND, .bytes = 4000, .at_bytes = 4000 });
	hear(activity, 2000, &(struct event){ .kind = EVENT_FINISHED, .text = SECOND });
	hear(activity, 3000,
	     &(struct event){ .kind = EVENT_MOVED,
			      .text = FIRST,
			      .bytes = 50000000,
			      .at_bytes = 150000000 });
}

static void
finish_download(struct activity *activity)
{
	download(activity);
	hear(activity, 3000, &(struct event){ .kind = EVENT_FINISHED, .text = FIRST });
	hear(activity, 3000,
	     &(struct event){ .kind = EVENT_PLANNED, .text = THIRD, .bytes = 20000000 });
	hear(activity, 5000, &(struct event){ .kind = EVENT_FINISHED, .text = THIRD });
}

static char *
screen_of(struct activity *activity, int64_t now_ms, struct screen_size size, bool is_over)
{
	AUTO_STRINGS struct strings lines = { 0 };
	AUTO_PAGE struct page page = { 0 };

	progress_format_screen(activity, now_ms, &size, true, is_over, &lines);
	for (size_t i = 0; i < lines.count; i++)
		page_add(&page, "%s\n", lines.items[i]);
	return page_take(&page);
}

/* A colour as "{36}". */
static void
show_colours(const char *text, struct page *page)
{
	while (*text) {
		size_t plain = strcspn(text, "\033");

		page_add(page, "%.*s", (int)plain, text);
		text += plain;
		if (*text) {
			page_add(page, "{%.*s}", (int)strcspn(text + 2, "m"), text + 2);
			text += strcspn(text, "m") + 1;
		}
	}
}

static void
a_screen_has_a_row_a_blob_and_a_line_a_phase(void **state)
{
	static const struct {
		struct screen_size size;
		bool is_over;
		const char *text;
	} cases[] = {
		{ { 80, 24, false },
		  false,
		  "  0a1b2c3d4e5f [==============>              ] 150.0 MB of 300.0 MB   25.0 "
		  "MB/s\n"
		  "  1b2c3d4e5f6a [=============================]               4.0 kB    4.0 "
		  "kB/s\n"
		  "downloading 46 %: 150.0 MB of 320.0 MB, 1 of 3 blobs, 25.0 MB/s, 7 s left" },
		{ { 120, 24, true },
		  false,
		  "  0a1b2c3d4e5f {36}[=========================>                        ]{0} "
		  "150.0 "
		  "MB of 300.0 MB   25.0 MB/s\n"
		  "  1b2c3d4e5f6a {32}[==================================================]{0}      "
		  "         4.0 kB    4.0 kB/s\n"
		  "downloading 46 %: 150.0 MB of 320.0 MB, 1 of 3 blobs, 25.0 MB/s, 7 s left" },
		{ { 40, 24, false },
		  false,
		  "  0a1b2c3d4e5f 150.0 MB of 300.0 MB   2\n"
		  "  1b2c3d4e5f6a               4.0 kB    \n"
		  "downloading 46 %: 150.0 MB of 320.0 MB," },
		{ { 80, 3, false },
		  false,
		  "  0a1b2c3d4e5f [==============>              ] 150.0 MB of 300.0 MB   25.0 "
		  "MB/s\n"
		  "downloading 46 %: 150.0 MB of 320.0 MB, 1 of 3 blobs, 25.0 MB/s, 7 s left" },
		{ { 80, 1, false },
		  false,
		  "downloading 46 %: 150.0 MB of 320.0 MB, 1 of 3 blobs, 25.0 MB/s, 7 s left" },
		{ { 80, 24, false },
		  true,
		  "  0a1b2c3d4e5f [==============>              ] 150.0 MB of 300.0 MB   25.0 "
		  "MB/s\n"
		  "  1b2c3d4e5f6a [=============================]               4.0 kB    4.0 "
		  "kB/s\n"
		  "downloaded 1 of 3 blobs, 150.0 MB of 320.0 MB in 2.0 s, 25.0 MB/s, 1 reused" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct activity activity = { 0 };
		AUTO_FREE char *text = NULL;
		AUTO_PAGE struct page shown = { 0 };

		download(&activity);
		text = screen_of(&activity, 3000, cases[i].size, cases[i].is_over);
		show_colours(text, &shown);
		assert_string_equal(shown.text, cases[i].text);
		activity_forget(&activity);
	}
}

static void
a_log_has_a_line_a_phase(void **state)
{
	AUTO_STRINGS struct strings lines = { 0 };
	struct activity activity = { 0 };

	(void)state;
	hear(&activity, 1, &(struct event){ .kind = EVENT_PACKED, .bytes = 1000000 });
	hear(&activity, 501, &(struct event){ .kind = EVENT_PACKED, .bytes = 2000000 });
	finish_download(&activity);
	hear(&activity, 3000, &(struct event){ .kind = EVENT_LAYER, .bytes = 300000000 });
	hear(&activity, 40000, &(struct event){ .kind = EVENT_UNPACKING, .bytes = 120000000 });
	hear(&activity, 75000, &(struct event){ .kind = EVENT_UNPACKED, .bytes = 180000000 });
	progress_format_phases(&activity, 99999, &lines);
	assert_int_equal(lines.count, 3);
	assert_string_equal(lines.items[0], "packed 3.0 MB in 0.5 s, 6.0 MB/s");
	assert_string_equal(lines.items[1],
			    "downloaded 3 blobs, 320.0 MB in 4.0 s, 55.0 MB/s, 1 reused");
	assert_string_equal(lines.items[2], "unpacked 1 layer, 300.0 MB in 1 min 12 s");
	activity_forget(&activity);
}

static void
assert_status(struct activity *activity, int64_t now_ms, const char *expected)
{
	AUTO_FREE char *status = progress_format_status(activity, now_ms);

	if (expected)
		assert_string_equal(status, expected);
	else
		assert_null(status);
}

static void
a_status_says_what_goes_on(void **state)
{
	struct activity activity = { 0 };

	(void)state;
	assert_status(&activity, 1000, NULL);
	/* Of a manifest, which no blob is: nothing is made of it. */
	hear(&activity, 1, &(struct event){ .kind = EVENT_MOVED, .bytes = 496 });
	assert_status(&activity, 1000, NULL);
	hear(&activity, 1000, &(struct event){ .kind = EVENT_PACKED, .bytes = 2000000 });
	assert_status(&activity, 2000, "packing: 2.0 MB in 1.0 s, 2.0 MB/s");
	download(&activity);
	assert_status(&activity, 3000,
		      "downloading 46 %: 150.0 MB of 320.0 MB, 1 of 3 blobs, 25.0 MB/s, 7 s left");
	hear(&activity, 4000, &(struct event){ .kind = EVENT_RETRY, .ms = 34000 });
	assert_status(&activity, 6000, "waiting 32 s before the next request");
	hear(&activity, 40000,
	     &(struct event){ .kind = EVENT_WAITING, .text = "for another process", .ms = 12000 });
	assert_status(&activity, 40000, "waiting for another process, 12 s so far");
	activity_forget(&activity);
	finish_download(&activity);
	hear(&activity, 3000, &(struct event){ .kind = EVENT_LAYER, .bytes = 300000000 });
	hear(&activity, 3000, &(struct event){ .kind = EVENT_LAYER, .bytes = 20000000 });
	hear(&activity, 9000, &(struct event){ .kind = EVENT_UNPACKED, .bytes = 20000000 });
	assert_status(&activity, 9000, "unpacking 6 %: 1 of 2 layers, 20.0 MB of 320.0 MB");
	hear(&activity, 12000, &(struct event){ .kind = EVENT_UNPACKING, .bytes = 140000000 });
	assert_status(&activity, 12000, "unpacking 50 %: 1 of 2 layers, 160.0 MB of 320.0 MB");
	activity_forget(&activity);
}

static void
a_blob_that_comes_again_starts_again(void **state)
{
	struct activity activity = { 0 };

	(void)state;
	download(&activity);
	hear(&activity, 3000,
	     &(struct event){
		     .kind = EVENT_MOVED, .text = FIRST, .bytes = 1000000, .at_bytes = 1000000 });
	assert_int_equal(activity_moving(&activity).done_bytes, 1004000);
	activity_forget(&activity);
}

static void
the_rate_is_that_of_the_last_seconds(void **state)
{
	struct activity activity = { 0 };
	uint64_t at_bytes = 0;

	(void)state;
	hear(&activity, 1,
	     &(struct event){ .kind = EVENT_PLANNED, .text = FIRST, .bytes = 1 << 30 });
	for (int64_t now_ms = 1; now_ms < 20000; now_ms += 100) {
		at_bytes += now_ms < 10000 ? 1000000 : 1000;
		hear(&activity, now_ms,
		     &(struct event){ .kind = EVENT_MOVED, .text = FIRST, .at_bytes = at_bytes });
		(void)activity_rate(&activity, now_ms);
	}
	assert_in_range(activity_rate(&activity, 20000), 9000, 11000);
	activity_forget(&activity);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_screen_has_a_row_a_blob_and_a_line_a_phase),
		cmocka_unit_test(a_log_has_a_line_a_phase),
		cmocka_unit_test(a_status_says_what_goes_on),
		cmocka_unit_test(a_blob_that_comes_again_starts_again),
		cmocka_unit_test(the_rate_is_that_of_the_last_seconds),
	};

	return cmocka_run_group_tests_name("progress_format", tests, NULL, NULL);
}
