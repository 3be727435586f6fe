EXTRA_DIST += %D%/bench.py %D%/servers.py %D%/table.py %D%/peers.sh %D%/measure.c
EXTRA_DIST += %D%/cache/bench_cache.py %D%/cache/bench_jobs.py %D%/cache/bench_leaves.py %D%/cache/results.py %D%/fleet/fleet.py

# Never part of a check.  First `make bench-peers`, which needs Go and the network; then, on a machine
# that does nothing else, `make bench`, or `make bench BENCH_FLAGS='--rounds 3 --case "pull-*"'`.
BENCH_PATH ?= $(abs_top_builddir)/tests/bench/peers
.PHONY: bench bench-peers
bench-peers:
	$(top_srcdir)/tests/bench/peers.sh '$(BENCH_PATH)'
bench: ocifp ocifp-layer
	OCIFP_LIBEXEC='$(abs_top_builddir)' PATH='$(abs_top_builddir)':"$$PATH" BENCH_PATH='$(BENCH_PATH)' \
		python3 $(top_srcdir)/tests/bench/bench.py $(BENCH_FLAGS)

# The result of `make bench`, or of BENCH_RESULT, becomes that of README.md and the site: commit it.
BENCH_RESULT ?= bench.json
.PHONY: bench-publish
bench-publish:
	python3 $(top_srcdir)/tests/bench/table.py '$(BENCH_RESULT)' '$(top_srcdir)'

# `make bench-cache BENCH_FLAGS='--results FILE.jsonl DIRECTORY'`
.PHONY: bench-cache
bench-cache: ocifp ocifp-layer
	OCIFP_LIBEXEC='$(abs_top_builddir)' PATH='$(abs_top_builddir)':"$$PATH" \
		python3 $(top_srcdir)/tests/bench/cache/bench_cache.py $(BENCH_FLAGS)

# Ten minutes of a machine that does nothing else; the result becomes the site's: commit it.  With 1,000
# jobs those cases that differ in the number of requests.
FLEET_OUT ?= $(abs_top_srcdir)/contrib/site
.PHONY: bench-fleet-publish
bench-fleet-publish:
	$(MAKE) bench-fleet BENCH_FLAGS='--jobs 300 --minute 6 --out $(FLEET_OUT)'; first=$$?; \
	$(MAKE) bench-fleet BENCH_FLAGS='--jobs 1000 --minute 15 --case exists --case cold --case cache --out $(FLEET_OUT)' && \
	exit $$first

# `make bench-fleet BENCH_FLAGS='--jobs 1000 --minute 15 --case exists --out DIRECTORY'`
.PHONY: bench-fleet
bench-fleet: ocifp ocifp-layer
	OCIFP_LIBEXEC='$(abs_top_builddir)' PATH='$(abs_top_builddir)':"$$PATH" \
		python3 $(top_srcdir)/tests/bench/fleet/fleet.py $(BENCH_FLAGS)
