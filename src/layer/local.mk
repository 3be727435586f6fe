noinst_LIBRARIES += %D%/liblayer.a
%C%_liblayer_a_SOURCES = \
	%D%/hard_links.c %D%/hard_links.h \
	%D%/helper.h \
	%D%/list.c \
	%D%/listed.c %D%/listed.h \
	%D%/pack.c %D%/pack.h \
	%D%/pack_file.c \
	%D%/pack_private.h \
	%D%/pax.c %D%/pax.h \
	%D%/serve_list.c \
	%D%/serve_walls.c \
	%D%/tar_header.c %D%/tar_header.h \
	%D%/tar_writer.c %D%/tar_writer.h \
	%D%/xattrs.c %D%/xattrs.h

# Of what is linked into ocifp itself nothing needs a library that reads tars.
layer_libs = src/layer/liblayer.a src/sandbox/libsandbox.a $(stream_libs)
layer_helper_libs = $(layer_libs) $(LIBARCHIVE_LIBS)

pkglibexec_PROGRAMS += ocifp-layer
ocifp_layer_SOURCES = %D%/main.c
ocifp_layer_LDADD = $(layer_helper_libs)
