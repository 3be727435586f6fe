noinst_LIBRARIES += %D%/libimage.a
%C%_libimage_a_SOURCES = \
	%D%/annotation.h \
	%D%/attach.c %D%/attach.h \
	%D%/blob_write.c %D%/blob_write.h \
	%D%/build.c %D%/build.h \
	%D%/build_room.c %D%/build_room.h \
	%D%/built.c %D%/built.h \
	%D%/compose.c %D%/compose.h \
	%D%/content.c %D%/content.h \
	%D%/copy.c %D%/copy.h %D%/copy_private.h \
	%D%/copy_referrers.c \
	%D%/derive.c %D%/derive.h \
	%D%/derive_base.c %D%/derive_base.h \
	%D%/destination.c %D%/destination.h \
	%D%/ensure.c %D%/ensure.h %D%/ensure_private.h \
	%D%/ensure_build.c \
	%D%/ensure_needs.c \
	%D%/entries.c %D%/entries.h \
	%D%/fetch.c %D%/fetch.h \
	%D%/fetch_space.c \
	%D%/fetch_tree.c \
	%D%/find.c %D%/find.h \
	%D%/follower.c %D%/follower.h \
	%D%/gc.c %D%/gc.h \
	%D%/import.c %D%/import.h \
	%D%/inputs.c %D%/inputs.h \
	%D%/join.c %D%/join.h %D%/join_private.h \
	%D%/join_read.c \
	%D%/layer_job.c %D%/layer_job.h \
	%D%/layer_jobs.c %D%/layer_jobs.h \
	%D%/layers.c %D%/layers.h \
	%D%/layers_fit.c %D%/layers_fit.h \
	%D%/local_image.c %D%/local_image.h \
	%D%/lock_project.c %D%/lock_project.h \
	%D%/lookup.c %D%/lookup.h \
	%D%/named_digest.c %D%/named_digest.h \
	%D%/new_layer.c %D%/new_layer.h \
	%D%/node.c %D%/node.h \
	%D%/output_tag.c %D%/output_tag.h \
	%D%/part.c %D%/part.h \
	%D%/platform_tag.c %D%/platform_tag.h \
	%D%/prune.c %D%/prune.h \
	%D%/prune_graph.c %D%/prune_graph.h \
	%D%/prune_keep.c \
	%D%/publish.c %D%/publish.h \
	%D%/pull.c %D%/pull.h \
	%D%/push.c %D%/push.h \
	%D%/push_tree.c %D%/push_tree.h \
	%D%/put_blob.c %D%/put_blob.h \
	%D%/put_document.c %D%/put_document.h \
	%D%/remove.c %D%/remove.h \
	%D%/retag.c %D%/retag.h \
	%D%/send.c %D%/send.h \
	%D%/settle.c %D%/settle.h \
	%D%/sign.c %D%/sign.h \
	%D%/signatures.c %D%/signatures.h \
	%D%/signing_key.c %D%/signing_key.h \
	%D%/source.c %D%/source.h \
	%D%/stage.c %D%/stage.h \
	%D%/target.c %D%/target.h \
	%D%/tree.c %D%/tree.h \
	%D%/unpack.c %D%/unpack.h \
	%D%/verify.c %D%/verify.h

image_libs = src/image/libimage.a $(repository_libs) $(project_libs)
