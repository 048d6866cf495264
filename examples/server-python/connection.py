"""One WebSocket connection: who is at its other end, what was pushed to it, and what still has to leave."""

import asyncio
import http
import time
import urllib.parse

from websockets.exceptions import ConnectionClosed
from websockets.legacy.server import WebSocketServerProtocol

from wire import DEVICE, USER, fits, to_json

PROTOCOL = "im.ran.v1"
GOODBYE_S = 1  # For a peer that does not answer the close, or does not read it.
PING = object()


def authenticate(path, headers):
    """The user and the device that the token names: `user` or `user/device`. A real deployment verifies a signature here."""
    bearers = [value[7:] for value in headers.get_all("Authorization") if value[:7].lower() == "bearer "]
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
    tokens = bearers or query.get("access_token", [])
    if len(tokens) != 1:  # Two tokens in one place are a malformed one.
        return None
    user, slash, device = tokens[0].strip().partition("/")
    device = device if slash else "default"
    return (user, device) if fits(USER, user) and fits(DEVICE, device) else None


class Protocol(WebSocketServerProtocol):
    """What the library does not do by itself: the door, the description, and a note of every sign of life."""

    description = "{}"

    async def process_request(self, path, headers):
        self.heard_at = time.monotonic()
        if urllib.parse.urlsplit(path).path == "/.well-known/im-ran":
            return http.HTTPStatus.OK, {"Content-Type": "application/json"}, self.description.encode()
        self.who = authenticate(path, headers)
        if self.who is None:
            return http.HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"}, b"a token is needed\n"
        offered = ",".join(headers.get_all("Sec-WebSocket-Protocol")).split(",")
        if PROTOCOL not in [name.strip() for name in offered]:
            return http.HTTPStatus.BAD_REQUEST, {}, b"the subprotocol im.ran.v1 is needed\n"
        return None

    def data_received(self, data):
        self.heard_at = time.monotonic()  # Packets, pings, pongs and their fragments alike (IM-1-17).
        super().data_received(data)


class Push:
    """A msg:N that is out and not acked. Its timer runs from the moment at which it was written."""

    def __init__(self, message, pause_s):
        self.message = message
        self.pause_s = pause_s
        self.sent_at = None  # None: it still waits in the outbox. A second copy behind it would help nobody.


class Connection:
    def __init__(self, ws):
        self.ws = ws
        self.user, self.device = ws.who
        self.cursor = 0  # The seq of the last first push: all that follows waits for its turn in the store.
        self.in_flight = {}  # server_msg_id → Push
        self.outbox = asyncio.Queue()
        self.unsent = None  # What was to be written when the timer last looked,
        self.moved_at = time.monotonic()  # and when that last changed.

    def send(self, packet, push=None):
        self.outbox.put_nowait((to_json(packet), push))

    def ping(self):
        self.outbox.put_nowait((PING, None))

    def close(self, code, reason):
        """Behind what was sent before it. Who does not read is cut off."""
        self.outbox.put_nowait(((code, reason), None))
        asyncio.get_running_loop().call_later(GOODBYE_S, self.abort)

    def abort(self):
        self.ws.transport.abort()

    async def write(self):
        """The only one that writes. The reader never waits for it (IM-4.2-25)."""
        try:
            while True:
                frame, push = await self.outbox.get()
                if frame is PING:
                    await self.ws.ping()
                elif isinstance(frame, tuple):
                    return await self.ws.close(*frame)
                else:
                    await self.ws.send(frame)
                if push is not None:
                    push.sent_at = time.monotonic()
        except ConnectionClosed:
            pass

    def is_idle(self):
        return self.outbox.empty() and self.ws.transport.get_write_buffer_size() == 0

    def has_not_read_since(self, now):
        """For how many seconds bytes have waited here and none has left."""
        unsent = None if self.is_idle() else (self.outbox.qsize(), self.ws.transport.get_write_buffer_size())
        if unsent is None or unsent != self.unsent:
            self.unsent = unsent
            self.moved_at = now
        return now - self.moved_at
