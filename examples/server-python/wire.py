"""The form of packets: what arrives is looked at here, before anything else sees it (sections 2.1 and 2.2)."""

import hashlib
import json
import re

MAX_BODY_BYTES = 65_536
MAX_FRAME_BYTES = 524_288
MAX_TTL_MS = 31_536_000_000

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
USER = re.compile(r"[A-Za-z0-9._@-]{1,64}")
DEVICE = re.compile(r"[A-Za-z0-9._-]{1,32}")


def fits(form, value):
    """fullmatch and not match: "$" would let a line break at the end pass."""
    return isinstance(value, str) and form.fullmatch(value) is not None


class Unanswerable(Exception):
    """What has no usable rid cannot be answered. The close code 4400 is the only answer left (IM-2-14)."""


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")  # Python would read NaN and Infinity.


def read(text):
    """The R that a frame holds. It may still be invalid, but it can be answered."""
    try:
        # As floats, because an integer of a million digits in an unknown field must not stop anything.
        packet = json.loads(text, parse_int=float, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unanswerable("not JSON") from None
    if not isinstance(packet, dict) or packet.get("type") not in ("msg:R", "ack:R"):
        raise Unanswerable("not an R")
    if not fits(ID, packet.get("rid")):
        raise Unanswerable("no usable rid")
    return packet


def has_lone_surrogate(packet):
    """UTF-8 cannot hold a lone surrogate, so the attempt to encode finds it wherever it stands."""
    try:
        json.dumps(packet, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return True
    return False


def problem_of(packet):
    """Says in words why an R is not valid, or returns None."""
    if has_lone_surrogate(packet):
        return "strings must be free of lone surrogates"
    if packet["type"] == "ack:R":
        return None if fits(ID, packet.get("serverMsgId")) else "serverMsgId must be 1 to 64 of A-Z a-z 0-9 _ -"
    if not fits(ID, packet.get("msgId")):
        return "msgId must be 1 to 64 of A-Z a-z 0-9 _ -"
    if not fits(USER, packet.get("to")):
        return "to must be 1 to 64 of A-Z a-z 0-9 . _ @ -"
    if not isinstance(packet.get("body"), str):
        return "body must be a string"
    if "ttlMs" in packet:
        ttl = packet["ttlMs"]
        if not isinstance(ttl, float) or not ttl.is_integer() or not 1 <= ttl <= MAX_TTL_MS:
            return f"ttlMs must be an integer from 1 to {MAX_TTL_MS}"
    return None


def digest_of(packet):
    """Stands for the content of a message when its body is gone: enough to tell a duplicate from a conflict."""
    content = [packet["to"], packet["body"], packet.get("ttlMs")]
    return hashlib.sha256(json.dumps(content).encode()).digest()


def rejected(code, message):
    return {"status": "rejected", "error": {"code": code, "message": message}}


def to_json(packet):
    return json.dumps(packet, ensure_ascii=False, separators=(",", ":"))
