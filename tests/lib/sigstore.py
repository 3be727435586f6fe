#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sigstore.py - a Sigstore of our own, made with openssl, and bundles by it: good ones, and others
with one mistake each

    sigstore.py all|good DIRECTORY DIGEST [PREDICATE_TYPE]
    sigstore.py classic DIRECTORY PAYLOAD

DIGEST is sha256:HEX of what is signed.  In DIRECTORY stand then root.json, roots with one mistake
(root-*.json) and NAME.json for every bundle; with "good" root.json, good.json, second.json (of
Rekor 2) and private.json (without a log).  What is there already goes on to certify.  With
"classic" the signatures are of that file and NAME.json has the annotations of cosign 2.
tests/cli/keyless.bats says what each of them is.
"""
import base64
import copy
import hashlib
import json
import os
import subprocess
import sys
import time

ISSUER = "https://issuer.example"
SUBJECT = "https://ci.example/owner/name/.ci/build.yml@refs/heads/main"
V3 = "application/vnd.dev.sigstore.bundle.v0.3+json"
OLD = "application/vnd.dev.sigstore.bundle+json;version=0."
STATEMENT = "application/vnd.in-toto+json"
SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"
NOW = int(time.time())
WINDOW = (NOW - 300, NOW + 300)
YEARS = (NOW - 86400, NOW + 86400 * 365)


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True, capture_output=True).stdout


def write(name, data):
    with open(name, "wb" if isinstance(data, bytes) else "w") as file:
        file.write(data)


def read(name):
    with open(name, "rb") as file:
        return file.read()


def b64(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).digest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def flipped(text):
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return b64(bytes(data))


# Keys

def make_key(name, kind="ec"):
    options = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else []
    openssl("genpkey", "-algorithm", kind, *options, "-out", name + ".key")
    openssl("pkey", "-in", name + ".key", "-pubout", "-out", name + ".pub")
    return name


def spki(name):
    return openssl("pkey", "-pubin", "-in", name + ".pub", "-outform", "DER")


def sign(name, data):
    if b"ED25519" not in openssl("pkey", "-pubin", "-in", name + ".pub", "-text", "-noout").upper():
        return openssl("dgst", "-sha256", "-sign", name + ".key", data=data)
    write("to-sign", data)
    return openssl("pkeyutl", "-sign", "-inkey", name + ".key", "-rawin", "-in", "to-sign")


# Certificates

def der_length(size):
    if size < 128:
        return bytes([size])
    data = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([128 | len(data)]) + data


def element(der, at):
    """Where the content of the element at this place begins and ends."""
    size, begin = der[at + 1], at + 2
    if size & 128:
        begin += size & 127
        size = int.from_bytes(der[at + 2:begin], "big")
    return begin, begin + size


def elements(der):
    """Those in the outer one."""
    at, end = element(der, 0)
    while at < end:
        _, after = element(der, at)
        yield der[at:after]
        at = after


def tbs_of(der):
    return next(elements(der))


def time_text(seconds):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))


CA_CONFIG = """
[ca]
default_ca = it
[it]
database = database
serial = serial
new_certs_dir = .
default_md = sha256
policy = policy
unique_subject = no
[policy]
organizationName = optional
commonName = optional
[extensions]
%s
"""

USAGE = "keyUsage=critical,digitalSignature"
SIGNER = ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"]
AUTHORITY = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign", "subjectKeyIdentifier=hash"]
CODE = "extendedKeyUsage=codeSigning"


def issue(name, issuer, extensions, window=WINDOW, serial="1000"):
    """DER of a certificate for the key `name`."""
    write("database", "")
    write("serial", serial + "\n")
    write("ca.conf", CA_CONFIG % "\n".join(extensions))
    openssl("req", "-new", "-key", name + ".key", "-subj", "/O=twin/CN=" + name, "-out", "request")
    by = ["-selfsign"] if issuer == name else ["-cert", issuer + ".pem"]
    openssl("ca", "-batch", "-notext", "-config", "ca.conf", *by, "-keyfile", issuer + ".key",
            "-extensions", "extensions", "-startdate", time_text(window[0]), "-enddate",
            time_text(window[1]), "-in", "request", "-out", name + ".pem")
    return openssl("x509", "-in", name + ".pem", "-outform", "DER")


def make_root(name):
    make_key(name)
    issue(name, name, [*AUTHORITY], YEARS)


def sct(log, issuer, certificate, time_ms, log_id=None):
    """RFC 6962, 3.2 and 3.3: the list of one."""
    tbs = tbs_of(certificate)
    openssl("x509", "-in", issuer + ".pem", "-pubkey", "-noout", "-out", "issuer.pub")
    signed = (b"\0\0" + time_ms.to_bytes(8, "big") + b"\0\1" + sha256(spki("issuer")) +
              len(tbs).to_bytes(3, "big") + tbs + b"\0\0")
    signature = sign(log, signed)
    one = (b"\0" + (log_id or sha256(spki(log))) + time_ms.to_bytes(8, "big") + b"\0\0" + b"\4\3" +
           len(signature).to_bytes(2, "big") + signature)
    listed = len(one).to_bytes(2, "big") + one
    listed = len(listed).to_bytes(2, "big") + listed
    return b"\4" + der_length(len(listed)) + listed


def signer(name, issuer="intermediate", log="ctlog", names=("URI:" + SUBJECT,), purpose=CODE, window=WINDOW,
           extra=(), break_sct=False, usage=USAGE):
    """DER of a certificate that a log has listed."""
    if not os.path.exists(name + ".key"):
        make_key(name)
    extensions = [usage, *SIGNER, "subjectAltName=critical," + ",".join(names),
                  "1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:" + ISSUER, *extra]
    extensions += [purpose] if purpose else []
    certificate = issue(name, issuer, extensions, window)
    if not log:
        return certificate
    listed = bytearray(sct(log, issuer, certificate, NOW * 1000))
    listed[-1] ^= break_sct
    return issue(name, issuer, extensions + [SCT_LIST + "=DER:" + listed.hex()], window)


# Logs: RFC 6962, 2.1

def tree_hash(leaves):
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0])
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + tree_hash(leaves[:split]) + tree_hash(leaves[split:]))


def path_of(index, leaves):
    if len(leaves) == 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return path_of(index, leaves[:split]) + [tree_hash(leaves[split:])]
    return path_of(index - split, leaves[split:]) + [tree_hash(leaves[:split])]


def checkpoint(key, log_id, origin, name, size, root):
    text = "%s\n%d\n%s\n" % (origin, size, b64(root))
    return "%s\n\u2014 %s %s\n" % (text, name, b64(log_id[:4] + sign(key, text.encode())))


def proof(body, index, size, key, log_id, origin, name):
    leaves = [b"other %d" % i for i in range(size)]
    leaves[index] = body
    root = tree_hash(leaves)
    return {"logIndex": str(index), "treeSize": str(size), "rootHash": b64(root),
            "hashes": [b64(h) for h in path_of(index, leaves)],
            "checkpoint": {"envelope": checkpoint(key, log_id, origin, name, size, root)}}


def pem_of(certificate):
    return openssl("x509", "-inform", "DER", data=certificate)


REKOR, REKOR2, REKOR3 = "rekor.example", "log2.example", "log3.example"


def rekor2_id(key):
    return sha256(REKOR2.encode() + b"\n\1" + spki(key)[-32:])


def promise(entry, key="rekor"):
    body = {"body": entry["canonicalizedBody"], "integratedTime": int(entry["integratedTime"]),
            "logID": base64.b64decode(entry["logId"]["keyId"]).hex(), "logIndex": int(entry["logIndex"])}
    entry["inclusionPromise"] = {"signedEntryTimestamp": b64(sign(key, canonical(body)))}


def first_entry(kind, spec, when=NOW, index=3, size=7, key="rekor", version="0.0.1"):
    body = canonical({"apiVersion": version, "kind": kind, "spec": spec})
    log_id = sha256(spki("rekor"))
    entry = {"logIndex": "1003", "logId": {"keyId": b64(log_id)}, "kindVersion": {"kind": kind, "version": version},
             "integratedTime": str(when), "canonicalizedBody": b64(body),
             "inclusionProof": proof(body, index, size, key, log_id, REKOR + " - 42", REKOR)}
    promise(entry)
    return entry


def second_entry(spec, origin=REKOR2, kind="hashedrekord", key="rekor2", log_id=None):
    name = {"hashedrekord": "hashedRekordV002", "dsse": "dsseV002"}[kind]
    body = canonical({"apiVersion": "0.0.2", "kind": kind, "spec": {name: spec}})
    log_id = log_id or rekor2_id("rekor2")
    return {"logIndex": "4", "logId": {"keyId": b64(log_id)},
            "kindVersion": {"kind": kind, "version": "0.0.2"}, "canonicalizedBody": b64(body),
            "inclusionProof": proof(body, 4, 5, key, log_id, origin, origin)}


# Times

TSA_CONFIG = """
[tsa]
default_tsa = it
[it]
serial = tsa-serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
"""


def stamp(data, tsa="tsa", with_certificate=False):
    write("tsa.conf", TSA_CONFIG)
    write("tsa-serial", "01\n")
    write("stamped", data)
    openssl("ts", "-query", "-data", "stamped", "-sha256", *["-cert"] * with_certificate, "-out", "query")
    openssl("ts", "-reply", "-config", "tsa.conf", "-queryfile", "query", "-signer", tsa + ".pem", "-inkey",
            tsa + ".key", "-out", "reply")
    return read("reply")


# Bundles

def pae(payload, kind=STATEMENT):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


class Maker:
    def __init__(self, digest, predicate_type):
        self.statement = {"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate_type,
                          "predicate": {}, "subject": [{"digest": {"sha256": digest.split(":")[1]}}]}
        self.payload = canonical(self.statement)

    def dsse_spec(self, signature, certificate, payload=None):
        return {"envelopeHash": {"algorithm": "sha256", "value": "00" * 32},
                "payloadHash": {"algorithm": "sha256", "value": sha256(payload or self.payload).hex()},
                "signatures": [{"signature": signature, "verifier": b64(pem_of(certificate))}]}

    def second_spec(self, signature, certificate, payload=None):
        return {"data": {"algorithm": "SHA2_256", "digest": b64(sha256(pae(payload or self.payload)))},
                "signature": {"content": signature,
                              "verifier": {"keyDetails": "PKIX_ECDSA_P256_SHA_256",
                                           "x509Certificate": {"rawBytes": b64(certificate)}}}}

    def envelope(self, certificate, signature, entries, stamps=()):
        return {"mediaType": V3, "verificationMaterial": {
                    "certificate": {"rawBytes": b64(certificate)}, "tlogEntries": entries,
                    "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": b64(s)} for s in stamps]}},
                "dsseEnvelope": {"payload": b64(self.payload), "payloadType": STATEMENT,
                                 "signatures": [{"sig": signature}]}}

    def first(self, certificate, key="signer", when=NOW, stamps=()):
        signature = b64(sign(key, pae(self.payload)))
        entry = first_entry("dsse", self.dsse_spec(signature, certificate), when)
        return self.envelope(certificate, signature, [entry], stamps)

    def second(self, certificate, stamps=None):
        signature = b64(sign("signer", pae(self.payload)))
        stamps = [stamp(base64.b64decode(signature))] if stamps is None else stamps
        return self.envelope(certificate, signature, [second_entry(self.second_spec(signature, certificate))], stamps)

    def second_by_ecdsa(self, certificate, key="rekor3"):
        signature = b64(sign("signer", pae(self.payload)))
        entry = second_entry(self.second_spec(signature, certificate), REKOR3, key=key, log_id=sha256(spki("rekor3")))
        return self.envelope(certificate, signature, [entry], [stamp(base64.b64decode(signature))])

    def second_dsse(self, certificate, digest=None, count=1):
        signature = b64(sign("signer", pae(self.payload)))
        spec = self.second_spec(signature, certificate)
        spec = {"payloadHash": {"algorithm": "SHA2_256", "digest": b64(digest or sha256(self.payload))},
                "signatures": [spec["signature"]] * count}
        return self.envelope(certificate, signature, [second_entry(spec, kind="dsse")],
                             [stamp(base64.b64decode(signature))])

    def private(self, certificate, with_certificate=False):
        signature = b64(sign("signer", pae(self.payload)))
        return self.envelope(certificate, signature, [],
                             [stamp(base64.b64decode(signature), with_certificate=with_certificate)])


def save(name, bundle):
    write(name + ".json", json.dumps(bundle))


def changed(bundle, change):
    """A copy, and what `change` does to it."""
    other = copy.deepcopy(bundle)
    material = other["verificationMaterial"]
    change(other, material, material["tlogEntries"][0] if material["tlogEntries"] else None)
    return other


def reproof(entry, **others):
    """The entry's proof with another checkpoint, signed by the log."""
    here = entry["inclusionProof"]
    said = {"key": "rekor", "log_id": sha256(spki("rekor")), "origin": REKOR + " - 42", "name": REKOR,
            "size": int(here["treeSize"]), "root": base64.b64decode(here["rootHash"]), **others}
    here["checkpoint"]["envelope"] = checkpoint(**said)


