noinst_LIBRARIES += %D%/libsandbox.a
%C%_libsandbox_a_SOURCES = \
	%D%/channel.c %D%/channel.h \
	%D%/confine.c %D%/confine.h \
	%D%/helper.c %D%/helper.h \
	%D%/helper_self.h \
	%D%/id_map.c %D%/id_map.h \
	%D%/userns.h

if NAMESPACES
%C%_libsandbox_a_SOURCES += \
	%D%/confine_linux.c \
	%D%/helper_self.c \
	%D%/userns.c
else
%C%_libsandbox_a_SOURCES += %D%/userns_none.c
if WALLS_CAPSICUM
%C%_libsandbox_a_SOURCES += %D%/confine_capsicum.c
else
if WALLS_SEATBELT
%C%_libsandbox_a_SOURCES += %D%/confine_seatbelt.c
else
%C%_libsandbox_a_SOURCES += %D%/confine_none.c
endif
endif
endif
EXTRA_DIST += \
	%D%/confine_capsicum.c \
	%D%/confine_none.c \
	%D%/confine_seatbelt.c \
	%D%/userns_none.c

sandbox_libs = src/sandbox/libsandbox.a $(base_libs)

# Another --prefix is another place to look for the helper: what was compiled before is too old.
src/sandbox/helper.$(OBJEXT): Makefile
