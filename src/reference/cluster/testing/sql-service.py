"""A SQL database for several machines: sqlite3 behind HTTP.

    python3 sql-service.py --port PORT --file FILE

POST a JSON object {"statements": [[SQL, [value, ...]], ...]}: they run in one transaction, one request
after another. The answer is {"results": [{"rows": [...], "changes": N}, ...]}; a statement that fails undoes
all of them, and the answer is 400 with {"error": TEXT}.
"""

import argparse
import json
import signal
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGEST_REQUEST = 64 * 1024 * 1024

lock = threading.Lock()


def run_all(database, statements):
    with lock:
        database.execute("BEGIN IMMEDIATE")
        try:
            results = []
            for text, values in statements:
                cursor = database.execute(text, values)
                results.append({"rows": cursor.fetchall(), "changes": cursor.rowcount})
            database.execute("COMMIT")
            return results
        except BaseException:
            database.execute("ROLLBACK")
            raise


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # A reader that is gone without a word gives its thread back.
    timeout = 30
    database = None

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_REQUEST:
            self.close_connection = True
            return self.answer(413, {"error": f"more than {LARGEST_REQUEST} bytes"})
        text = self.rfile.read(length)
        try:
            answer = {"results": run_all(self.database, json.loads(text)["statements"])}
        except (ValueError, KeyError, TypeError, sqlite3.Error) as error:
            return self.answer(400, {"error": str(error)})
        self.answer(200, answer)

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A peer that is cut off is no error of the service."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description="A SQL database over HTTP.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", required=True, help="where the database is")
    options = parser.parse_args()
    Handler.database = sqlite3.connect(options.file, isolation_level=None, check_same_thread=False)
    # A process that is killed loses nothing that it has written; a machine without power may.
    Handler.database.execute("PRAGMA journal_mode = WAL")
    Handler.database.execute("PRAGMA synchronous = OFF")
    server = Server(("127.0.0.1", options.port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


main()
