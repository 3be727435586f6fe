"""rules.py - the scenario: which request is answered how

A scenario is JSON, {"rules": [RULE, ...]}; the first rule that fires decides, and without one the
registry answers.  The file is read again when it changes, and all counts start anew.

RULE: what it matches
    method    "GET", or a list; every method if absent
    path      a regular expression, searched in the request target with its query
    header    {name: regular expression}; "" as expression: the header is absent or empty
    nth       which of the requests so matched fire it: 2, [1, 3], "2-", "1-3", "*/50" (each 50th); all
              if absent
    over      [RATE, BURST]: only when such requests come faster than RATE a second; BURST may come at once
    name      stands in the log; its position in the list if absent
    action    how the answer is bent:

what is answered (the registry's own answer where these are absent)
    status, reason, headers {name: value, null to take away, list to repeat}
    body, body_b64, json      of the answer; fill: N: that many spaces; endless: true: without end
    redirect                  a Location; status 307 unless given
    raw, raw_b64              these bytes in place of a response, then the connection ends
    execute                   true: the registry acts first, whatever is answered
    read_body                 take N bytes of the request's body, no more, before answering
    ignore_range              true: 200 and the whole blob; max_range: N: never more than N bytes
how it is sent
    drop                      "close" or "reset" before any answer
    delay_s                   before the answer
    interim                   {"status": 103, "count": N} before the answer
    header_flood              {"count": N, "bytes": M}: N more headers of M bytes
    chunked                   true; content_length: what is claimed in place of the truth
    flip_at                   this byte of the body has one bit wrong
    rate_bps; stall_after + stall_s
    cut_after                 the connection ends after N bytes of the body, so that it is short
    end                       how it ends, and that it ends: "close" or "reset"
    body_anyway               true: a body after HEAD, 204 or 304 too

In all strings of an action @SELF@ is this server's own URL, @HOST@ its host:port, @OTHER@ the URL
of the other host, @TARGET@ the request target and @PATH@ that without its query.
"""
import json
import os
import re
import time

from wire import Filler, Response, to_bytes


class Bucket:
    """A rate limit, as registries have it."""

    def __init__(self, rate, burst):
        self.rate, self.burst = rate, burst
        self.tokens, self.at = burst, time.monotonic()

    def take(self):
        """True if one more is within the limit."""
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Rule:
    def __init__(self, number, text):
        self.name = text.get("name", str(number))
        methods = text.get("method")
        self.methods = [methods] if isinstance(methods, str) else methods
        self.path = re.compile(text.get("path", ""))
        self.headers = {k: re.compile(v) if v else None for k, v in text.get("header", {}).items()}
        self.nth = text.get("nth")
        self.over = Bucket(*text["over"]) if "over" in text else None
        self.action = text["action"]
        self.hits = 0

    def fires(self, request):
        if not self._matches(request):
            return False
        self.hits += 1
        return self._is_turn() and not (self.over and self.over.take())

    def _matches(self, request):
        if self.methods and request.method not in self.methods:
            return False
        if not self.path.search(request.target):
            return False
        for name, pattern in self.headers.items():
            value = request.header(name, "")
            if value if pattern is None else not pattern.search(value):
                return False
        return True

    def _is_turn(self):
        if self.nth is None:
            return True
        if isinstance(self.nth, str) and self.nth.startswith("*/"):
            return self.hits % int(self.nth[2:]) == 0
        if isinstance(self.nth, str):
            first, _, last = self.nth.partition("-")
            return int(first) <= self.hits <= (int(last) if last else self.hits)
        return self.hits in (self.nth if isinstance(self.nth, list) else [self.nth])


class Scenario:
    def __init__(self, path):
        self.path = path
        self.seen = None
        self.rules = []

    def find(self, request):
        """The rule that fires for REQUEST.  To be called under a lock."""
        self._read_if_changed()
        fired = [rule for rule in self.rules if rule.fires(request)]
        return fired[0] if fired else None

    def _read_if_changed(self):
        if self.path is None:
            return
        stat = os.stat(self.path)
        now = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if now != self.seen:
            with open(self.path, encoding="utf-8") as file:
                rules = json.load(file)["rules"]
            self.rules = [Rule(number, text) for number, text in enumerate(rules)]
            self.seen = now


def filled_in(action, names):
    """ACTION with the @NAMES@ in its strings replaced."""
    if isinstance(action, str):
        return re.sub("@([A-Z]+)@", lambda m: names.get(m[1], m[0]), action)
    if isinstance(action, list):
        return [filled_in(value, names) for value in action]
    if isinstance(action, dict):
        return {key: filled_in(value, names) for key, value in action.items()}
    return action


def own_response(action):
    """The response that ACTION itself gives, or None if the registry is to answer."""
    keys = {"status", "redirect", "body", "body_b64", "json", "fill", "endless", "drop", "raw", "raw_b64"}
    if not keys & action.keys():
        return None
    status = action.get("status", 307 if "redirect" in action else 200)
    response = Response(status, body=_own_body(action))
    if action.get("endless"):
        response = Response(status, file=Filler())
    if "json" in action:
        response.set("Content-Type", "application/json")
    if "redirect" in action:
        response.set("Location", action["redirect"])
    return response


def _own_body(action):
    if "json" in action:
        return json.dumps(action["json"]).encode()
    if "fill" in action:
        return b" " * action["fill"]
    return to_bytes(action.get("body", ""), action.get("body_b64"))
