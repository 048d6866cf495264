import type { Packet } from '../../../../schemas/index.js';
import { Correspondence, type Dialect, Translator, type Who } from '../../../adapters/index.js';
import type { Dial, DialOutcome, DialRequest, Socket, SocketHandlers } from '../../../play/index.js';
import type { Authenticate } from '../credentials.js';
import {
  type ForeignTransport,
  openForeignTcp,
  openForeignWebSocket,
  type TransportHandlers,
} from './foreign-transport.js';
import { foreignUrl } from './foreign-url.js';

/** As much of a frame as a history shows. */
const SHOWN_CHARACTERS = 1_000;

const shown = (data: string | Uint8Array): string => {
  if (typeof data === 'string') return data.slice(0, SHOWN_CHARACTERS);
  const text = Buffer.from(data.subarray(0, SHOWN_CHARACTERS));
  const printable = /^[\x20-\x7e\r\n\t\0]*$/.test(text.toString('latin1'));
  return printable ? text.toString('latin1') : `(${data.byteLength} bytes) ${text.toString('hex', 0, 64)}`;
};

/** One connection through a dialect: the translator in the middle, the sockets of the kit at both sides. */
class ForeignConnection {
  readonly #dialect: Dialect;
  readonly #handlers: SocketHandlers;
  readonly #translator: Translator;
  readonly #resolve: (outcome: DialOutcome) => void;
  #transport: ForeignTransport | undefined;
  #ready = false;
  #paused = false;
  #beats = true;
  #closing: number | undefined;
  #beat: NodeJS.Timeout | undefined;
  #over = false;
  /** A login has to be read. Packets that came with it wait for a client that does not read. */
  readonly #unheard: Packet[] = [];

