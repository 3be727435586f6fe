"""auth.py - who may do what: nothing asked, Basic, or Bearer with a token endpoint

Tokens are opaque and live in memory.  Sources: RFC 7617, RFC 6750, distribution's token
specification (GET form) and its OAuth2 form (POST).
"""
import base64
import os
import secrets
import time
import urllib.parse

from wire import error_response, json_response

READS = ("GET", "HEAD")


class Auth:
    """OPTIONS: auth, user, reader, anonymous, token_ttl, token_expires_in, refresh_token, realm."""

    def __init__(self, options):
        self.options = options
        self.users = dict(pair.split(":", 1) for pair in options.user + options.reader)
        self.readers = {pair.split(":", 1)[0] for pair in options.reader}
        self.tokens = {}

    def refusal(self, request, name):
        """None if REQUEST may act on repository NAME ("" for none), else the response."""
        if self.options.auth == "none":
            return None
        action = "pull" if request.method in READS else "push"
        if self.options.auth == "basic":
            return self._basic_refusal(request, action)
        return self._bearer_refusal(request, name, action)

    def token_response(self, request):
        """The answer of the token endpoint."""
        if request.method == "POST":
            form = urllib.parse.parse_qs(request.body_bytes().decode("latin-1"))
            form = {key: values[0] for key, values in form.items()}
            user, scopes = self._user_of_form(form), form.get("scope", "").split()
        else:
            user, scopes = self._user_of(request), request.query.get("scope", [])
        if user is None:
            return error_response(401, "UNAUTHORIZED", "authentication required")
        names = [scope.split(":")[1] for scope in scopes if scope.count(":") == 2]
        is_hidden = self.options.direct and not all(map(self._is_public, names))
        if user == "" and (is_hidden or not self.options.anonymous):
            return error_response(403, "DENIED", "requested access to the resource is denied")
        return self._grant(user, scopes)

    def _basic_refusal(self, request, action):
        user = self._user_of(request)
        if not user:
            challenge = {"WWW-Authenticate": 'Basic realm="rig"'}
            return error_response(401, "UNAUTHORIZED", "authentication required", challenge)
        if action == "push" and user in self.readers:
            return error_response(403, "DENIED", "requested access to the resource is denied")
        return None

    def _bearer_refusal(self, request, name, action):
        kind, _, token = (request.header("authorization") or "").partition(" ")
        granted, expires = self.tokens.get(token, (None, 0))
        if self.options.direct and token and granted is None:
            return self._direct_refusal(request, name, action, token)
        if kind.lower() != "bearer" or granted is None or time.monotonic() > expires:
            return self._challenge(request, name, action, None if not token else "invalid_token")
        if name and action not in granted.get(name, ()):
            return self._challenge(request, name, action, "insufficient_scope")
        return None

    def _direct_refusal(self, request, name, action, token):
        """As ghcr.io: base64 of anything reads what is public; of a credential, what its user may."""
        try:
            text = base64.b64decode(token, validate=True).decode("latin-1")
        except ValueError:
            return error_response(403, "DENIED", "invalid token")
        known = {*self.users.values(), *("%s:%s" % pair for pair in self.users.items())}
        if action == "pull" and (self._is_public(name) or text in known):
            return None
        return error_response(403, "DENIED", "requested access to the resource is denied")

    def _is_public(self, name):
        return name not in self.options.private and os.path.isdir(os.path.join(self.options.root, name))

    def _challenge(self, request, name, action, problem):
        realm = self.options.realm or "@SELF@/token"
        realm = realm.replace("@SELF@", self.options.self_url)
        actions = "pull" if action == "pull" else "pull,push"
        if request.method == "DELETE":
            actions = "pull,push,delete"
        text = 'Bearer realm="%s",service="%s"' % (realm, self.options.service)
        if name:
            text += ',scope="repository:%s:%s"' % (name, actions)
        if problem:
            text += ',error="%s"' % problem
        return error_response(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": text})

    def _user_of(self, request):
        """The user's name, "" for nobody, None if the password is wrong."""
        kind, _, value = (request.header("authorization") or "").partition(" ")
        if kind.lower() != "basic":
            return ""
        name, _, password = base64.b64decode(value).decode("latin-1").partition(":")
        return name if self.users.get(name) == password else None

    def _user_of_form(self, form):
        if form.get("grant_type") == "refresh_token":
            right = form.get("refresh_token") == self.options.refresh_token
            return "refreshed" if right else None
        name = form.get("username", "")
        return name if self.users.get(name) == form.get("password") else None

    def _grant(self, user, scopes):
        granted = {}
        for scope in scopes:
            _, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            wanted = set(actions.split(","))
            allowed = {"pull"} if user == "" or user in self.readers else {"pull", "push", "delete"}
            granted.setdefault(name, set()).update(wanted & allowed)
        token = "rig-" + secrets.token_urlsafe(24)
        self.tokens[token] = (granted, time.monotonic() + self.options.token_ttl)
        answer = {"token": token, "access_token": token}
        if self.options.token_expires_in is not None:
            answer["expires_in"] = self.options.token_expires_in
        return json_response(200, answer)
