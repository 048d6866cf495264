#!/usr/bin/python3
"""A durable IM-RAN 1 client in one file: asyncio, websockets (10 or newer), sqlite3. Driven by the words of the kit.

    python3 client.py --url ws://127.0.0.1:9001/ --token alice --data ./data     (or IM_URL, IM_TOKEN, DATA_DIR)
"""
import argparse
import asyncio
import email.utils
import hashlib
import json
import os
import random
import re
import sqlite3
import time
import uuid

import websockets

REAL = dict(resendAfterMs=2_000, resendMaxMs=60_000, retryWindowMs=86_400_000,
            reconnectAfterMs=1_000, reconnectMaxMs=60_000, deadAfterMs=30_000)
SHORT = dict(resendAfterMs=200, resendMaxMs=1_000, retryWindowMs=15_000,
             reconnectAfterMs=100, reconnectMaxMs=1_000, deadAfterMs=1_500)
MAX_UNANSWERED = 16
RETRYABLE = {"inbox-full", "busy", "internal"}
FINAL = {"invalid-packet", "body-too-large", "unknown-recipient", "not-allowed", "id-conflict", "unknown-message"}
ENDS = {"delivered", "expired", "refused", "unknown"}
# After these the token, or what this client sends, is wrong: coming back soon would not help.
SLOW = {401, 403, 1002, 1003, 1007, 1008, 1009, 4400}
REPLACED = 4409
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
USER = re.compile(r"[A-Za-z0-9._@-]{1,64}")
STATUSES = {"msg:A": {"accepted", "duplicate", "rejected"}, "ack:A": {"ok", "duplicate", "rejected"},
            "ack:N": {"stored", "expired", "delivered"}}
NEEDED = {"msg:A": ["rid"], "ack:A": ["rid"], "ack:N": ["msgId", "serverMsgId"], "msg:N": ["msgId", "serverMsgId"]}
HEADERS = "additional_headers" if int(websockets.__version__.split(".")[0]) >= 14 else "extra_headers"


def now():
    return time.monotonic() * 1000


def wall():
    return time.time() * 1000


def is_time(value):
    return type(value) is int and value >= 0


