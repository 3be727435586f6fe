noinst_LIBRARIES += %D%/libfingerprint.a
%C%_libfingerprint_a_SOURCES = \
	%D%/collect.c %D%/collect.h \
	%D%/exact_names.c %D%/exact_names.h \
	%D%/fingerprint.c %D%/fingerprint.h \
	%D%/git.c %D%/git.h \
	%D%/hash_file.c %D%/hash_file.h \
	%D%/hash_files.c %D%/hash_files.h \
	%D%/input_files.c %D%/input_files.h \
	%D%/named.c %D%/named.h \
	%D%/paths.c %D%/paths.h \
	%D%/record.c %D%/record.h \
	%D%/record_writer.c %D%/record_writer.h \
	%D%/stat_cache.c %D%/stat_cache.h \
	%D%/walk.c %D%/walk.h

fingerprint_libs = src/fingerprint/libfingerprint.a $(oci_libs)
