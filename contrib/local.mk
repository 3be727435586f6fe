# The first contact: `contrib/quickstart`, and the project that it tries.
EXTRA_DIST += \
	%D%/quickstart \
	%D%/sample/.ocifp.yaml \
	%D%/sample/Dockerfile \
	%D%/sample/Makefile \
	%D%/sample/install.sh \
	%D%/sample/src-scripts/fetch.sh \
	%D%/sample/src-scripts/layout.sh \
	%D%/sample/src-scripts/packages.txt \
	%D%/sample/src-scripts/rootfs.sh
