noinst_LIBRARIES += %D%/libbase.a
%C%_libbase_a_SOURCES = \
	%D%/base64.c %D%/base64.h \
	%D%/buf.c %D%/buf.h \
	%D%/cleanup.h \
	%D%/compat.c %D%/compat.h \
	%D%/deadline.c %D%/deadline.h \
	%D%/environment.c %D%/environment.h \
	%D%/error.c %D%/error.h \
	%D%/fd.c %D%/fd.h \
	%D%/leftovers.c %D%/leftovers.h \
	%D%/limits.h \
	%D%/observer.c %D%/observer.h \
	%D%/path.c %D%/path.h \
	%D%/random.c %D%/random.h \
	%D%/secret.c %D%/secret.h \
	%D%/spawn.c %D%/spawn.h \
	%D%/strings.c %D%/strings.h \
	%D%/suggest.c %D%/suggest.h \
	%D%/text.c %D%/text.h \
	%D%/trace.c %D%/trace.h \
	%D%/utf8.c %D%/utf8.h \
	%D%/watched.h \
	%D%/workers.c %D%/workers.h \
	%D%/xalloc.c %D%/xalloc.h

base_libs = src/base/libbase.a -lpthread
