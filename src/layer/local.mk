noinst_LIBRARIES += %D%/liblayer.a
%C%_liblayer_a_SOURCES = \
	%D%/helper/apply.c %D%/helper/apply.h \
	%D%/helper/beneath.c %D%/helper/beneath.h \
	%D%/helper/entry.c %D%/helper/entry.h \
	%D%/helper/feed.c %D%/helper/feed.h \
	%D%/pack/hard_links.c %D%/pack/hard_links.h \
	%D%/helper/layer_helper.h \
	%D%/helper/helper_main.c \
	%D%/helper/inflate.h \
	%D%/helper/layer_reader.c %D%/helper/layer_reader.h \
	%D%/helper/list.c \
	%D%/helper/merged.c %D%/helper/merged.h \
	%D%/exporter.c %D%/exporter.h \
	%D%/listed.c %D%/listed.h \
	%D%/helper/inode_map.c %D%/helper/inode_map.h %D%/helper/inode_set.c %D%/helper/inode_set.h \
	%D%/pack/pack.c %D%/pack/pack.h \
	%D%/pax.c %D%/pax.h \
	%D%/tree_record.c %D%/tree_record.h \
	%D%/helper/remove_tree.c %D%/helper/remove_tree.h \
	%D%/helper/ring.c %D%/helper/ring.h \
	%D%/helper/serve_check.c \
	%D%/helper/serve_export.c \
	%D%/helper/serve_inflate.c \
	%D%/helper/serve_unpack.c \
	%D%/helper/sparse_map.c %D%/helper/sparse_map.h \
	%D%/pack/tar_check.c %D%/pack/tar_check.h \
	%D%/helper/tar_filter.c %D%/helper/tar_filter.h \
	%D%/tar_header.c %D%/tar_header.h \
	%D%/pack/tar_writer.c %D%/pack/tar_writer.h \
	%D%/helper/tree.c %D%/helper/tree.h \
	%D%/helper/tree_finish.c \
	%D%/helper/tree_remove.c \
	%D%/unpack_request.c %D%/unpack_request.h \
	%D%/unpacker.c %D%/unpacker.h \
	%D%/xattrs.c %D%/xattrs.h
if HAVE_ISAL
%C%_liblayer_a_SOURCES += %D%/helper/inflate_isal.c
else
%C%_liblayer_a_SOURCES += %D%/helper/inflate_plain.c
endif
EXTRA_DIST += %D%/helper/inflate_isal.c %D%/helper/inflate_plain.c

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
ocifp_layer_SOURCES = %D%/helper/layer_main.c
# With the verbs of caches, which need no more than this layer does.
ocifp_layer_LDADD = src/cache/libcache.a $(layer_helper_libs)
