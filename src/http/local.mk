noinst_LIBRARIES += %D%/libhttp.a
%C%_libhttp_a_SOURCES = \
	%D%/address.c %D%/address.h \
	%D%/challenge.c %D%/challenge.h \
	%D%/curl_compat.h \
	%D%/engine.c %D%/engine.h \
	%D%/failure.c %D%/failure.h \
	%D%/headers.c %D%/headers.h \
	%D%/hop.c \
	%D%/origin.c %D%/origin.h \
	%D%/pace.c %D%/pace.h \
	%D%/ramp.c %D%/ramp.h \
	%D%/ranges.c %D%/ranges.h \
	%D%/request.c %D%/request.h %D%/request_private.h \
	%D%/retry.c %D%/retry.h \
	%D%/trust.c %D%/trust.h \
	%D%/warnings.c %D%/warnings.h

# libcrypto is named first: most symbols that the loader looks up are there, and it asks in this order.
http_libs = src/http/libhttp.a $(LIBCRYPTO_LIBS) -lc $(LIBCURL_LIBS) $(stream_libs)
