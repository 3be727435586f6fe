noinst_LIBRARIES += %D%/libstream.a
%C%_libstream_a_SOURCES = \
	%D%/body.h %D%/body_buf.c \
	%D%/compress.c %D%/compress.h %D%/compress_private.h \
	%D%/gunzip.c %D%/gzip.c \
	%D%/relay.c %D%/relay.h \
	%D%/sink.h %D%/sink.c \
	%D%/source.c %D%/source.h \
	%D%/zstd.c

stream_libs = src/stream/libstream.a $(oci_libs) $(ZLIB_LIBS) $(LIBZSTD_LIBS)
