/** What a socket reports. The harness calls these; the scenario layer records and decides. */
export interface SocketHandlers {
  /** In the same turn as the end of the upgrade: the first packets may follow at once. */
  onOpen(socket: Socket): void;
  onText(text: string): void;
  onBinary(size: number): void;
  onPing(data: Uint8Array): void;
  onPong(): void;
  /** Once, however the connection ended. `code` 1006: without a close frame. `error`: what the socket library objected to. */
  onClose(code: number, error?: Error): void;
}

/** One open WebSocket, without any policy. */
export interface Socket {
  sendText(text: string): void;
  sendBinary(data: Uint8Array): void;
  /** A text frame of arbitrary bytes, which need not be UTF-8. */
  sendTextBytes(data: Uint8Array): void;
  ping(): void;
  pong(data: Uint8Array): void;
  /** Stops reading: nothing is reported any more, no ping answered. */
  pause(): void;
  resume(): void;
  closeCleanly(): void;
  /** TCP RST. */
  reset(): void;
  /** TCP end without a close frame. */
  terminate(): void;
}

export interface DialRequest {
  user: string;
  device: string;
  /** What to offer: the token of the protocol, another one, or nothing. */
  subprotocol: string | false;
  timeoutMs: number;
}

export type DialOutcome = { ok: true } | { ok: false; status?: number; error: string };

/** Opens a connection; never rejects for what the subject does, only for the kit's own faults. Bounded by `timeoutMs`. */
export type Dial = (request: DialRequest, handlers: SocketHandlers) => Promise<DialOutcome>;

/** Power over the process under test; absent when the kit did not start it. Each is bounded. */
export interface Control {
  kill(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  freeze(): void;
  unfreeze(): void;
}
