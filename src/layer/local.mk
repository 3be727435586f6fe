noinst_LIBRARIES += %D%/liblayer.a
%C%_liblayer_a_SOURCES = \
	%D%/pax.c %D%/pax.h \
	%D%/tar_header.c %D%/tar_header.h \
	%D%/tar_writer.c %D%/tar_writer.h

layer_libs = src/layer/liblayer.a $(stream_libs)
