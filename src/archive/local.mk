noinst_LIBRARIES += %D%/libarchive_image.a
%C%_libarchive_image_a_SOURCES = \
	%D%/archive.c %D%/archive.h \
	%D%/load_docker.c \
	%D%/members.c %D%/members.h \
	%D%/output.c %D%/output.h \
	%D%/scan.c \
	%D%/spool.c %D%/spool.h \
	%D%/state.h \
	%D%/write.c

archive_libs = src/archive/libarchive_image.a src/store/libstore.a $(layer_libs)
