"""registry.py - a decent registry over OCI layout directories

Each repository is one layout below a root directory: root/NAME/{oci-layout,index.json,blobs}.  What
is pushed goes there too, so that skopeo and umoci can read it.  Source: the distribution
specification, "Endpoints".
"""
import hashlib
import json
import os
import re
import secrets
import threading

from wire import Response, error_response, json_response

ROUTE = re.compile(
    r"^/v2/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)/"
    r"(?:manifests/(?P<reference>[^/]+)|blobs/uploads/(?P<upload>[^/]*)"
    r"|blobs/(?P<digest>[^/]+)|referrers/(?P<subject>[^/]+)|(?P<tags>tags/list))$")
REF_NAME = "org.opencontainers.image.ref.name"
OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker.distribution.manifest."


class Layout:
    """A repository's directory."""

    creating = threading.Lock()

    def __init__(self, path):
        self.path = path

    def exists(self):
        return os.path.exists(os.path.join(self.path, "oci-layout"))

    def create(self):
        with Layout.creating:
            if self.exists():
                return
            os.makedirs(os.path.join(self.path, "blobs", "sha256"), exist_ok=True)
            self.write_index([])
            with open(os.path.join(self.path, "oci-layout"), "w", encoding="ascii") as file:
                file.write('{"imageLayoutVersion":"1.0.0"}')

    def blob_path(self, digest):
        algorithm, _, value = digest.partition(":")
        if not re.fullmatch("[0-9a-f]{64}|[0-9a-f]{128}", value):
            return os.path.join(self.path, "no such blob")
        return os.path.join(self.path, "blobs", algorithm, value)

    def has_blob(self, digest):
        return os.path.isfile(self.blob_path(digest))

    def index(self):
        with open(os.path.join(self.path, "index.json"), encoding="utf-8") as file:
            return json.load(file)["manifests"]

    def write_index(self, manifests):
        path = os.path.join(self.path, "index.json")
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump({"schemaVersion": 2, "manifests": manifests}, file)
        os.replace(path + ".new", path)

    def tags(self):
        names = (entry.get("annotations", {}).get(REF_NAME) for entry in self.index())
        return sorted({name for name in names if name})

    def find_manifest(self, reference):
        """(digest, media type), or None."""
        for entry in self.index():
            tag = entry.get("annotations", {}).get(REF_NAME)
            if reference in (tag, entry["digest"]):
                return entry["digest"], entry["mediaType"]
        if ":" in reference and self.has_blob(reference):
            media_type = self._media_type(reference)
            return (reference, media_type) if media_type else None
        return None

    def _media_type(self, digest):
        if os.path.getsize(self.blob_path(digest)) > 4 << 20:
            return None
        try:
            with open(self.blob_path(digest), encoding="utf-8") as file:
                document = json.load(file)
        except ValueError:
            return None
        guess = {"manifests": OCI + "index.v1+json", "layers": OCI + "manifest.v1+json"}
        found = [guess[key] for key in guess if isinstance(document, dict) and key in document]
        return document.get("mediaType", found[0]) if found else None

    def set_tag(self, tag, digest, media_type, size):
        entry = {"mediaType": media_type, "digest": digest, "size": size}
        if ":" not in tag:
            entry["annotations"] = {REF_NAME: tag}
        kept = [e for e in self.index() if ":" in tag or e.get("annotations", {}).get(REF_NAME) != tag]
        self.write_index(kept + [entry])

    def remove(self, reference):
        entries = self.index()
        kept = [e for e in entries
                if reference not in (e["digest"], e.get("annotations", {}).get(REF_NAME))]
        self.write_index(kept)
        if ":" in reference and len(kept) < len(entries):
            os.unlink(self.blob_path(reference))
        return len(kept) < len(entries)

    def referrers(self, subject):
        """Descriptors of the manifests with this subject."""
        found = {}
        for entry in self.index():
            with open(self.blob_path(entry["digest"]), encoding="utf-8") as file:
                document = json.load(file)
            if document.get("subject", {}).get("digest") == subject:
                found[entry["digest"]] = referrer(entry, document)
        return list(found.values())

    def put_blob(self, digest, data):
        os.makedirs(os.path.dirname(self.blob_path(digest)), exist_ok=True)
        with open(self.blob_path(digest), "wb") as file:
            file.write(data)


def referrer(entry, document):
    kind = document.get("artifactType") or document.get("config", {}).get("mediaType")
    described = {key: entry[key] for key in ("mediaType", "digest", "size")}
    described.update({"artifactType": kind} if kind else {})
    described.update({"annotations": document["annotations"]} if "annotations" in document else {})
    return described


