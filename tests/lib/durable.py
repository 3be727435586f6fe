"""durable.py STORE < TRACE - what a power cut could leave of a store, at each call of a trace

TRACE is that of strace -f -y.  A cut may lose what was written to a file and not synced since, and
each rename or new folder whose folder was not synced since; or it may lose no rename, and the bytes alone.  So:
what gets its name among the blobs, and index.json, is synced before; when index.json gets its name,
all renames to blobs before it are; and so is that one when standard output tells.  Prints how many
blobs got their names.
"""
import os
import re
import sys

CALL = re.compile(r"^(?:(\d+) +)?(\w+)\((.*)\) += (-?\d+)")
BEGUN = re.compile(r"^(?:(\d+) +)?(\w+)\((.*) <unfinished \.\.\.>")
RESUMED = re.compile(r"^(?:(\d+) +)?<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)")
WRITES = ("write", "pwrite64", "writev", "ftruncate", "copy_file_range", "sendfile")


def calls(lines):
    """NAME and ARGUMENTS of each call that succeeded, when it ended."""
    begun = {}
    for line in lines:
        if match := BEGUN.match(line):
            begun[match[1]] = match[3]
        elif match := RESUMED.match(line):
            if int(match[4]) >= 0:
                yield match[2], begun.pop(match[1], "") + match[3]
        elif (match := CALL.match(line)) and int(match[4]) >= 0:
            yield match[2], match[3]


def named(arguments):
    """The paths of renameat(2) or mkdirat(2)."""
    folders = re.findall(r"(?:\d+|AT_FDCWD)<([^>]*)>", arguments)
    return [os.path.normpath(os.path.join(folder, name)) for folder, name in zip(folders, re.findall(r'"([^"]*)"', arguments))]


class Store:
    def __init__(self, path):
        self.blobs = os.path.join(path, "blobs", "")
        self.index = os.path.join(path, "index.json")
        self.unsynced = set()  # files
        self.loose = {}  # folder: names that a cut may take back
        self.new_folders = {}  # the same of folders, which matter when something is in them
        self.blob_count = 0

    def play(self, name, arguments):
        paths = re.findall(r"\d+<(/[^>]*)>", arguments)
        if arguments.startswith("1<"):
            assert not self.loose, "told, and perhaps not there: %s" % self.loose
        elif name in WRITES and paths:
            self.unsynced.add(paths[-1 if name == "copy_file_range" else 0])
        elif name in ("fsync", "fdatasync"):
            self.unsynced.discard(paths[0])
            self.loose.pop(paths[0], None)
            self.new_folders.pop(paths[0], None)
        elif name == "syncfs":
            self.unsynced.clear()
            self.loose.clear()
            self.new_folders.clear()
        elif name in ("renameat", "renameat2"):
            self.rename(*named(arguments))
        elif name == "mkdirat":
            self.make_folder(*named(arguments))

    def make_folder(self, path):
        if (path + "/").startswith(self.blobs):
            self.new_folders.setdefault(os.path.dirname(path), []).append(path)

    def rename(self, old, new):
        if new.startswith(self.blobs):
            self.blob_count += 1
        elif new == self.index:
            assert not self.loose, "named in index.json, and perhaps not there: %s" % self.loose
            assert not self.blob_count or not self.new_folders, "in a folder that is perhaps not there: %s" % self.new_folders
        else:
            return
        assert old not in self.unsynced, "has its name, and perhaps no bytes: %s" % new
        self.loose.setdefault(os.path.dirname(new), []).append(new)


store = Store(os.path.realpath(sys.argv[1]))
for call in calls(sys.stdin):
    store.play(*call)
print(store.blob_count)
