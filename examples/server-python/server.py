"""An IM-RAN 1 server: classes core, timed-redelivery, durable, ordered and flow-control.

Everything is decided in one thread. Requests are taken in batches: one transaction looks up and stores for all of them,
and only after its commit anybody hears of it. Between "is it acked?" and "push it" nothing else can happen.
"""

import asyncio
import contextlib
import functools
import json
import os
import signal
import sqlite3
import sys
import time

import websockets.legacy.server

import wire
from connection import GOODBYE_S, PROTOCOL, Connection, Protocol, Push
from store import Store

MAX_IN_FLIGHT = 64
MAX_INBOX_MESSAGES = 1_000
MAX_BATCH = 256
DEDUP_WINDOW_MS = 7 * 24 * 3_600_000
# Short, so that a test is quick. On mobile networks 5 s and 30 s are better.
REDELIVER_AFTER_S = 0.4
REDELIVER_MAX_S = 10
DEAD_AFTER_S = 1.5
TICK_S = 0.05
PING_EVERY_S = DEAD_AFTER_S / 3
FORGET_EVERY_S = 3_600

DESCRIPTION = {
    "protocol": PROTOCOL,
    "classes": ["core", "timed-redelivery", "durable", "ordered", "flow-control"],
    "limits": {
        "maxBodyBytes": wire.MAX_BODY_BYTES,
        "maxFrameBytes": wire.MAX_FRAME_BYTES,
        "maxInFlight": MAX_IN_FLIGHT,
        "maxInboxMessages": MAX_INBOX_MESSAGES,
    },
    "timers": {
        "answerWithinMs": 1_000,
        "redeliverAfterMs": int(REDELIVER_AFTER_S * 1_000),
        "redeliverMaxMs": int(REDELIVER_MAX_S * 1_000),
        "deadAfterMs": int(DEAD_AFTER_S * 1_000),
        "dedupWindowMs": DEDUP_WINDOW_MS,
    },
    "durability": "power-loss",
}