def rebody(entry, change):
    """Another body, which the log lists too."""
    body = json.loads(base64.b64decode(entry["canonicalizedBody"]))
    change(body)
    entry.update(first_entry(body["kind"], body["spec"], int(entry["integratedTime"]), version=body["apiVersion"]))


def old(bundle, minor):
    def change(it, material, entry):
        it["mediaType"] = OLD + str(minor)
        if minor < 3:
            material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    return changed(bundle, change)


def set_in(path, value):
    def change(it, _material, _entry):
        for name in path[:-1]:
            it = it[name]
        it[path[-1]] = value(it[path[-1]]) if callable(value) else value
    return change


ENTRY = ["verificationMaterial", "tlogEntries", 0]
PROOF = ENTRY + ["inclusionProof"]
STAMP = ["verificationMaterial", "timestampVerificationData", "rfc3161Timestamps", 0, "signedTimestamp"]


def make_bundles(maker):
    certificate = signer("signer")
    good = maker.first(certificate)
    second = maker.second(certificate)
    save("good", good)
    save("second", second)
    save("second-by-ecdsa", maker.second_by_ecdsa(certificate))
    save("log-second-by-other-ecdsa", maker.second_by_ecdsa(certificate, "other-rekor"))
    save("second-dsse", maker.second_dsse(certificate))
    save("log-second-dsse-other-payload", maker.second_dsse(certificate, sha256(pae(maker.payload))))
    save("log-second-dsse-two-signatures", maker.second_dsse(certificate, count=2))
    for minor in (1, 2, 3):
        save("good-0.%d" % minor, old(good, minor))
    make_certificates(maker)
    make_contents(maker, good)
    make_logs(good, second)
    make_times(maker, second)


