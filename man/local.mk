# A page for every command; tests/lint/help_matches_man.sh holds them against `ocifp help`.
dist_man_MANS += \
	%D%/ocifp-append.1 \
	%D%/ocifp-auth.1 \
	%D%/ocifp-completion.1 \
	%D%/ocifp-copy.1 \
	%D%/ocifp-digest.1 \
	%D%/ocifp-doctor.1 \
	%D%/ocifp-ensure.1 \
	%D%/ocifp-exists.1 \
	%D%/ocifp-fingerprint.1 \
	%D%/ocifp-fingerprint.7 \
	%D%/ocifp-help.1 \
	%D%/ocifp-index.1 \
	%D%/ocifp-inspect.1 \
	%D%/ocifp-layer.8 \
	%D%/ocifp-lock.1 \
	%D%/ocifp-login.1 \
	%D%/ocifp-logout.1 \
	%D%/ocifp-manifest.1 \
	%D%/ocifp-mutate.1 \
	%D%/ocifp-prune.1 \
	%D%/ocifp-pull.1 \
	%D%/ocifp-push.1 \
	%D%/ocifp-sign.1 \
	%D%/ocifp-store.1 \
	%D%/ocifp-store.5 \
	%D%/ocifp-tags.1 \
	%D%/ocifp-tree.1 \
	%D%/ocifp-unpack.1 \
	%D%/ocifp-verify.1 \
	%D%/ocifp-version.1 \
	%D%/ocifp-why.1 \
	%D%/ocifp.1 \
	%D%/ocifp.yaml.5
