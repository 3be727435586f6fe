#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sigstore_server.py - Fulcio, Rekor 1 and 2 and a time authority of our own, which believe everybody

    sigstore_server.py DIRECTORY PORT_FILE

DIRECTORY is one of sigstore.py, whose authorities and logs certify; every certificate is of ISSUER and
SUBJECT there.  For programs that sign by an identity: Fulcio's API (v1, v2), /api/v1/log/entries of
Rekor 1, /api/v2/log/entries of Rekor 2, /api/v1/timestamp.
"""
import base64
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import sigstore
from sigstore import b64, openssl, read, sha256, write

SCT_LIST_OID = bytes.fromhex("060a2b06010401d679020402")


def issue(extensions):
    """DER of a certificate for the public key in caller.pub, from now on."""
    write("leaf.conf", "[extensions]\n" + "\n".join(extensions))
    openssl("x509", "-new", "-force_pubkey", "caller.pub", "-subj", "/O=twin", "-CA", "intermediate.pem", "-CAkey",
            "intermediate.key", "-set_serial", "4096", "-days", "1", "-extfile", "leaf.conf", "-extensions",
            "extensions", "-out", "caller.pem")
    return openssl("x509", "-in", "caller.pem", "-outform", "DER")


def der(tag, *parts):
    data = b"".join(parts)
    return bytes([tag]) + sigstore.der_length(len(data)) + data


def listed(certificate):
    """The same certificate with the promise of a log; openssl cannot issue one twice with the same times."""
    tbs, algorithm, _ = sigstore.elements(certificate)
    *fields, extensions = sigstore.elements(tbs)
    promise = der(0x30, SCT_LIST_OID, der(0x04, sigstore.sct("ctlog", "intermediate", certificate,
                                                            int(time.time()) * 1000)))
    extensions = der(0xa3, der(0x30, *sigstore.elements(next(sigstore.elements(extensions))), promise))
    tbs = der(0x30, *fields, extensions)
    return der(0x30, tbs, algorithm, der(0x03, b"\0" + sigstore.sign("intermediate", tbs)))


def certify(public_key):
    """PEM of what Fulcio issues, and of its chain."""
    write("caller.pub", public_key)
    certificate = listed(issue([sigstore.USAGE, *sigstore.SIGNER, "subjectAltName=critical,URI:" + sigstore.SUBJECT,
                                "1.3.6.1.4.1.57264.1.1=DER:" + sigstore.ISSUER.encode().hex(),
                                "1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:" + sigstore.ISSUER, sigstore.CODE]))
    return [text.decode() for text in (sigstore.pem_of(certificate), read("intermediate.pem"), read("root.pem"))]


def first_log(proposed):
    spec, kind = proposed["spec"], proposed["kind"]
    if kind == "dsse":
        content = spec["proposedContent"]
        envelope = json.loads(content["envelope"])
        spec = {"envelopeHash": {"algorithm": "sha256", "value": sha256(content["envelope"].encode()).hex()},
                "payloadHash": {"algorithm": "sha256",
                                "value": sha256(base64.b64decode(envelope["payload"])).hex()},
                "signatures": [{"signature": one["sig"], "verifier": verifier}
                               for one, verifier in zip(envelope["signatures"], content["verifiers"])]}
    entry = sigstore.first_entry(kind, spec, int(time.time()))
    body, proof = base64.b64decode(entry["canonicalizedBody"]), entry["inclusionProof"]
    return {sha256(b"\0" + body).hex(): {
        "body": entry["canonicalizedBody"], "integratedTime": int(entry["integratedTime"]),
        "logID": base64.b64decode(entry["logId"]["keyId"]).hex(), "logIndex": int(entry["logIndex"]),
        "verification": {"signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
                         "inclusionProof": {"checkpoint": proof["checkpoint"]["envelope"],
                                            "hashes": [base64.b64decode(h).hex() for h in proof["hashes"]],
                                            "logIndex": int(proof["logIndex"]), "treeSize": int(proof["treeSize"]),
                                            "rootHash": base64.b64decode(proof["rootHash"]).hex()}}}}


def second_log(request):
    if "dsseRequestV002" in request:
        envelope, verifiers = (request["dsseRequestV002"][name] for name in ("envelope", "verifiers"))
        return sigstore.second_entry({
            "payloadHash": {"algorithm": "SHA2_256", "digest": b64(sha256(base64.b64decode(envelope["payload"])))},
            "signatures": [{"content": one["sig"], "verifier": verifier}
                           for one, verifier in zip(envelope["signatures"], verifiers)]}, kind="dsse")
    record = request["hashedRekordRequestV002"]
    return sigstore.second_entry({"data": {"algorithm": "SHA2_256", "digest": record["digest"]},
                                  "signature": record["signature"]})


def stamp(query):
    write("tsa.conf", sigstore.TSA_CONFIG)
    write("tsa-serial", "01\n")
    write("query", query)
    openssl("ts", "-reply", "-config", "tsa.conf", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "tsa.key",
            "-out", "reply")
    return read("reply")


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, kind, data, tag=None):
        self.send_response(status)
        if tag:
            self.send_header("ETag", tag)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/v1/timestamp":
            return self.answer(201, "application/timestamp-reply", stamp(data))
        said = json.loads(data)
        if self.path == "/api/v1/signingCert":
            public_key = base64.b64decode(said["publicKey"]["content"])
            return self.answer(201, "application/pem-certificate-chain", "".join(certify(public_key)).encode())
        if self.path == "/api/v2/signingCert":
            chain = certify(said["publicKeyRequest"]["publicKey"]["content"].encode())
            value, status = {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}, 200
        else:
            value, status = (first_log if self.path == "/api/v1/log/entries" else second_log)(said), 201
        return self.answer(status, "application/json", json.dumps(value).encode(), next(iter(value)))


def main():
    directory, port_file = sys.argv[1], os.path.abspath(sys.argv[2])
    os.chdir(directory)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    write(port_file + ".new", str(server.server_port))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
