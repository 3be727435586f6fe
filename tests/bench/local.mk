EXTRA_DIST += %D%/bench.py %D%/cache/bench_cache.py %D%/cache/bench_jobs.py %D%/cache/bench_leaves.py %D%/fleet/fleet.py %D%/measure.c

# Never part of a check: `make bench BENCH_FLAGS='--rounds 3 --case exists'`
.PHONY: bench
bench: ocifp ocifp-layer
	OCIFP_LIBEXEC='$(abs_top_builddir)' PATH='$(abs_top_builddir)':"$$PATH" \
		python3 $(top_srcdir)/tests/bench/bench.py $(BENCH_FLAGS)

# `make bench-cache BENCH_FLAGS='--rounds 3 DIRECTORY'`
.PHONY: bench-cache
bench-cache: ocifp ocifp-layer
	OCIFP_LIBEXEC='$(abs_top_builddir)' PATH='$(abs_top_builddir)':"$$PATH" \
		python3 $(top_srcdir)/tests/bench/cache/bench_cache.py $(BENCH_FLAGS)

# `make bench-fleet BENCH_FLAGS='--jobs 1000 --minute 15 --case exists --out DIRECTORY'`
.PHONY: bench-fleet
bench-fleet: ocifp ocifp-layer
	OCIFP_LIBEXEC='$(abs_top_builddir)' PATH='$(abs_top_builddir)':"$$PATH" \
		python3 $(top_srcdir)/tests/bench/fleet/fleet.py $(BENCH_FLAGS)
