#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""token_server.py - tokens that a real docker-registry takes

    token_server.py --key KEY.pem --cert CERT.pem --port-file FILE [--log FILE]
                    [--user NAME:PASSWORD]... [--anonymous]

GET form (Basic, or anonymous for pull) and POST form (password, refresh_token) of distribution's
token specification; JWTs signed with RS256 by openssl, with the certificate in x5c.
"""
import argparse
import base64
import http.server
import json
import os
import ssl
import subprocess
import time
import urllib.parse
import uuid

LIFE_S = 300


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encoded(value):
    return base64url(json.dumps(value, separators=(",", ":")).encode())


def signed(options, claims):
    with open(options.cert, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
    text = encoded(header) + "." + encoded(claims)
    command = ["openssl", "dgst", "-sha256", "-sign", options.key]
    signature = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    return text + "." + base64url(signature)


def access(scopes, user):
    """What USER gets of SCOPES; nobody ("") gets pull alone."""
    granted = []
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        allowed = [a for a in actions.split(",") if user or a == "pull"]
        granted.append({"type": kind, "name": name, "actions": allowed})
    return granted


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        user = ""
        if kind.lower() == "basic":
            name, _, password = base64.b64decode(value).decode().partition(":")
            user = self.checked(name, password)
        self.answer(user, query.get("scope", []), query.get("service", [""])[0])

    def do_POST(self):
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {key: values[0] for key, values in urllib.parse.parse_qs(form).items()}
        if form.get("grant_type") == "refresh_token":
            user = "tester" if form.get("refresh_token") == "rig-refresh" else None
        else:
            user = self.checked(form.get("username"), form.get("password"))
        self.answer(user, form.get("scope", "").split(), form.get("service", ""))

    def checked(self, name, password):
        return name if "%s:%s" % (name, password) in self.server.options.user else None

    def answer(self, user, scopes, service):
        self.log(user, scopes)
        if user is None or (user == "" and not self.server.options.anonymous):
            error = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
            return self.reply(401, error)
        now = int(time.time())
        claims = {"iss": "rig", "sub": user, "aud": service, "iat": now, "nbf": now - 10,
                  "exp": now + LIFE_S, "jti": str(uuid.uuid4()), "access": access(scopes, user)}
        token = signed(self.server.options, claims)
        return self.reply(200, {"token": token, "access_token": token, "expires_in": LIFE_S})

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log(self, user, scopes):
        line = {"event": "request", "method": self.command, "path": self.path, "user": user,
                "scopes": scopes, "headers": {k.lower(): v for k, v in self.headers.items()}}
        with open(self.server.options.log, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--key", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--log", default="/dev/null")
    parser.add_argument("--user", action="append", default=[])
    parser.add_argument("--anonymous", action="store_true")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.options = parser.parse_args()
    with open(server.options.port_file + ".new", "w", encoding="ascii") as file:
        file.write("%d\n" % server.server_address[1])
    os.replace(server.options.port_file + ".new", server.options.port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
