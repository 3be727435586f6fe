noinst_LIBRARIES += %D%/libimage.a
%C%_libimage_a_SOURCES = \
	%D%/document/annotation.h \
	%D%/transfer/attach.c %D%/transfer/attach.h \
	%D%/transfer/blob_write.c %D%/transfer/blob_write.h \
	%D%/ensure/build.c %D%/ensure/build.h \
	%D%/ensure/build_room.c %D%/ensure/build_room.h \
	%D%/resolve/built.c %D%/resolve/built.h \
	%D%/make/compose.c %D%/make/compose.h \
	%D%/document/content.c %D%/document/content.h \
	%D%/transfer/copy_image.c %D%/transfer/copy_image.h %D%/transfer/copy_private.h \
	%D%/transfer/copy_referrers.c \
	%D%/make/derive.c %D%/make/derive.h \
	%D%/make/derive_base.c %D%/make/derive_base.h \
	%D%/transfer/destination.c %D%/transfer/destination.h \
	%D%/ensure/ensure.c %D%/ensure/ensure.h %D%/ensure/ensure_private.h \
	%D%/ensure/ensure_build.c \
	%D%/ensure/ensure_needs.c \
	%D%/resolve/entries.c %D%/resolve/entries.h \
	%D%/transfer/fetch.c %D%/transfer/fetch.h \
	%D%/resolve/find.c %D%/resolve/find.h \
	%D%/unpack/image_unpacker.c %D%/unpack/image_unpacker.h \
	%D%/prune/collect.c %D%/prune/collect.h \
	%D%/transfer/import.c %D%/transfer/import.h \
	%D%/resolve/inputs.c %D%/resolve/inputs.h \
	%D%/ensure/join.c %D%/ensure/join.h %D%/ensure/join_private.h \
	%D%/ensure/join_read.c \
	%D%/unpack/layer_job.c %D%/unpack/layer_job.h \
	%D%/unpack/layer_jobs.c %D%/unpack/layer_jobs.h \
	%D%/unpack/image_layers.c %D%/unpack/image_layers.h \
	%D%/unpack/layers_fit.c %D%/unpack/layers_fit.h \
	%D%/document/local_image.c %D%/document/local_image.h \
	%D%/trust/lock_project.c %D%/trust/lock_project.h \
	%D%/resolve/lookup.c %D%/resolve/lookup.h \
	%D%/document/named_digest.c %D%/document/named_digest.h \
	%D%/make/new_layer.c %D%/make/new_layer.h \
	%D%/document/node.c %D%/document/node.h \
	%D%/transfer/output_tag.c %D%/transfer/output_tag.h \
	%D%/document/image_part.c %D%/document/image_part.h \
	%D%/resolve/platform_tag.c %D%/resolve/platform_tag.h \
	%D%/prune/prune.c %D%/prune/prune.h \
	%D%/prune/prune_graph.c %D%/prune/prune_graph.h \
	%D%/prune/prune_keep.c \
	%D%/transfer/publish.c %D%/transfer/publish.h \
	%D%/transfer/pull.c %D%/transfer/pull.h \
	%D%/transfer/push.c %D%/transfer/push.h \
	%D%/transfer/push_tree.c %D%/transfer/push_tree.h \
	%D%/transfer/put_blob.c %D%/transfer/put_blob.h \
	%D%/transfer/put_document.c %D%/transfer/put_document.h \
	%D%/transfer/remove_tag.c %D%/transfer/remove_tag.h \
	%D%/transfer/retag.c %D%/transfer/retag.h \
	%D%/transfer/send.c %D%/transfer/send.h \
	%D%/transfer/confirm_tag.c %D%/transfer/confirm_tag.h \
	%D%/make/sign.c %D%/make/sign.h \
	%D%/trust/signatures.c %D%/trust/signatures.h \
	%D%/trust/signing_key.c %D%/trust/signing_key.h \
	%D%/resolve/image_source.c %D%/resolve/image_source.h \
	%D%/unpack/stage.c %D%/unpack/stage.h \
	%D%/resolve/target.c %D%/resolve/target.h \
	%D%/document/image_tree.c %D%/document/image_tree.h \
	%D%/unpack/unpack.c %D%/unpack/unpack.h \
	%D%/trust/verify.c %D%/trust/verify.h

image_libs = src/image/libimage.a $(repository_libs) $(project_libs)