  constructor(
    dialect: Dialect,
    who: Who,
    letters: Correspondence,
    memory: Map<string, unknown>,
    handlers: SocketHandlers,
    resolve: (outcome: DialOutcome) => void,
  ) {
    this.#dialect = dialect;
    this.#handlers = handlers;
    this.#resolve = resolve;
    this.#translator = new Translator(dialect, who, letters, memory, {
      write: (data) => this.#write(data),
      ready: () => this.#onReady(),
      refused: (status, why) => this.giveUp({ ok: false, refusal: 'status', status, error: why }),
      packet: (packet) => (this.#paused ? this.#unheard.push(packet) : handlers.onPacket?.(packet)),
      unread: (frame, why) => this.#onUnread(frame, why),
      closing: (code) => {
        this.#closing = code;
      },
      secure: (serverName) => this.#transport?.secure?.(serverName),
    });
  }

  readonly below: TransportHandlers = {
    onOpen: (transport) => {
      this.#transport = transport;
      this.#translator.session.begin();
    },
    onData: (data) => {
      if (this.#over) return;
      this.#handlers.onForeign?.('got', shown(data));
      try {
        this.#translator.session.receive(data);
      } catch (error) {
        // A dialect that is a module meets frames that its author did not think of.
        this.#onUnread(shown(data), `the dialect failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    onPing: (data) => {
      if (this.#ready) this.#handlers.onPing(data);
      else this.#transport?.socket.pong(data);
    },
    onPong: (data) => this.#handlers.onPong(data),
    onClose: (code, error, reason) => this.#onClose(code, error, reason),
  };

  /** Of a login that did not come to its end. What comes afterwards is nobody's. */
  giveUp(outcome: DialOutcome): void {
    if (this.#ready || this.#over) return;
    this.#over = true;
    this.#transport?.socket.terminate();
    this.#resolve(outcome);
  }

  #write(data: string | Uint8Array): void {
    if (this.#over) return;
    this.#handlers.onForeign?.('sent', shown(data));
    this.#transport?.write(data);
  }

  #onUnread(frame: string, why: string): void {
    if (this.#ready) this.#handlers.onUnread?.(frame.slice(0, SHOWN_CHARACTERS), why);
    else this.giveUp({ ok: false, refusal: 'kit', error: `the dialect cannot read ${frame.slice(0, 200)}: ${why}` });
  }

  #onReady(): void {
    if (this.#over || this.#transport === undefined) return;
    this.#ready = true;
    const { beat } = this.#translator.session;
    if (beat) this.#beat = setInterval(() => this.#beats && !this.#paused && beat.run(), beat.everyMs).unref();
    this.#handlers.onOpen(this.#socketAbove(this.#transport.socket));
    this.#resolve({ ok: true });
  }

  #socketAbove(below: Socket): Socket {
    return {
      ...below,
      sendPacket: (packet) => this.#translator.send(packet),
      setBeating: (beats) => {
        this.#beats = beats;
      },
      pause: () => {
        below.pause();
        this.#paused = true;
      },
      resume: () => {
        this.#paused = false;
        for (const packet of this.#unheard.splice(0)) this.#handlers.onPacket?.(packet);
        below.resume();
      },
      closeCleanly: () => {
        this.#translator.session.leave?.();
        below.closeCleanly();
      },
    };
  }

  #onClose(code: number, error: Error | undefined, reason: string | undefined): void {
    clearInterval(this.#beat);
    if (!this.#ready) {
      const why = reason || error?.message;
      const told = why ? ` (${why})` : '';
      this.giveUp({
        ok: false,
        refusal: 'network',
        error: `the server ended the connection during the login with code ${code}${told}`,
      });
      return;
    }
    if (this.#over) return;
    this.#over = true;
    const means = this.#closing ?? this.#dialect.closes?.[code];
    // A foreign code must not be taken for one of im.ran.v1: as far as the dialect says, it only ended cleanly.
    const known = means ?? (code === 1006 ? 1006 : 1000);
    this.#handlers.onClose(known, error, known === code ? reason : `code ${code}${reason ? ` ${reason}` : ''}`);
  }
}

/** Opens connections to a server that speaks another protocol. Rejects with a KitError when it is this machine that refuses. */
export const createForeignDial = (baseUrl: string, authenticate: Authenticate, dialect: Dialect): Dial => {
  const { fields } = dialect.profile;
  const letters = new Correspondence(!fields.includes('msg:N.msgId') || !fields.includes('msg:N.from'));
  const memories = new Map<string, Map<string, unknown>>();
  const memoryOf = ({ user, device }: Who): Map<string, unknown> => {
    const key = `${user}/${device}`;
    const memory = memories.get(key) ?? new Map<string, unknown>();
    memories.set(key, memory);
    return memory;
  };
  return async ({ user, device: wanted, timeoutMs }: DialRequest, handlers) => {
    const cannot = dialect.whyNoUser?.(user);
    if (cannot !== undefined) return { ok: false, refusal: 'kit', error: `it cannot ${cannot}`, cannot };
    const device = fields.includes('device') ? wanted : 'default';
    const { credentials, token } = await foreignUrl(baseUrl, authenticate, dialect, user, device);
    const who: Who = { user, device, token };
    const request = { subprotocol: dialect.opening?.subprotocol ?? (false as const), timeoutMs };
    return new Promise((resolve, reject) => {
      const connection = new ForeignConnection(dialect, who, letters, memoryOf(who), handlers, (outcome) => {
        clearTimeout(bound);
        resolve(outcome);
      });
      const bound = setTimeout(
        () =>
          connection.giveUp({
            ok: false,
            refusal: 'timeout',
            error: `the login was not complete within ${timeoutMs} ms`,
          }),
        timeoutMs,
      );
      const open = dialect.transport === 'tcp' ? openForeignTcp : openForeignWebSocket;
      open(credentials, request, connection.below).then(
        (outcome) => {
          if (!outcome.ok) connection.giveUp(outcome);
        },
        (fault: unknown) => {
          clearTimeout(bound);
          reject(fault);
        },
      );
    });
  };
};