def make_certificates(maker):
    def one(name, **options):
        save("certificate-" + name, maker.first(signer("signer", **options)))
    one("expired", window=(NOW - 900, NOW - 300))
    one("not-yet", window=(NOW + 300, NOW + 900))
    one("no-purpose", purpose=None)
    one("other-purpose", purpose="extendedKeyUsage=serverAuth")
    one("authority", extra=["basicConstraints=critical,CA:true"])
    one("other-usage", usage="keyUsage=critical,keyAgreement")
    one("unlisted", log=None)
    one("wrong-list", break_sct=True)
    one("unknown-list", log="other-ctlog")
    one("two-names", names=("URI:" + SUBJECT, "email:someone@example.com"))
    name = b"https://ci.example/\xff"
    one("not-utf-8", names=("DER:" + (bytes([0x30, len(name) + 2, 0x86, len(name)]) + name).hex(),))
    one("no-name", names=("DNS:ci.example",))
    one("other-subject", names=("URI:" + SUBJECT.replace("main", "evil"),))
    one("address", names=("email:someone@example.com",))
    one("other-authority", issuer="other-root")
    chain = old(maker.first(signer("signer")), 2)
    chain["verificationMaterial"]["x509CertificateChain"]["certificates"].append(
        {"rawBytes": b64(openssl("x509", "-in", "root.pem", "-outform", "DER"))})
    save("certificate-root", chain)
    save("signature-other-key", maker.first(signer("signer"), key="rekor"))
    hours = signer("signer", window=(NOW - 300, NOW + 7200))
    save("time-future", maker.first(hours, when=NOW + 3600))
    save("private", maker.private(signer("signer", log=None)))
    save("private-with-certificate", maker.private(signer("signer", log=None), True))


