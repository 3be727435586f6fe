#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""package_index.py - a package `dep` 1.0.0 of npm, Python and cargo, as their registries serve it

Usage: package_index.py PORT_FILE; prints the path of each request

    /dep, /dep/-/dep-1.0.0.tgz           npm
    /simple/dep/, /files/dep-1.0.0.tar.gz   Python: a source distribution, which pip has to build
    /cargo/...                           cargo: a sparse index, and the crate
"""
import gzip
import hashlib
import base64
import http.server
import io
import json
import os
import sys
import tarfile


def archive(files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(text), 1000000000
            tar.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(raw.getvalue(), mtime=0)


NPM = archive({
    "package/package.json": json.dumps({"name": "dep", "version": "1.0.0", "main": "dep.js"}),
    "package/dep.js": "module.exports = 42;\n",
})
CRATE = archive({
    "dep-1.0.0/Cargo.toml": '[package]\nname = "dep"\nversion = "1.0.0"\nedition = "2021"\n',
    "dep-1.0.0/src/lib.rs": "pub fn answer() -> u32 { 42 }\n",
})
# With a build backend of its own, so that nothing else has to be there.
BACKEND = '''
import os
import zipfile

FILES = {
    "dep.py": "answer = 42\\n",
    "dep-1.0.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: dep\\nVersion: 1.0.0\\n",
    "dep-1.0.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: dep\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "dep-1.0.0.dist-info/RECORD": "dep.py,,\\n",
}

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "dep-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        for path, text in FILES.items():
            wheel.writestr(path, text)
    return name
'''
PYTHON = archive({
    "dep-1.0.0/pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'backend'\n"
    "backend-path = ['.']\n[project]\nname = 'dep'\nversion = '1.0.0'\n",
    "dep-1.0.0/backend.py": BACKEND,
    "dep-1.0.0/PKG-INFO": "Metadata-Version: 2.1\nName: dep\nVersion: 1.0.0\n",
})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        host = "http://" + self.headers["Host"]
        packument = {
            "name": "dep",
            "dist-tags": {"latest": "1.0.0"},
            "versions": {"1.0.0": {
                "name": "dep",
                "version": "1.0.0",
                "dist": {
                    "tarball": host + "/dep/-/dep-1.0.0.tgz",
                    "shasum": hashlib.sha1(NPM).hexdigest(),
                    "integrity": "sha512-" + base64.b64encode(hashlib.sha512(NPM).digest()).decode(),
                },
            }},
        }
        crate = {"name": "dep", "vers": "1.0.0", "deps": [], "features": {}, "yanked": False,
                 "cksum": hashlib.sha256(CRATE).hexdigest()}
        link = "<a href='/files/dep-1.0.0.tar.gz#sha256=%s'>dep-1.0.0.tar.gz</a>"
        pages = {
            "/dep": ("application/json", json.dumps(packument).encode()),
            "/dep/-/dep-1.0.0.tgz": ("application/octet-stream", NPM),
            "/cargo/config.json": ("application/json", json.dumps({"dl": host + "/cargo/crates"}).encode()),
            "/cargo/3/d/dep": ("text/plain", json.dumps(crate).encode()),
            "/cargo/crates/dep/1.0.0/download": ("application/gzip", CRATE),
            "/simple/dep/": ("text/html", (link % hashlib.sha256(PYTHON).hexdigest()).encode()),
            "/files/dep-1.0.0.tar.gz": ("application/octet-stream", PYTHON),
        }
        kind, body = pages.get(self.path.split("?")[0], ("text/plain", None))
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        print(self.path, flush=True)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with open(sys.argv[1] + ".new", "w", encoding="ascii") as out:
        out.write(str(server.server_address[1]))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