def long_item(body):
    data = body.encode()
    return {"head": body[:64], "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def jittered(pause, longest):
    return min(pause * random.uniform(0.8, 1.2), longest)


class Asker:
    """What has a request under way and a timer: a message that is sent, or an ack that is owed."""

    def __init__(self):
        self.not_before = 0
        self.idle()

    def idle(self):
        self.unanswered, self.asked_at, self.pause, self.due, self.wants = [], 0, 0, None, False

    def again(self, timers):
        self.pause = min(self.pause * 2, timers["resendMaxMs"]) or timers["resendAfterMs"]
        self.due = max(now() + jittered(self.pause, timers["resendMaxMs"]), self.not_before)


class Entry(Asker):
    def __init__(self, n, msg_id, to, body, ttl, status="pending", first_wall=None, hold_wall=None):
        super().__init__()
        self.n, self.msg_id, self.to, self.body, self.ttl, self.status = n, msg_id, to, body, ttl, status
        # Of the time of an earlier process only the time of day is left.
        self.first = None if first_wall is None else now() - max(wall() - first_wall, 0)
        if hold_wall is not None:
            self.not_before = now() + max(hold_wall - wall(), 0)


class Owed(Asker):
    def __init__(self, sender, msg_id, server_msg_id):
        super().__init__()
        self.id, self.server_msg_id = (sender, msg_id), server_msg_id
        self.settled = asyncio.Event()


class Store:
    """Everything durable. Each `with self.db` is one transaction: a kill leaves all of it or nothing."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.db = sqlite3.connect(os.path.join(folder, "client.db"))
        # A crash of the process is survived without waiting for the disk.
        self.db.executescript("""
            PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
            CREATE TABLE IF NOT EXISTS outbox (n INTEGER PRIMARY KEY AUTOINCREMENT, msg_id TEXT, recipient TEXT,
              body TEXT, ttl INTEGER, status TEXT DEFAULT 'pending', first_wall REAL, hold_wall REAL);
            CREATE TABLE IF NOT EXISTS held (n INTEGER PRIMARY KEY AUTOINCREMENT, sender TEXT, body TEXT);
            CREATE TABLE IF NOT EXISTS owed (sender TEXT, msg_id TEXT, server_msg_id TEXT,
              PRIMARY KEY (sender, msg_id, server_msg_id));""")

    def add(self, to, body, ttl):
        msg_id = str(uuid.uuid4())
        cursor = self.db.execute("INSERT INTO outbox (msg_id, recipient, body, ttl) VALUES (?, ?, ?, ?)",
                                 (msg_id, to, body, ttl))
        return Entry(cursor.lastrowid, msg_id, to, body, ttl)

    def set(self, entry, **columns):
        for name, value in columns.items():
            self.db.execute(f"UPDATE outbox SET {name} = ? WHERE n = ?", (value, entry.n))


class Client:
    def __init__(self, url, token, store, timers):
        self.url, self.token, self.store, self.timers = url, token, store, timers
        self.outbox, self.owed, self.asked = {}, {}, {}
        self.socket, self.dial_wanted = None, asyncio.Event()
        self.dial_at, self.attempts, self.opened_at, self.seen, self.pinged = 0, 0, 0, 0, 0
        self.run_id, self.rids, self.tasks = uuid.uuid4().hex[:12], 0, set()
        for row in store.db.execute("SELECT * FROM outbox ORDER BY n"):
            entry = Entry(*row)
            self.outbox[entry.msg_id] = entry
        for row in store.db.execute("SELECT * FROM owed"):
            owed = Owed(*row)
            self.owed.setdefault(owed.id, {})[owed.server_msg_id] = owed

    # --- Sender -----------------------------------------------------------------------------------------------------

    def hand(self, message):
        to, body, ttl = message.get("to"), message.get("body"), message.get("ttlMs")
        try:
            good = (isinstance(to, str) and USER.fullmatch(to) and len(json.dumps(body)) < 500_000
                    and (ttl is None or (type(ttl) is int and 1 <= ttl <= 31_536_000_000)))
            body.encode()  # A lone surrogate has no UTF-8.
        except (UnicodeEncodeError, AttributeError):
            good = False
        if not good:
            return self.say({"outcome": {"body": str(body)[:64], "status": "refused"}})
        with self.store.db:
            entry = self.store.add(to, body, ttl)
        self.outbox[entry.msg_id] = entry
        self.pump()

    def say(self, word):
        self.hand({"to": "conductor", "body": json.dumps(word)})

    def reach(self, entry, status, told=True):
        """A new status. It and the word that tells it are one transaction."""
        entry.status, word = status, None
        with self.store.db:
            if status in ENDS:
                self.store.db.execute("DELETE FROM outbox WHERE n = ?", (entry.n,))
            else:
                self.store.set(entry, status=status)
            if told and entry.to != "conductor":
                body = json.dumps({"outcome": {"msgId": entry.msg_id, "status": status}})
                word = self.store.add("conductor", body, None)
        if status in ENDS:
            del self.outbox[entry.msg_id]
        if status != "accepted":
            self.unask(entry)
        if word:
            self.outbox[word.msg_id] = word

    def holds_place(self, entry):
        """A question about a stored message has no timer that would repeat it: its place is given back early."""
        return entry.unanswered and (entry.status != "stored" or now() - entry.asked_at < self.timers["resendAfterMs"])

    def pump(self):
        if not self.socket:
            return
        places = MAX_UNANSWERED - sum(1 for entry in self.outbox.values() if self.holds_place(entry))
        for entry in list(self.outbox.values()):
            wants = entry.wants or entry.first is None
            if not wants or entry.not_before > now():
                continue
            if not self.holds_place(entry):
                if places <= 0:
                    continue
                places -= 1
            self.transmit(entry)

    def transmit(self, entry):
        entry.wants = False
        if entry.first is None:
            entry.first = now()
            with self.store.db:
                self.store.set(entry, first_wall=wall())
        if entry.status != "stored":
            entry.again(self.timers)
        packet = {"type": "msg:R", "msgId": entry.msg_id, "to": entry.to, "body": entry.body}
        self.request(packet if entry.ttl is None else {**packet, "ttlMs": entry.ttl}, entry)

    def on_msg_a(self, packet):
        entry = self.answered(packet)
        if entry is None or entry.msg_id not in self.outbox:
            return
        error = packet.get("error", {})
        if packet["status"] != "rejected":
            if entry.status == "pending":
                self.reach(entry, "accepted", told=False)
        elif error["code"] in RETRYABLE or (error["code"] not in FINAL and "retryAfterMs" in error):
            pause = error.get("retryAfterMs", 0)
            entry.not_before = max(entry.not_before, now() + pause)
            with self.store.db:
                self.store.set(entry, hold_wall=wall() + pause)
            if entry.due is not None:
                entry.due = max(entry.due, entry.not_before)
        elif entry.status != "stored":
            self.reach(entry, "refused")

    def on_ack_n(self, packet):
        entry = self.outbox.get(packet["msgId"])
        if entry is None or entry.first is None or entry.to != packet.get("to"):
            return
        entry.due = None
        if packet["status"] != entry.status:
            self.reach(entry, packet["status"])

    # --- Receiver ---------------------------------------------------------------------------------------------------

    def on_msg_n(self, packet):
        key, server_msg_id = (packet["from"], packet["msgId"]), packet["serverMsgId"]
        is_new, is_word = key not in self.owed, packet["from"] == "conductor"
        ids = self.owed.setdefault(key, {})
        if server_msg_id not in ids:
            # The hand-over and the ack that is owed are one transaction. Words are not kept: a word is done once or never.
            with self.store.db:
                self.store.db.execute("INSERT INTO owed VALUES (?, ?, ?)", (*key, server_msg_id))
                if is_new and not is_word:
                    self.store.db.execute("INSERT INTO held (sender, body) VALUES (?, ?)", (packet["from"], packet["body"]))
            ids[server_msg_id] = Owed(*key, server_msg_id)
        owed = ids[server_msg_id]
        owed.pause = 0
        self.send_ack(owed)
        if is_new and is_word:
            self.obey(json.loads(packet["body"]), owed)

    def send_ack(self, owed):
        owed.again(self.timers)
        self.request({"type": "ack:R", "serverMsgId": owed.server_msg_id}, owed)

    def on_ack_a(self, packet):
        owed = self.answered(packet)
        if owed is None:
            return
        error = packet.get("error", {})
        if packet["status"] == "rejected" and error["code"] != "unknown-message":
            owed.not_before = now() + error.get("retryAfterMs", 0)
            owed.due = max(owed.due or 0, owed.not_before)
            return
        self.unask(owed)
        with self.store.db:
            self.store.db.execute("DELETE FROM owed WHERE sender = ? AND msg_id = ? AND server_msg_id = ?",
                                  (*owed.id, owed.server_msg_id))
        self.owed[owed.id].pop(owed.server_msg_id)
        if not self.owed[owed.id]:
            del self.owed[owed.id]
        owed.settled.set()

    # --- Requests of this connection --------------------------------------------------------------------------------

    def request(self, packet, asker):
        self.rids += 1
        rid = f"{self.run_id}-{self.rids}"
        self.asked[rid] = asker
        asker.unanswered.append(rid)
        asker.asked_at = now()
        self.write({**packet, "rid": rid})

    def unask(self, asker):
        for rid in asker.unanswered:
            self.asked.pop(rid, None)
        asker.unanswered = []

    def answered(self, packet):
        """Who asked. What he asked before counts as answered, too: those answers say nothing new."""
        asker = self.asked.get(packet.get("rid"))
        if asker is not None:
            upto = asker.unanswered.index(packet["rid"]) + 1
            for rid in asker.unanswered[:upto]:
                del self.asked[rid]
            asker.unanswered = asker.unanswered[upto:]
        return asker

    def write(self, packet):
        self.outgoing.put_nowait(json.dumps(packet))

    # --- Connection -------------------------------------------------------------------------------------------------

    async def run(self):
        self.spawn(self.tick())
        while True:
            if self.dial_at is None:
                self.dial_wanted.clear()
                await self.dial_wanted.wait()
            await asyncio.sleep(max(self.dial_at - now(), 0) / 1000)
            how = await self.connection()
            self.idle()
            self.plan(**how)

    async def connection(self):
        """One attempt and what came of it: how it ended."""
        self.away = None
        try:
            options = {HEADERS: {"Authorization": f"Bearer {self.token}"}}
            socket = await asyncio.wait_for(
                websockets.connect(self.url, subprotocols=["im.ran.v1"], ping_interval=None, compression=None,
                                   max_size=None, close_timeout=1, open_timeout=None, **options),
                self.timers["deadAfterMs"] / 1000)
        except Exception as error:  # Whatever keeps us out, we come back later.
            answer = getattr(error, "response", error)
            headers = getattr(answer, "headers", None) or {}
            return {"code": getattr(answer, "status_code", 0), "after": headers.get("Retry-After")}
        if socket.subprotocol != "im.ran.v1":
            await socket.close()
            return {"code": 0}
        self.outgoing, self.socket = asyncio.Queue(), socket
        self.seen = self.pinged = self.opened_at = now()
        writer = self.spawn(self.writing(socket, self.outgoing))
        self.on_open()
        try:
            async for text in socket:
                if self.socket is not socket:
                    break
                self.seen = now()
                if isinstance(text, str):
                    self.on_text(text)
                if self.outgoing.qsize() > 1_000:
                    await asyncio.sleep(0)
        except websockets.ConnectionClosed:
            pass
        writer.cancel()
        return {"code": socket.close_code or 0}

    async def writing(self, socket, queue):
        try:
            while True:
                await socket.send(await queue.get())
        except websockets.ConnectionClosed:
            pass

    def on_open(self):
        for ids in self.owed.values():
            for owed in ids.values():
                owed.pause = 0
                if owed.not_before <= now():
                    self.send_ack(owed)
                else:
                    owed.due = owed.not_before
        for entry in self.outbox.values():
            entry.wants, entry.pause = True, 0
        self.pump()

    def on_text(self, text):
        try:
            packet = json.loads(text)
            kind = packet["type"]
            good = (all(ID.fullmatch(packet[name]) for name in NEEDED[kind])
                    and packet.get("status") in STATUSES.get(kind, {packet.get("status")}))
            if packet.get("status") == "rejected":
                error = packet["error"]
                good = good and isinstance(error["code"], str) and is_time(error.get("retryAfterMs", 0))
            if kind == "msg:N":
                packet["body"].encode()
                good = good and USER.fullmatch(packet["from"]) and USER.fullmatch(packet["to"]) and is_time(packet["acceptedAt"])
            handler = {"msg:A": self.on_msg_a, "ack:N": self.on_ack_n, "msg:N": self.on_msg_n, "ack:A": self.on_ack_a}[kind]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return  # No packet: nothing that this client could answer.
        if good:
            handler(packet)
            self.pump()

    def idle(self):
        self.socket = None
        self.asked.clear()
        for asker in [*self.outbox.values(), *(owed for ids in self.owed.values() for owed in ids.values())]:
            asker.idle()

    def plan(self, code, after=None):
        """When the next attempt is due. None: not by itself."""
        if self.away is not None:
            self.dial_at = self.away
            return
        longest = self.timers["reconnectMaxMs"]
        if self.opened_at and now() - self.opened_at >= longest:
            self.attempts = 0
        self.opened_at = 0
        pause = longest if code in SLOW else min(self.timers["reconnectAfterMs"] * 2 ** min(self.attempts, 30), longest)
        self.attempts += 1
        wish = 0
        if after:
            try:
                seconds = after.strip()
                wish = (int(seconds) * 1000 if seconds.isdigit()
                        else email.utils.parsedate_to_datetime(after).timestamp() * 1000 - wall())
            except (TypeError, ValueError):
                pass  # Neither seconds nor a date: no wish.
        # Another copy of this device is in use after 4409: coming back would throw it out.
        self.dial_at = None if code == REPLACED else now() + max(jittered(pause, longest), wish)

    def cut(self):
        socket, self.socket = self.socket, None
        socket.transport.abort()

    async def tick(self):
        ticked = now()
        dead_after = self.timers["deadAfterMs"]
        while True:
            await asyncio.sleep(min(20, dead_after / 10) / 1000)
            if now() - ticked > dead_after / 4:
                self.seen = now()  # This process stood still: what the server sent meanwhile is still unread.
            ticked = now()
            for entry in list(self.outbox.values()):
                if entry.first is not None and now() - entry.first >= self.timers["retryWindowMs"]:
                    self.reach(entry, "unknown")
            if not self.socket:
                continue
            if now() - self.seen >= dead_after:
                self.cut()
                continue
            if now() - max(self.seen, self.pinged) >= dead_after / 4:
                self.pinged = now()
                self.spawn(self.ping(self.socket))
            for owed in [owed for ids in self.owed.values() for owed in ids.values()]:
                if owed.due is not None and owed.due <= now():
                    self.send_ack(owed)
            for entry in self.outbox.values():
                if entry.due is not None and entry.due <= now():
                    entry.wants, entry.due = True, None
            self.pump()

    async def ping(self, socket):
        try:
            await (await socket.ping())
            if self.socket is socket:
                self.seen = now()
        except websockets.ConnectionClosed:
            pass

    def spawn(self, work):
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    # --- The words of the kit ---------------------------------------------------------------------------------------

    def obey(self, word, owed):
        do = word.get("do")
        if do == "send":
            for message in word["messages"]:
                self.hand(message)
        elif do == "stream":
            self.spawn(self.stream(word))
        elif do == "inventory":
            self.tell_inventory(word["from"], word["ask"])
        elif do == "disconnect":
            self.spawn(self.disconnect(owed, word["forMs"]))
        elif do == "exit":
            self.store.db.close()
            os._exit(0)

    async def stream(self, word):
        began = now()
        for n in range(1, word["count"] + 1):
            self.hand({"to": word["to"], "body": f"{word['prefix']}{n}"})
            await asyncio.sleep(max(began + n * word["everyMs"] - now(), 0) / 1000)

    def tell_inventory(self, sender, ask):
        parts, size = [[]], 0
        for (body,) in self.store.db.execute("SELECT body FROM held WHERE sender = ? ORDER BY n", (sender,)):
            item = body if len(body) <= 1_000 else long_item(body)
            bytes_ = len(json.dumps(item)) + 2
            if size + bytes_ > 59_000 and parts[-1]:
                parts.append([])
                size = 0
            parts[-1].append(item)
            size += bytes_
        for index, items in enumerate(parts):
            self.say({"inventory": {"from": sender, "ask": ask, "part": index + 1, "parts": len(parts), "items": items}})

    async def disconnect(self, owed, for_ms):
        try:
            await asyncio.wait_for(owed.settled.wait(), 0.5)
        except asyncio.TimeoutError:
            pass
        self.away = now() + for_ms
        if self.socket:
            await self.socket.close()

    def hello(self):
        self.say({"hello": {"words": 1, "start": str(uuid.uuid4()), "name": "client-python 1", "roles": ["sender", "receiver"],
                            "classes": ["durable"], "timers": self.timers, "limits": {"maxUnanswered": MAX_UNANSWERED},
                            "can": ["status", "ping", "disconnect"]}})


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default=os.environ.get("IM_URL"))
    parser.add_argument("--token", default=os.environ.get("IM_TOKEN"))
    parser.add_argument("--data", default=os.environ.get("DATA_DIR", "./data"))
    parser.add_argument("--short", action="store_true", help="short timers, for tests")
    flags = parser.parse_args()
    timers = {**(SHORT if flags.short else REAL), **json.loads(os.environ.get("IM_TIMERS", "{}"))}
    client = Client(flags.url, flags.token, Store(flags.data), timers)
    client.hello()
    await client.run()


asyncio.run(main())