class Server:
    def __init__(self, store):
        self.store = store
        self.live = {}  # user → device → the one connection that counts
        self.requests = asyncio.Queue(MAX_BATCH)

    def connections_of(self, user):
        return list(self.live.get(user, {}).values())

    # --- Connections ---

    def is_live(self, connection):
        return self.live.get(connection.user, {}).get(connection.device) is connection

    async def serve(self, ws):
        """The whole life of one connection."""
        connection = Connection(ws)
        devices = self.live.setdefault(connection.user, {})
        older = devices.get(connection.device)
        devices[connection.device] = connection
        if older:
            older.close(4409, "replaced by a newer connection")
        self.push_what_waits(connection)
        writer = asyncio.create_task(connection.write())
        try:
            with contextlib.suppress(websockets.exceptions.ConnectionClosed):
                async for frame in ws:
                    await self.requests.put((connection, frame))
        finally:
            self.leave(connection)
            writer.cancel()

    def leave(self, connection):
        """The late end of a connection that was replaced is nobody's leaving (IM-1-13)."""
        if self.is_live(connection):
            del self.live[connection.user][connection.device]
            if not self.live[connection.user]:
                del self.live[connection.user]

    def hang_up(self, connection, code, reason):
        self.leave(connection)
        connection.close(code, reason)

    # --- Requests: decided inside of a transaction, acted upon after its commit ---

    async def work(self):
        while True:
            batch = [await self.requests.get()]
            while len(batch) < MAX_BATCH and not self.requests.empty():
                batch.append(self.requests.get_nowait())
            for act in self.decide_all(batch):
                act()

    def decide_all(self, batch):
        try:
            self.store.begin()
            acts = [self.decide(connection, frame) for connection, frame in batch]
            self.store.commit()
            return acts
        except sqlite3.Error as error:
            print(f"the store failed: {error}", file=sys.stderr)
            self.store.rollback()  # Nothing is kept of any of them, so all of them are refused.
            return [functools.partial(self.refuse, *request) for request in batch]

    def decide(self, connection, frame):
        """Returns what has to be done after the commit."""
        if not self.is_live(connection):
            return lambda: None  # Replaced, or already told to go (IM-1-12).
        if isinstance(frame, bytes):
            return functools.partial(self.hang_up, connection, 1003, "text frames only")
        try:
            packet = wire.read(frame)
        except wire.Unanswerable as reason:
            return functools.partial(self.hang_up, connection, 4400, str(reason))
        answer = self.answer_msg_r if packet["type"] == "msg:R" else self.answer_ack_r
        fields, then = answer(connection, packet)
        return functools.partial(self.answer, connection, packet, fields, then)

    def answer(self, connection, packet, fields, then=None):
        """The A comes first; on this connection no receipt overtakes it (IM-4.2-24)."""
        name = "msgId" if packet["type"] == "msg:R" else "serverMsgId"
        known_id = {name: packet[name]} if wire.fits(wire.ID, packet.get(name)) else {}
        connection.send({"type": packet["type"][:-1] + "A", "rid": packet["rid"], **known_id, **fields})
        if then:
            then()

    def refuse(self, connection, frame):
        with contextlib.suppress(wire.Unanswerable, TypeError):
            self.answer(connection, wire.read(frame), wire.rejected("internal", "the store failed, try again"))

    def answer_msg_r(self, connection, packet):
        """The order of the checks is that of IM-2-17."""
        problem = wire.problem_of(packet)
        if problem:
            return wire.rejected("invalid-packet", problem), None
        if len(packet["body"].encode()) > wire.MAX_BODY_BYTES:
            return wire.rejected("body-too-large", f"body must be at most {wire.MAX_BODY_BYTES} bytes"), None
        digest = wire.digest_of(packet)
        known = self.store.find(connection.user, packet["msgId"])
        if known:
            if known["digest"] != digest:
                return wire.rejected("id-conflict", "this msgId stands for another message"), None
            status = {"status": "duplicate", "serverMsgId": known["server_msg_id"]}
            return status, functools.partial(self.trigger_what_is_missing, connection, known)
        if self.store.inbox_holds(packet["to"], MAX_INBOX_MESSAGES):
            return wire.rejected("inbox-full", "the inbox is full, try later"), None
        message = self.store.add(connection.user, packet["msgId"], packet["to"], packet["body"], digest)
        status = {"status": "accepted", "serverMsgId": message["server_msg_id"]}
        return status, functools.partial(self.after_accepted, message)

    def answer_ack_r(self, connection, packet):
        problem = wire.problem_of(packet)
        if problem:
            return wire.rejected("invalid-packet", problem), None
        message = self.store.find_for(connection.user, packet["serverMsgId"])
        if message is None:
            return wire.rejected("unknown-message", "no message to you has this id"), None
        if message["acked_at"] is not None:
            return {"status": "duplicate"}, None
        message = self.store.mark_acked(message)
        return {"status": "ok"}, functools.partial(self.after_acked, message)

    # --- After the commit ---

    def after_accepted(self, message):
        # The server has timers, so the sender needs none from here on. A server without timers tells `stored` only
        # when the receiver is away: there the re-sending of the sender is what repairs a lost push.
        self.tell(message, "stored", self.connections_of(message["sender"]))
        for connection in self.connections_of(message["recipient"]):
            self.push_what_waits(connection)

    def after_acked(self, message):
        self.tell(message, "delivered", self.connections_of(message["sender"]))
        for connection in self.connections_of(message["recipient"]):
            connection.in_flight.pop(message["server_msg_id"], None)
            self.push_what_waits(connection)

    def trigger_what_is_missing(self, asking, message):
        """A re-sending repairs: it never only answers `duplicate` (IM-4.2-9)."""
        self.tell(message, "stored" if message["acked_at"] is None else "delivered", [asking])
        for connection in self.connections_of(message["recipient"]):
            push = connection.in_flight.get(message["server_msg_id"])
            if push and message["acked_at"] is None:
                self.push(connection, push)

    def tell(self, message, status, connections):
        packet = {
            "type": "ack:N",
            "msgId": message["msg_id"],
            "serverMsgId": message["server_msg_id"],
            "to": message["recipient"],
            "status": status,
            "at": message["acked_at"] if status == "delivered" else message["accepted_at"],
        }
        for connection in connections:
            connection.send(packet)

    def push_what_waits(self, connection):
        """Backlog and live messages take the same way, in order of acceptance, as many as there are places for."""
        room = MAX_IN_FLIGHT - len(connection.in_flight)
        if room == 0:
            return
        for message in self.store.next_waiting(connection.user, connection.cursor, room):
            connection.cursor = message["seq"]
            push = connection.in_flight[message["server_msg_id"]] = Push(message, REDELIVER_AFTER_S)
            push.sent_at = 0
            self.push(connection, push)

    def push(self, connection, push):
        if push.sent_at is None:
            return  # The copy before has not even left.
        push.sent_at = None
        message = push.message
        packet = {
            "type": "msg:N",
            "msgId": message["msg_id"],
            "serverMsgId": message["server_msg_id"],
            "from": message["sender"],
            "to": message["recipient"],
            "body": message["body"],
            "acceptedAt": message["accepted_at"],
            "seq": message["seq"],
        }
        connection.send(packet, push)

    # --- Timers ---

    async def watch(self):
        ticked_at = pinged_at = forgot_at = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            stalled = now - ticked_at > PING_EVERY_S  # Then this process was silent, not its peers (IM-1-18).
            ticked_at = now
            pings = now - pinged_at >= PING_EVERY_S
            if pings:
                pinged_at = now
            for connection in [one for user in list(self.live) for one in self.connections_of(user)]:
                if stalled:
                    connection.ws.heard_at = connection.moved_at = now
                self.look_after(connection, now, pings)
            if now - forgot_at >= FORGET_EVERY_S:
                forgot_at = now
                self.store.forget_older_than(DEDUP_WINDOW_MS)

    def look_after(self, connection, now, pings):
        too_long_s = DEAD_AFTER_S - 2 * TICK_S  # So that the tick that sees it is still in time.
        if now - connection.ws.heard_at > too_long_s:
            self.leave(connection)
            return connection.abort()
        if connection.has_not_read_since(now) > too_long_s:
            return self.hang_up(connection, 4413, "you do not read")
        if pings and connection.is_idle():
            connection.ping()
        for push in connection.in_flight.values():
            if push.sent_at is None or now - push.sent_at < push.pause_s:
                continue
            # Half as long again each time: with a late tick still less than twice the pause before.
            push.pause_s = min(push.pause_s * 1.5, REDELIVER_MAX_S - 2 * TICK_S)
            self.push(connection, push)