def make_contents(maker, good):
    other = canonical({**maker.statement, "predicate": {"other": True}})
    save("payload-other", changed(good, set_in(["dsseEnvelope", "payload"], b64(other))))
    save("payload-type-other", changed(good, set_in(["dsseEnvelope", "payloadType"], "text/plain")))
    save("signature-flipped", changed(good, set_in(["dsseEnvelope", "signatures", 0, "sig"], flipped)))


def make_logs(good, second):
    entry = good["verificationMaterial"]["tlogEntries"][0]
    size = int(entry["inclusionProof"]["treeSize"])

    def one(name, change, of=good):
        save("log-" + name, changed(of, change))

    def body(name, change):
        one(name, lambda _it, _material, entry: rebody(entry, change))

    one("unknown", set_in(ENTRY + ["logId", "keyId"], b64(b"\0" * 32)))
    one("no-promise", lambda _i, _m, e: e.pop("inclusionPromise"))
    one("no-promise-0.1", lambda i, m, e: (e.pop("inclusionPromise"), i.update(old(i, 1))))
    one("wrong-promise", set_in(ENTRY + ["inclusionPromise", "signedEntryTimestamp"], flipped))
    one("promise-other-index", set_in(ENTRY + ["logIndex"], "1004"))
    one("promise-other-time", set_in(ENTRY + ["integratedTime"], str(NOW - 1)))
    one("no-proof", lambda _i, _m, e: e.pop("inclusionProof"))
    one("no-checkpoint", lambda _i, _m, e: e["inclusionProof"].pop("checkpoint"))
    one("wrong-hash", set_in(PROOF + ["hashes", 1], flipped))
    one("short-hash", set_in(PROOF + ["hashes", 1], b64(b"\0" * 31)))
    one("too-few-hashes", set_in(PROOF + ["hashes"], lambda hashes: hashes[:-1]))
    one("too-many-hashes", set_in(PROOF + ["hashes"], lambda hashes: hashes + hashes[:1]))
    one("other-index", set_in(PROOF + ["logIndex"], "2"))
    one("index-is-size", set_in(PROOF + ["logIndex"], str(size)))
    one("index-largest", set_in(PROOF + ["logIndex"], str(2**63 - 1)))
    one("index-too-large", set_in(PROOF + ["logIndex"], str(2**63)))
    one("no-size", set_in(PROOF + ["treeSize"], "0"))
    one("size-largest", set_in(PROOF + ["treeSize"], str(2**63 - 1)))
    one("other-root", set_in(PROOF + ["rootHash"], flipped))
    one("checkpoint-other-key", lambda _i, _m, e: reproof(e, key="other-rekor"))
    one("checkpoint-other-hint", lambda _i, _m, e: reproof(e, log_id=b"\0" * 4))
    one("checkpoint-other-root", lambda _i, _m, e: reproof(e, root=b"\0" * 32))
    one("checkpoint-other-size", lambda _i, _m, e: reproof(e, size=size + 1))
    one("checkpoint-no-signature", set_in(PROOF + ["checkpoint", "envelope"], lambda t: t.split("\n\n")[0] + "\n\n"))
    one("checkpoint-no-note", set_in(PROOF + ["checkpoint", "envelope"], lambda t: t.split("\n\n")[0]))
    one("checkpoint-witnessed", set_in(PROOF + ["checkpoint", "envelope"], lambda t: t.replace(
        "\n\n", "\n\n\u2014 witness.example " + b64(b"\0" * 68) + "\n")))
    for name, count in (("most", 15), ("more", 16)):
        line = "\u2014 %s %s\n" % (REKOR, b64(sha256(spki("rekor"))[:4] + b"\0" * 64))
        one("checkpoint-" + name, set_in(PROOF + ["checkpoint", "envelope"], lambda t, n=count, l=line: t.replace(
            "\n\n", "\n\n" + l * n)))
    one("checkpoint-long", set_in(PROOF + ["checkpoint", "envelope"], lambda t: t + "\n" * 65536))
    body("other-payload", lambda b: b["spec"]["payloadHash"].update(value="00" * 32))
    body("other-signature", lambda b: b["spec"]["signatures"][0].update(
        signature=flipped(b["spec"]["signatures"][0]["signature"])))
    body("two-signatures", lambda b: b["spec"]["signatures"].append(b["spec"]["signatures"][0]))
    body("other-certificate", lambda b: b["spec"]["signatures"][0].update(verifier=b64(read("root.pem"))))
    body("unknown-kind", lambda b: b.update(kind="helm"))
    one("other-kind", set_in(ENTRY + ["kindVersion", "kind"], "hashedrekord"))
    one("second-no-proof", lambda _i, _m, e: e.pop("inclusionProof"), second)
    one("second-promise", lambda _i, _m, e: e.update(
        inclusionPromise=good["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]), second)
    one("second-other-origin", lambda _i, _m, e: reproof(
        e, key="rekor2", log_id=rekor2_id("rekor2"), origin="other.example", name="other.example"), second)


def make_times(maker, second):
    def one(name, value):
        save("time-" + name, changed(second, set_in(STAMP, value)))
    signature = base64.b64decode(second["dsseEnvelope"]["signatures"][0]["sig"])
    save("time-none", changed(second, lambda _i, m, _e: m.pop("timestampVerificationData")))
    one("of-other-signature", b64(stamp(b"other")))
    one("by-other-authority", b64(stamp(signature, "other-tsa", True)))
    one("by-other-certificate", b64(stamp(signature, "second-tsa", True)))
    one("longer", lambda text: b64(base64.b64decode(text) + b"\0"))
    one("shorter", lambda text: b64(base64.b64decode(text)[:-1]))
    one("flipped", flipped)
    one("with-certificate", b64(stamp(signature, with_certificate=True)))
    late = maker.first(signer("signer", window=(NOW - 900, NOW - 300)), when=NOW - 600)
    stamped = base64.b64decode(late["dsseEnvelope"]["signatures"][0]["sig"])
    late["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] = [
        {"signedTimestamp": b64(stamp(stamped))}]
    save("time-after-certificate", late)
    stamped = maker.first(signer("signer"))
    signature = base64.b64decode(stamped["dsseEnvelope"]["signatures"][0]["sig"])
    stamped["verificationMaterial"]["tlogEntries"][0].pop("inclusionPromise")
    stamped["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] = [
        {"signedTimestamp": b64(stamp(signature))}]
    save("time-instead-of-promise", stamped)


# Annotations of the older form

def classic(payload, certificate, kind="hashedrekord"):
    signature = b64(sign("signer", payload))
    pem = pem_of(certificate)
    entry = first_entry(kind, {"data": {"hash": {"algorithm": "sha256", "value": sha256(payload).hex()}},
                               "signature": {"content": signature, "publicKey": {"content": b64(pem)}}})
    promised = {"SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"], "Payload": {
        "body": entry["canonicalizedBody"], "integratedTime": int(entry["integratedTime"]),
        "logIndex": int(entry["logIndex"]), "logID": base64.b64decode(entry["logId"]["keyId"]).hex()}}
    return {"dev.cosignproject.cosign/signature": signature, "dev.sigstore.cosign/certificate": pem.decode(),
            "dev.sigstore.cosign/chain": (read("intermediate.pem") + read("root.pem")).decode(),
            "dev.sigstore.cosign/bundle": json.dumps(promised)}


def make_classic(payload):
    good = classic(payload, signer("signer"))
    promised, pem, stamped = ("dev.sigstore.cosign/" + name for name in ("bundle", "certificate", "rfc3161timestamp"))
    save("good", good)
    stamps = {stamped: json.dumps({"SignedRFC3161Timestamp": b64(stamp(base64.b64decode(
        good["dev.cosignproject.cosign/signature"])))})}
    save("stamped", {**good, **stamps})

    def one(name, *path, value):
        other = json.loads(good[promised])
        set_in(path, value)(other, None, None)
        save(name, {**good, promised: json.dumps(other)})
    one("promise-flipped", "SignedEntryTimestamp", value=flipped)
    one("other-index", "Payload", "logIndex", value=1004)
    one("other-time", "Payload", "integratedTime", value=NOW - 1)
    one("no-time", "Payload", "integratedTime", value=None)
    one("time-text", "Payload", "integratedTime", value="now")
    one("unknown-log", "Payload", "logID", value="00" * 32)
    one("log-short", "Payload", "logID", value=lambda text: text[:-2])
    one("body-map", "Payload", "body", value={})
    one("list", "Payload", value=[])
    save("other-payload", {**good, promised: classic(payload + b" ", signer("signer"))[promised]})
    save("other-kind", classic(payload, signer("signer"), "rekord"))
    save("expired", classic(payload, signer("signer", window=(NOW - 900, NOW - 300))))
    save("unlisted", classic(payload, signer("signer", log=None)))
    save("other-subject", classic(payload, signer("signer", names=("URI:" + SUBJECT.replace("main", "evil"),))))
    save("not-json", {**good, promised: "{"})
    save("not-pem", {**good, pem: "x"})
    save("no-certificate", {name: text for name, text in good.items() if name != pem})
    save("private", {name: text for name, text in {**good, **stamps}.items() if name != promised})
    save("nothing", {name: text for name, text in good.items() if name != promised})


# The trusted root

def range_of(start=NOW - 86400, end=None):
    def text(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    return {"start": text(start), **({"end": text(end)} if end is not None else {})}


def log_of(key, host, details, log_id):
    return {"baseUrl": "https://" + host, "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(log_id)},
            "publicKey": {"rawBytes": b64(spki(key)), "keyDetails": details, "validFor": range_of()}}


def chain_of(*names):
    return {"certificates": [{"rawBytes": b64(openssl("x509", "-in", n + ".pem", "-outform", "DER"))} for n in names]}


def trusted_root():
    ec = "PKIX_ECDSA_P256_SHA_256"
    return {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log_of("rekor", REKOR, ec, sha256(spki("rekor"))),
                      log_of("rekor2", REKOR2, "PKIX_ED25519", rekor2_id("rekor2")),
                      log_of("rekor3", REKOR3, ec, sha256(spki("rekor3")))],
            "ctlogs": [log_of("ctlog", "ct.example", ec, sha256(spki("ctlog")))],
            "certificateAuthorities": [{"uri": "https://ca.example", "certChain": chain_of("intermediate", "root"),
                                        "validFor": range_of()}],
            "timestampAuthorities": [{"uri": "https://tsa.example", "certChain": chain_of("tsa", "tsa-root"),
                                      "validFor": range_of()}]}


def save_roots():
    root = trusted_root()
    past = range_of(end=NOW - 3600)

    def one(name, *path, value=past):
        other = copy.deepcopy(root)
        set_in(path, value)(other, None, None)
        write("root-%s.json" % name, json.dumps(other))
    one("log-ended", "tlogs", 0, "publicKey", "validFor")
    one("second-log-ended", "tlogs", 1, "publicKey", "validFor")
    one("log-at-end", "tlogs", 0, "publicKey", "validFor", value=range_of(end=NOW))
    one("log-no-start", "tlogs", 0, "publicKey", "validFor", value={})
    one("list-ended", "ctlogs", 0, "publicKey", "validFor")
    one("authority-ended", "certificateAuthorities", 0, "validFor")
    one("times-ended", "timestampAuthorities", 0, "validFor")
    one("other-root", "certificateAuthorities", 0, "certChain", value=chain_of("other-root"))
    one("no-logs", "tlogs", value=[])
    one("unknown-key", "tlogs", 0, "publicKey", "rawBytes", value=b64(b"\x30\0"))
    one("no-type", "mediaType", value="application/json")
    one("no-chain", "certificateAuthorities", 0, "certChain", value={"certificates": []})


def make_authorities():
    for key in ("ctlog", "other-ctlog", "rekor", "other-rekor", "rekor3"):
        make_key(key)
    make_key("rekor2", "ed25519")
    for root in ("root", "other-root", "tsa-root", "other-tsa-root"):
        make_root(root)
    make_key("intermediate")
    issue("intermediate", "root", [*AUTHORITY, CODE], YEARS)
    for serial, name, root in (("2001", "tsa", "tsa-root"), ("2002", "second-tsa", "tsa-root"),
                               ("2003", "other-tsa", "other-tsa-root")):
        make_key(name)
        issue(name, root, [USAGE, *SIGNER, "extendedKeyUsage=critical,timeStamping"], YEARS, serial)


def main():
    which, directory, digest = sys.argv[1:4]
    payload = read(digest) if which == "classic" else None
    os.makedirs(directory, exist_ok=True)
    os.chdir(directory)
    if not os.path.exists("root.json"):
        make_authorities()
        write("root.json", json.dumps(trusted_root()))
    if payload is not None:
        make_classic(payload)
        return
    maker = Maker(digest, sys.argv[4] if len(sys.argv) > 4 else "https://sigstore.dev/cosign/sign/v1")
    if which == "all":
        save_roots()
        make_bundles(maker)
        return
    certificate = signer("signer")
    save("good", maker.first(certificate))
    save("second", maker.second(certificate))
    save("private", maker.private(signer("signer", log=None)))


if __name__ == "__main__":
    main()