class Registry:
    def __init__(self, root, auth, tags_page=None, has_referrers=False):
        self.root, self.auth, self.tags_page = root, auth, tags_page
        self.has_referrers = has_referrers
        self.lock = threading.RLock()
        self.uploads = os.path.join(root, ".uploads")

    def respond(self, request, action):
        if request.path == "/token":
            return self.auth.token_response(request)
        if request.path in ("/v2/", "/v2"):
            return self.auth.refusal(request, "") or json_response(
                200, {}, {"Docker-Distribution-Api-Version": "registry/2.0"})
        route = ROUTE.match(request.path)
        if not route:
            return error_response(404, "NOT_FOUND", "no such page")
        refusal = self.auth.refusal(request, route["name"])
        if refusal:
            return refusal
        layout = Layout(os.path.join(self.root, route["name"]))
        if route["upload"] is not None:
            return self._upload(request, layout, route, action)
        if not layout.exists() and request.method != "PUT":
            return error_response(404, "NAME_UNKNOWN", "repository name not known to registry")
        if route["subject"]:
            return self._referrers(request, layout, route["subject"])
        if route["tags"]:
            return self._tags(request, layout, route["name"])
        if route["digest"]:
            return self._blob(request, layout, route["digest"], action)
        with self.lock:
            return self._manifest(request, layout, route["reference"])

    # manifests

    def _manifest(self, request, layout, reference):
        if request.method == "PUT":
            return self._put_manifest(request, layout, reference)
        if request.method == "DELETE":
            gone = layout.remove(reference)
            return Response(202) if gone else error_response(404, "MANIFEST_UNKNOWN", "manifest unknown")
        found = layout.find_manifest(reference)
        if not found or not layout.has_blob(found[0]):
            return error_response(404, "MANIFEST_UNKNOWN", "manifest unknown")
        digest, media_type = found
        if not accepts(request, media_type):
            return error_response(404, "MANIFEST_UNKNOWN", "OCI index found, but Accept header does "
                                  "not support OCI indexes")
        with open(layout.blob_path(digest), "rb") as file:
            body = file.read()
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest}
        return Response(200, headers, body)

    def _put_manifest(self, request, layout, reference):
        body = request.body_bytes()
        digest = reference if ":" in reference else "sha256:" + hashlib.sha256(body).hexdigest()
        if hashlib.new(digest.partition(":")[0], body).hexdigest() != digest.partition(":")[2]:
            return error_response(400, "DIGEST_INVALID", "provided digest did not match")
        layout.create()
        missing = missing_content(layout, body)
        if missing:
            return error_response(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown: " + missing)
        layout.put_blob(digest, body)
        layout.set_tag(reference, digest, request.header("content-type", ""), len(body))
        location = request.path.rpartition("/")[0] + "/" + digest
        response = Response(201, {"Location": location, "Docker-Content-Digest": digest})
        subject = json.loads(body).get("subject") if self.has_referrers else None
        if subject:
            response.set("OCI-Subject", subject["digest"])
        return response

    def _referrers(self, request, layout, subject):
        if not self.has_referrers:
            return error_response(404, "NOT_FOUND", "no such page")
        kind = request.argument("artifactType")
        entries = [e for e in layout.referrers(subject) if kind in (None, e.get("artifactType"))]
        headers = {"Content-Type": OCI + "index.v1+json"}
        if kind:
            headers["OCI-Filters-Applied"] = "artifactType"
        index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": entries}
        return Response(200, headers, json.dumps(index).encode())

    # blobs

    def _blob(self, request, layout, digest, action):
        if not layout.has_blob(digest):
            return error_response(404, "BLOB_UNKNOWN", "blob unknown to registry")
        if request.method == "DELETE":
            os.unlink(layout.blob_path(digest))
            return Response(202)
        file = open(layout.blob_path(digest), "rb")  # closed with the response
        size = os.fstat(file.fileno()).st_size
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
        wanted = None if action.get("ignore_range") else request.header("range")
        if wanted is None:
            return Response(200, {**headers, "Accept-Ranges": "bytes"}, file=file, size=size)
        first, last = parse_range(wanted, size)
        if first is None or first >= size:
            file.close()
            headers["Content-Range"] = "bytes */%d" % size
            return Response(416, headers, b"invalid range: failed to overlap\n")
        last = min(last, first + action.get("max_range", size) - 1)
        headers["Content-Range"] = "bytes %d-%d/%d" % (first, last, size)
        return Response(206, headers, file=file, start=first, size=last - first + 1)

    # uploads: a session is a file, its name the session's

    def _upload(self, request, layout, route, action):
        if request.method == "POST":
            return self._begin_upload(request, layout, route["name"], action)
        session = os.path.join(self.uploads, route["upload"] or "none")
        if not os.path.exists(session):
            return error_response(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        if request.method == "DELETE":
            os.unlink(session)
            return Response(204)
        if request.method in ("PATCH", "PUT") and not append(request, session, action):
            return Response(416, session_headers(route["name"], session))
        if request.method == "PUT":
            return commit(request, layout, route["name"], session)
        return Response(202 if request.method == "PATCH" else 204,
                        session_headers(route["name"], session))

    def _begin_upload(self, request, layout, name, action):
        mount, source = request.argument("mount"), request.argument("from")
        other = Layout(os.path.join(self.root, source)) if source else layout
        if mount and other.has_blob(mount):
            layout.create()
            with open(other.blob_path(mount), "rb") as file:
                layout.put_blob(mount, file.read())
            return Response(201, {"Location": "/v2/%s/blobs/%s" % (name, mount),
                                  "Docker-Content-Digest": mount})
        os.makedirs(self.uploads, exist_ok=True)
        session = os.path.join(self.uploads, secrets.token_hex(16))
        append(request, session, action)
        if request.argument("digest"):
            return commit(request, layout, name, session)
        return Response(202, session_headers(name, session))

    # tags

    def _tags(self, request, layout, name):
        tags = layout.tags()
        last, count = request.argument("last"), request.argument("n") or self.tags_page
        tags = [tag for tag in tags if last is None or tag > last]
        page = tags[:int(count)] if count is not None else tags
        response = json_response(200, {"name": name, "tags": page})
        if len(page) < len(tags) and page:
            link = '</v2/%s/tags/list?n=%s&last=%s>; rel="next"' % (name, count, page[-1])
            response.set("Link", link)
        return response


def append(request, session, action):
    """Adds the request's body to the session; False if it does not go on where that stands.

    Every piece is on disk at once: what had come when the client went away counts.
    """
    size = os.path.getsize(session) if os.path.exists(session) else 0
    start = request.header("content-range", str(size)).removeprefix("bytes ").partition("-")[0]
    if int(start) != size:
        request.body_bytes()
        return False
    with open(session, "ab", buffering=0) as file:
        for piece in request.body(action.get("read_body")):
            file.write(piece)
    return True


def session_headers(name, session):
    uuid = os.path.basename(session)
    return {"Location": "/v2/%s/blobs/uploads/%s?_state=%s" % (name, uuid, uuid[:8]),
            "Range": "0-%d" % max(os.path.getsize(session) - 1, 0),
            "Docker-Upload-UUID": uuid}


def commit(request, layout, name, session):
    digest = request.argument("digest", "")
    algorithm, _, value = digest.partition(":")
    if algorithm not in ("sha256", "sha512"):
        return error_response(400, "DIGEST_INVALID", "digest missing or not supported")
    with open(session, "rb") as file:
        found = hashlib.new(algorithm)
        while piece := file.read(1 << 20):
            found.update(piece)
    if found.hexdigest() != value:
        return error_response(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    layout.create()
    os.makedirs(os.path.dirname(layout.blob_path(digest)), exist_ok=True)
    os.replace(session, layout.blob_path(digest))
    return Response(201, {"Location": "/v2/%s/blobs/%s" % (name, digest),
                          "Docker-Content-Digest": digest})


def missing_content(layout, body):
    """The digest of the first thing that a manifest names and the repository lacks, or None."""
    try:
        document = json.loads(body)
        wanted = [document[key] for key in ("config",) if key in document]
        wanted += document.get("layers", []) + document.get("manifests", [])
        digests = [d["digest"] for d in wanted]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return next((digest for digest in digests if not layout.has_blob(digest)), None)


def accepts(request, media_type):
    accepted = ",".join(request.header_all("accept")) or "*/*"
    names = {part.partition(";")[0].strip() for part in accepted.split(",")}
    return bool(names & {media_type, "*/*", "application/*"})


def parse_range(text, size):
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text.strip())
    if not match or not (match[1] or match[2]):
        return None, None
    if not match[1]:
        return max(size - int(match[2]), 0), size - 1
    return int(match[1]), min(int(match[2]) if match[2] else size - 1, size - 1)
