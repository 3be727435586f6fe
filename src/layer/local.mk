noinst_LIBRARIES += %D%/liblayer.a
%C%_liblayer_a_SOURCES = \
	%D%/apply.c %D%/apply.h \
	%D%/beneath.c %D%/beneath.h \
	%D%/enter_ids.c \
	%D%/entry.c %D%/entry.h \
	%D%/feed.c %D%/feed.h \
	%D%/hard_links.c %D%/hard_links.h \
	%D%/helper.h \
	%D%/helper_main.c \
	%D%/inflate.h \
	%D%/layer_reader.c %D%/layer_reader.h \
	%D%/list.c \
	%D%/listed.c %D%/listed.h \
	%D%/made.c %D%/made.h \
	%D%/pack.c %D%/pack.h \
	%D%/pack_file.c \
	%D%/pack_leaf.c \
	%D%/pack_private.h \
	%D%/pax.c %D%/pax.h \
	%D%/tree_record.c %D%/tree_record.h \
	%D%/remove.c %D%/remove.h \
	%D%/ring.c %D%/ring.h \
	%D%/serve_check.c \
	%D%/serve_list.c \
	%D%/serve_remove.c \
	%D%/serve_unpack.c \
	%D%/serve_walls.c \
	%D%/sparse_map.c %D%/sparse_map.h \
	%D%/tar_check.c %D%/tar_check.h \
	%D%/tar_filter.c %D%/tar_filter.h \
	%D%/tar_header.c %D%/tar_header.h \
	%D%/tar_writer.c %D%/tar_writer.h \
	%D%/tree.c %D%/tree.h \
	%D%/tree_add.c \
	%D%/tree_file.c \
	%D%/tree_finish.c \
	%D%/tree_fix.c \
	%D%/tree_metadata.c \
	%D%/tree_remove.c \
	%D%/unpack_request.c %D%/unpack_request.h \
	%D%/unpacker.c %D%/unpacker.h \
	%D%/whiteout.c \
	%D%/xattrs.c %D%/xattrs.h
if HAVE_ISAL
%C%_liblayer_a_SOURCES += %D%/inflate_isal.c
else
%C%_liblayer_a_SOURCES += %D%/inflate_plain.c
endif
EXTRA_DIST += %D%/inflate_isal.c %D%/inflate_plain.c

# Of what is linked into ocifp itself nothing needs the libraries that read tars.
layer_libs = src/layer/liblayer.a src/sandbox/libsandbox.a $(stream_libs)
layer_helper_libs = $(layer_libs) $(LIBARCHIVE_LIBS) $(ISAL_LIBS)

# In a single binary ocifp is its own helper; the tests find that one under the helper's name.
if SINGLE_BINARY
check_DATA += ocifp-layer
CLEANFILES += ocifp-layer
ocifp-layer: ocifp
	ln -sf ocifp $@
else
pkglibexec_PROGRAMS += ocifp-layer
endif
ocifp_layer_SOURCES = %D%/main.c
ocifp_layer_LDADD = $(layer_helper_libs)