async def main():
    folder = os.environ.get("DATA_DIR", "data")
    port = int(os.environ.get("PORT", "8080"))
    os.makedirs(folder, exist_ok=True)
    store = Store(os.path.join(folder, "messages.sqlite3"))
    server = Server(store)
    Protocol.description = json.dumps(DESCRIPTION)

    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with websockets.legacy.server.serve(
        server.serve,
        "127.0.0.1",
        port,
        create_protocol=Protocol,
        subprotocols=[PROTOCOL],
        compression=None,
        max_size=wire.MAX_FRAME_BYTES,  # The library closes with 1009 above it, and with 1007 what is not UTF-8.
        write_limit=0,  # A write is done when the system has taken every byte of it.
        ping_interval=None,  # The timers below ping: they know a stall, and take every frame for a sign of life.
        close_timeout=GOODBYE_S,
    ):
        tasks = [asyncio.create_task(server.work()), asyncio.create_task(server.watch())]
        print(f"listening on ws://127.0.0.1:{port}/", flush=True)
        # A task ends only by a fault that nobody foresaw. To go down and begin again from the store is safe at any time.
        await asyncio.wait([asyncio.create_task(stop.wait()), *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
            task.cancel()
        server.live.clear()  # What still arrives is not answered. Leaving this block closes everybody with 1001.
    store.close()


if __name__ == "__main__":
    asyncio.run(main())
