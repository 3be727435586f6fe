# One static archive per layer, lowest first.  What a layer links is named once, highest first, as
# the linker wants it: a unit test that links <layer>_libs of the layer it tests proves that this
# layer needs nothing above.

include %D%/base/local.mk
include %D%/oci/local.mk
include %D%/stream/local.mk
include %D%/http/local.mk
include %D%/sandbox/local.mk
include %D%/store/local.mk
include %D%/layer/local.mk
include %D%/archive/local.mk
include %D%/registry/local.mk
include %D%/repository/local.mk
include %D%/fingerprint/local.mk
include %D%/project/local.mk
include %D%/image/local.mk
include %D%/cache/local.mk
include %D%/run/local.mk
include %D%/cli/local.mk
