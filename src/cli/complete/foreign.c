/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete/foreign.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

static const struct foreign {
	const char *word;
	const char *ours;
} commands[] = {
	{ "bud", "'ocifp ensure' runs the project's build command where the image is absent" },
	{ "build", "'ocifp ensure' runs the project's build command where the image is absent" },
	{ "catalog",
	  "registries rarely list their repositories; 'ocifp tags HOST/NAME' lists tags" },
	{ "config", "'ocifp inspect' shows an image's configuration" },
	{ "convert", "'ocifp mutate --format FORMAT --compression METHOD' converts an image" },
	{ "cp", "it is 'ocifp copy'" },
	{ "create", "'ocifp run' runs a command in an image" },
	{ "del", "it is 'ocifp rm' in a registry, 'ocifp store rm' in the store" },
	{ "delete", "it is 'ocifp rm' in a registry, 'ocifp store rm' in the store" },
	{ "discover", "it is 'ocifp referrers'" },
	{ "diff", "'ocifp why' shows which inputs changed" },
	{ "du", "it is 'ocifp store ls'" },
	{ "exec", "'ocifp run' runs a command in an image" },
	{ "gc", "it is 'ocifp store gc'" },
	{ "history", "'ocifp inspect' shows an image's history" },
	{ "image", "the commands stand alone: 'ocifp pull', 'ocifp store ls'" },
	{ "images", "it is 'ocifp store ls'" },
	{ "import", "'ocifp push rootfs:DIR REF' makes an image of a directory" },
	{ "info", "'ocifp doctor' checks this machine, 'ocifp version' describes the program" },
	{ "list", "it is 'ocifp tags' for a repository, 'ocifp store ls' for the store" },
	{ "list-tags", "it is 'ocifp tags'" },
	{ "load", "'ocifp push docker-archive:FILE REF' uploads an archive, 'ocifp copy' too" },
	{ "ls", "it is 'ocifp tags' for a repository, 'ocifp store ls' for the store" },
	{ "ps", "a job ends with 'ocifp run'; the system's ps shows it" },
	{ "remove", "it is 'ocifp rm' in a registry, 'ocifp store rm' in the store" },
	{ "repo", "it is 'ocifp tags'" },
	{ "rmi", "it is 'ocifp store rm' in the store, 'ocifp rm' in a registry" },
	{ "save", "it is 'ocifp pull -o docker-archive:FILE REF'" },
	{ "start", "'ocifp run' runs a command in an image" },
	{ "sync", "it is 'ocifp copy'" },
	{ "system", "it is 'ocifp store gc' to free space, 'ocifp doctor' to check the machine" },
	{ "validate", "every command verifies digests; 'ocifp store fsck' checks the store" },
};

const char *
foreign_command(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (strcmp(commands[i].word, word) == 0)
			return commands[i].ours;
	return NULL;
}

const char *
foreign_subcommand(const char *word)
{
	static const struct foreign subcommands[] = {
		{ "check", "fsck" }, { "delete", "rm" }, { "list", "ls" },
		{ "prune", "gc" },   { "remove", "rm" }, { "verify", "fsck" },
	};

	for (size_t i = 0; i < COUNT_OF(subcommands); i++)
		if (strcmp(subcommands[i].word, word) == 0)
			return subcommands[i].ours;
	return NULL;
}
