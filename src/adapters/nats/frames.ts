/** What a NATS server says at the beginning of each connection, as far as the kit needs it. */
export interface ServerInfo {
  client_id?: number;
  version?: string;
  headers?: boolean;
  jetstream?: boolean;
  auth_required?: boolean;
  tls_required?: boolean;
  max_payload?: number;
}

/** A message as it was delivered. `headers`: their block as it stands, with its status line. */
export interface NatsMessage {
  op: 'msg';
  subject: string;
  sid: string;
  reply: string | undefined;
  headers: string;
  payload: Buffer;
}

export type NatsFrame =
  | NatsMessage
  | { op: 'info'; info: ServerInfo }
  | { op: 'ping' | 'pong' | 'ok' }
  | { op: 'err'; text: string }
  /** Nothing that the protocol has; whatever follows cannot be trusted. */
  | { op: 'unknown'; line: string };

const CRLF = '\r\n';
/** An INFO that names every node of a large cluster is shorter; a line without an end is no NATS. */
const LONGEST_LINE = 1 << 20;

const simple = (line: string): NatsFrame => {
  const [word = ''] = line.split(' ', 1);
  switch (word.toUpperCase()) {
    case 'INFO':
      try {
        return { op: 'info', info: JSON.parse(line.slice(4)) as ServerInfo };
      } catch {
        return { op: 'unknown', line };
      }
    case 'PING':
      return { op: 'ping' };
    case 'PONG':
      return { op: 'pong' };
    case '+OK':
      return { op: 'ok' };
    case '-ERR':
      return { op: 'err', text: line.slice(4).trim().replace(/^'|'$/g, '') };
    default:
      return { op: 'unknown', line };
  }
};

/** What a MSG or HMSG line announces. */
interface Announced {
  subject: string;
  sid: string;
  reply: string | undefined;
  headerBytes: number;
  bytes: number;
}

/** Undefined: the line announces no message. */
const announcedBy = (line: string): Announced | undefined => {
  const words = line.trim().split(/\s+/);
  const op = words[0]?.toUpperCase();
  if (op !== 'MSG' && op !== 'HMSG') return undefined;
  const sizes = op === 'MSG' ? 1 : 2;
  const [subject = '', sid = '', reply] = words.slice(1, words.length - sizes);
  const numbers = words.slice(-sizes).map(Number);
  return { subject, sid, reply, headerBytes: sizes === 2 ? (numbers[0] ?? 0) : 0, bytes: numbers.at(-1) ?? 0 };
};

/** Cuts the stream of a NATS server into frames, whatever the pieces in which it arrives. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** Fewer bytes than that hold no whole frame: large messages are not joined again for every piece. */
  #needed = 1;

  push(data: Uint8Array): void {
    this.#chunks.push(data);
    this.#size += data.byteLength;
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.byteLength === 0 ? [] : [rest];
    this.#size = rest.byteLength;
    this.#needed = 1;
  }

  #await(whole: Buffer, needed: number): undefined {
    this.#chunks = [whole];
    this.#needed = needed;
    return undefined;
  }

  /** The next whole frame, or undefined as long as there is none. */
  next(): NatsFrame | undefined {
    if (this.#size < this.#needed || this.#size === 0) return undefined;
    const whole = Buffer.concat(this.#chunks);
    const end = whole.indexOf(CRLF);
    if (end < 0) {
      if (whole.byteLength <= LONGEST_LINE) return this.#await(whole, whole.byteLength + 1);
      this.#keep(Buffer.alloc(0));
      return { op: 'unknown', line: whole.toString('latin1', 0, 200) };
    }
    const line = whole.toString('utf8', 0, end);
    const announced = announcedBy(line);
    const start = end + CRLF.length;
    if (announced === undefined) {
      this.#keep(whole.subarray(start));
      return simple(line);
    }
    const { headerBytes, bytes, ...message } = announced;
    if (!Number.isSafeInteger(bytes) || bytes < headerBytes) {
      this.#keep(Buffer.alloc(0));
      return { op: 'unknown', line };
    }
    const over = start + bytes + CRLF.length;
    if (whole.byteLength < over) return this.#await(whole, over);
    this.#keep(whole.subarray(over));
    return {
      op: 'msg',
      ...message,
      headers: whole.toString('utf8', start, start + headerBytes),
      payload: whole.subarray(start + headerBytes, start + bytes),
    };
  }
}

/** The value of a header; names are compared as they stand, as NATS does. */
export const headerOf = ({ headers }: NatsMessage, name: string): string | undefined =>
  headers
    .split(CRLF)
    .find((line) => line.startsWith(`${name}:`))
    ?.slice(name.length + 1)
    .trim();

/** The status of a message without content, such as 503 where nobody listens. */
export const statusOf = ({ headers }: NatsMessage): number | undefined => {
  const status = /^NATS\/1\.0 (\d{3})/.exec(headers)?.[1];
  return status === undefined ? undefined : Number(status);
};

/** A publication; with headers where some are given. */
export const publication = (
  subject: string,
  reply: string,
  payload: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Buffer => {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}${CRLF}`);
  const head = lines.length === 0 ? '' : `NATS/1.0${CRLF}${lines.join('')}${CRLF}`;
  const headBytes = Buffer.byteLength(head);
  const command =
    head === ''
      ? `PUB ${subject} ${reply} ${body.byteLength}`
      : `HPUB ${subject} ${reply} ${headBytes} ${headBytes + body.byteLength}`;
  return Buffer.concat([Buffer.from(`${command}${CRLF}${head}`), body, Buffer.from(CRLF)]);
};
