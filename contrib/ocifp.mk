# ocifp.mk - a project's image from make: `include ocifp.mk`
#
#     make fingerprint            the tag of the image, without the network
#     make ensure                 the image is in the store: pulled, or built where it is absent;
#                                 a build that is not pushed is used until the inputs change
#     make run CMD='cargo test'   a command in it
#
# OCIFP_IMAGE names one of several images of .ocifp.yaml.  OCIFP_FLAGS goes to `ensure`, and
# OCIFP_RUN_FLAGS to `run`, whose volumes and variables stand under `run:` of .ocifp.yaml.
OCIFP ?= ocifp
OCIFP_IMAGE ?=
OCIFP_FLAGS ?=
OCIFP_RUN_FLAGS ?=
CMD ?= sh

.PHONY: fingerprint ensure run

fingerprint:
	@$(OCIFP) fingerprint $(OCIFP_IMAGE)

ensure:
	@$(OCIFP) ensure $(OCIFP_FLAGS) $(OCIFP_IMAGE)

run: ensure
	@$(OCIFP) run $(OCIFP_RUN_FLAGS) $(OCIFP_IMAGE) -- $(CMD)
