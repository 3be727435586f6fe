# The first contact: `contrib/quickstart`, and the project that it tries; what a project needs to use
# ocifp from make and in GitHub Actions, and the image of this project's own CI.
EXTRA_DIST += \
	.github/actionlint.yaml \
	.github/actions/cache/action.yml \
	.github/actions/cache/cache.js \
	.github/actions/ocifp/action.yml \
	.github/actions/ocifp/install \
	.github/actions/ocifp/run \
	.github/workflows/base-image.yml \
	.github/RELEASING.md \
	.github/workflows/check.yml \
	.github/workflows/release.yml \
	.github/workflows/site.yml \
	.ocifp.yaml \
	.pre-commit-hooks.yaml \
	%D%/ci-image \
	%D%/ci/Jenkinsfile \
	%D%/ci/README.md \
	%D%/ci/buildkite.yml \
	%D%/ci/cron.sh \
	%D%/ci/forgejo.yml \
	%D%/ci/gitlab-ci.yml \
	%D%/ci/runner-hook.js \
	%D%/completion/ocifp.bash \
	%D%/ocifp.mk \
	%D%/session/record \
	%D%/site \
	%D%/session/session.svg \
	%D%/apparmor/ocifp \
	%D%/ocifp.schema.json %D%/ocifp-results.schema.json \
	%D%/quickstart \
	%D%/renovate.json \
	%D%/release/build \
	%D%/release/deb \
	%D%/release/debian/apparmor.postinst \
	%D%/release/debian/apparmor.prerm \
	%D%/release/debian/control \
	%D%/release/debian/copyright \
	%D%/release/debian/rules \
	%D%/release/debian/source/format \
	%D%/release/image \
	%D%/release/notes \
	%D%/release/notes.head \
	%D%/release/pin \
	%D%/release/sbom \
	%D%/release/sources \
	%D%/release/toolchain \
	%D%/sample/.ocifp.yaml \
	%D%/sample/Dockerfile \
	%D%/sample/Makefile \
	%D%/sample/install.sh \
	%D%/sample/src-scripts/fetch.sh \
	%D%/sample/src-scripts/layout.sh \
	%D%/sample/src-scripts/packages.txt \
	%D%/sample/src-scripts/rootfs.sh

# bash wants the program's name, zsh _NAME, fish NAME.fish.
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
bashcompletiondir = $(datadir)/bash-completion/completions
pkgdata_SCRIPTS = %D%/ci/runner-hook.js
dist_zshcompletion_DATA = %D%/completion/_ocifp
dist_fishcompletion_DATA = %D%/completion/ocifp.fish
install-data-local: install-bash-completion
install-bash-completion:
	$(MKDIR_P) $(DESTDIR)$(bashcompletiondir)
	$(INSTALL_DATA) $(srcdir)/%D%/completion/ocifp.bash $(DESTDIR)$(bashcompletiondir)/ocifp
uninstall-local: uninstall-bash-completion
uninstall-bash-completion:
	rm -f $(DESTDIR)$(bashcompletiondir)/ocifp
.PHONY: install-bash-completion uninstall-bash-completion

# Left where it was made: `make site` and look at site/index.html.
site:
	$(top_srcdir)/contrib/site/build site
.PHONY: site
