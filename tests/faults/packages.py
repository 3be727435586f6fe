#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""packages.py - GitHub's REST API for container packages, over the layouts that registry.py serves

A version is a manifest of a repository, its name the digest, with all its tags or none.  Deleting one
takes all of them away; the last version with a tag stays (400), and so does a public one with many
downloads; for 30 days a deleted one can be restored.  Whoever may not see a package is told 404.
Source: GitHub's manual, "REST API endpoints for packages", and the answers that users report.
"""
import argparse
import http.server
import json
import os
import re
import time
import urllib.parse

from registry import Layout, REF_NAME
from server import write_atomically

ROUTE = re.compile(r"^/(?P<kind>orgs|users)/(?P<owner>[^/]+)/packages/container/(?P<name>[^/]+)/versions"
                   r"(?:/(?P<id>\d+)(?P<restore>/restore)?)?$")
DOWNLOADS = ("Publicly visible package versions with more than 5000 downloads cannot be deleted. "
             "Contact GitHub support for further assistance.")
LAST = "You cannot delete the last tagged version of a package. You must delete the package instead."


class Package:
    """The versions of a layout; ids are given when a manifest is first seen."""

    def __init__(self, path):
        self.layout = Layout(path)
        self.ids = {}
        self.deleted = {}

    def manifests(self):
        folder = os.path.join(self.layout.path, "blobs", "sha256")
        for name in sorted(os.listdir(folder)):
            digest = "sha256:" + name
            found = self.layout.find_manifest(digest)
            if found:
                yield digest, found[1]

    def tags(self, digest):
        return [entry["annotations"][REF_NAME] for entry in self.layout.index()
                if entry["digest"] == digest and REF_NAME in entry.get("annotations", {})]

    def versions(self):
        found = []
        for digest, _ in self.manifests():
            number = self.ids.setdefault(digest, 1000 + len(self.ids))
            pushed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(
                os.path.getmtime(self.layout.blob_path(digest))))
            found.append({"id": number, "name": digest, "url": "https://example/%d" % number,
                          "created_at": pushed, "updated_at": pushed,
                          "metadata": {"package_type": "container",
                                       "container": {"tags": self.tags(digest)}}})
        return sorted(found, key=lambda version: -version["id"])

    def find(self, number):
        return next((version for version in self.versions() if version["id"] == number), None)

    def delete(self, version):
        digest = version["name"]
        with open(self.layout.blob_path(digest), "rb") as file:
            data = file.read()
        entries = [entry for entry in self.layout.index() if entry["digest"] == digest]
        self.deleted[version["id"]] = digest, data, entries
        self.layout.remove(digest)
        if self.layout.has_blob(digest):
            os.unlink(self.layout.blob_path(digest))

    def restore(self, number):
        digest, data, entries = self.deleted.pop(number)
        self.layout.put_blob(digest, data)
        self.layout.write_index(self.layout.index() + entries)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = None
    packages = {}

    def log_message(self, *_):
        pass

    def answer(self, status, value=None, headers=None):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def note(self):
        with open(self.options.log, "a", encoding="utf-8") as file:
            file.write("%s %s %s\n" % (self.command, self.path, self.headers.get("Authorization", "-")))

    def package(self, route):
        """None where GitHub says 404: no such owner of the kind, no such package, no right to it."""
        if route["kind"] != self.options.owner_kind:
            return None
        path = os.path.join(self.options.root, route["owner"], urllib.parse.unquote(route["name"]))
        if not os.path.exists(os.path.join(path, "oci-layout")):
            return None
        return self.packages.setdefault(path, Package(path))

    def handle_any(self):
        self.note()
        if self.headers.get("Authorization") != "Bearer " + self.options.token:
            return self.answer(401, {"message": "Bad credentials"})
        if self.options.rate_limited:
            return self.answer(403, {"message": "API rate limit exceeded"},
                               {"X-RateLimit-Remaining": "0"})
        target = urllib.parse.urlsplit(self.path)
        route = ROUTE.match(target.path)
        package = self.package(route) if route else None
        if not package:
            return self.answer(404, {"message": "Not Found"})
        if self.command == "GET" and not route["id"]:
            return self.list(package, target)
        return self.change(package, int(route["id"] or 0), route["restore"])

    def list(self, package, target):
        query = dict(urllib.parse.parse_qsl(target.query))
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        versions = package.versions()
        part = versions[(page - 1) * size:page * size]
        headers = {}
        if page * size < len(versions):
            headers["Link"] = '<http://%s%s?per_page=%d&page=%d>; rel="next"' % (
                self.headers["Host"], target.path, size, page + 1)
        return self.answer(200, part, headers)

    def change(self, package, number, restore):
        if self.options.read_only:
            return self.answer(403, {"message": "Must have admin rights to Repository."})
        if restore and self.command == "POST" and number in package.deleted:
            package.restore(number)
            return self.answer(204)
        version = package.find(number)
        if self.command != "DELETE" or not version:
            return self.answer(404, {"message": "Package version not found."})
        if version["name"] in self.options.popular:
            return self.answer(400, {"message": DOWNLOADS})
        tagged = [one for one in package.versions() if one["metadata"]["container"]["tags"]]
        if tagged == [version]:
            return self.answer(400, {"message": LAST})
        package.delete(version)
        if self.options.cut_after_delete:
            self.close_connection = True
            return None
        return self.answer(204)

    do_GET = do_DELETE = do_POST = handle_any


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--root", required=True, help="the layouts, OWNER/NAME")
    add("--port-file", required=True)
    add("--log", required=True, help="gets a line for each request: method, path, Authorization")
    add("--token", default="t0ken")
    add("--owner-kind", choices=["orgs", "users"], default="orgs")
    add("--popular", action="append", default=[], metavar="DIGEST", help="has more than 5000 downloads")
    add("--read-only", action="store_true", help="the token may not manage the package")
    add("--rate-limited", action="store_true")
    add("--cut-after-delete", action="store_true", help="what was done is not answered")
    Handler.options = parser.parse_args()
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        write_atomically(Handler.options.port_file, str(server.server_address[1]))
        server.serve_forever()


if __name__ == "__main__":
    main()
