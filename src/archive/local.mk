noinst_LIBRARIES += %D%/libarchive_image.a
%C%_libarchive_image_a_SOURCES = \
	%D%/archive.h \
	%D%/identify.c \
	%D%/load_docker.c \
	%D%/load_layout.c \
	%D%/member_name.c %D%/member_name.h \
	%D%/members.c %D%/members.h \
	%D%/open.c \
	%D%/output.c %D%/output.h \
	%D%/read.c \
	%D%/scan.c \
	%D%/spool.c %D%/spool.h \
	%D%/state.h \
	%D%/take_listed.c \
	%D%/write.c

archive_libs = src/archive/libarchive_image.a src/store/libstore.a $(layer_libs)
