if HAVE_CMOCKA
include %D%/base.mk
include %D%/oci.mk
endif
