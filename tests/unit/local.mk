if HAVE_CMOCKA
include %D%/base.mk
endif
