if HAVE_CMOCKA
include %D%/base.mk
include %D%/oci.mk
include %D%/stream.mk
include %D%/http.mk
include %D%/registry.mk
include %D%/sandbox.mk
include %D%/store.mk
include %D%/layer.mk
include %D%/archive.mk
include %D%/repository.mk
include %D%/fingerprint.mk
include %D%/project.mk
include %D%/image.mk
include %D%/cache.mk
include %D%/run.mk
include %D%/cli.mk
endif
