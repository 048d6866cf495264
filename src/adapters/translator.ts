import type { AckA, AckN, AckR, MsgA, MsgN, MsgR, Packet } from '../../schemas/index.js';
import { defined } from '../defined.js';
import type { Correspondence, Letter } from './correspondence.js';
import type { BroughtMsgA, BroughtPacket, Cannot, Dialect, Session, Who, Wire } from './dialect.js';

/** What the kit does for a translator. */
export interface TranslatorPorts {
  write(data: string | Uint8Array): void;
  ready(): void;
  refused(status: number, why: string): void;
  /** Whole: what its frame did not bring was looked up or made up. */
  packet(packet: Packet): void;
  unread(frame: string, why: string): void;
  closing(code: number): void;
  secure(serverName: string): void;
}

interface OpenRequest {
  request: MsgR | AckR;
}

/** A rid that no request has: the answer belongs to none that is known. */
const NO_RID = 'unasked';

type Brought<T extends Packet['type']> = Extract<BroughtPacket, { type: T }>;

/**
 * Stands between the packets of the kit and the session of a dialect on one connection: finds the request of an answer,
 * looks up what a frame did not bring, and keeps what comes before the login is complete. It has no I/O and no clock but
 * that which stands for times that no frame brings.
 */
export class Translator {
  readonly session: Session;
  readonly #dialect: Dialect;
  readonly #user: string;
  readonly #letters: Correspondence;
  readonly #ports: TranslatorPorts;
  readonly #now: () => number;
  readonly #open: OpenRequest[] = [];
  /** Packets that came before the end of the login. */
  #early: Packet[] | undefined = [];

  constructor(
    dialect: Dialect,
    who: Who,
    letters: Correspondence,
    memory: Map<string, unknown>,
    ports: TranslatorPorts,
    now: () => number = Date.now,
  ) {
    this.#dialect = dialect;
    this.#user = who.user;
    this.#letters = letters;
    this.#ports = ports;
    this.#now = now;
    this.session = dialect.open(who, this.#wire, memory);
  }

  readonly #wire: Wire = {
    send: (data) => this.#ports.write(data),
    ready: () => this.#becomeReady(),
    refused: (status, why) => this.#ports.refused(status, why),
    packet: (packet) => this.#pass(packet),
    unread: (frame, why) => this.#ports.unread(frame, why),
    closing: (code) => this.#ports.closing(code),
    secure: (serverName) => this.#ports.secure(serverName),
  };

  #becomeReady(): void {
    const early = this.#early ?? [];
    if (this.#early === undefined) return;
    this.#early = undefined;
    this.#ports.ready();
    for (const packet of early) this.#ports.packet(packet);
  }

  /** Says a request. A Cannot: nothing was written. */
  send(request: MsgR | AckR): Cannot | undefined {
    if (request.type === 'msg:R') this.#letters.noteSent(this.#user, request);
    const letter = request.type === 'ack:R' ? this.#letters.byServerMsgId(request.serverMsgId) : undefined;
    // Noted first: an answer may come within the call.
    const open = { request };
    if (this.#has(request.type === 'msg:R' ? 'msg:A' : 'ack:A')) this.#open.push(open);
    const failure = this.session.send(request, letter ? { from: letter.from, msgId: letter.msgId } : {});
    if (failure !== undefined && this.#open.includes(open)) this.#open.splice(this.#open.indexOf(open), 1);
    return failure;
  }

  #has(item: string): boolean {
    const { packets, fields } = this.#dialect.profile;
    return packets.some((type) => type === item) || fields.some((field) => field === item);
  }

  #pass(brought: BroughtPacket): string | undefined {
    const packet = this.#whole(brought);
    if (packet === undefined) {
      this.#ports.unread(JSON.stringify(brought), 'it is about a message that the kit never sent');
      return undefined;
    }
    if (this.#early) this.#early.push(packet);
    else this.#ports.packet(packet);
    return packet.type === 'msg:N' ? packet.serverMsgId : undefined;
  }

  #whole(brought: BroughtPacket): Packet | undefined {
    switch (brought.type) {
      case 'msg:A':
        return this.#answer(brought as BroughtMsgA);
      case 'ack:A':
        return this.#ackAnswer(brought as Brought<'ack:A'>);
      case 'msg:N':
        return this.#push(brought as Brought<'msg:N'>);
      case 'ack:N':
        return this.#receipt(brought as Brought<'ack:N'>);
    }
  }

  /** The request that an answer belongs to: by its rid, else the oldest with that id, else the oldest of its kind. */
  #take(
    type: 'msg:R' | 'ack:R',
    rid: string | undefined,
    fits: (request: MsgR | AckR) => boolean,
  ): OpenRequest['request'] | undefined {
    const at = this.#open.findIndex(
      ({ request }) => request.type === type && (rid === undefined ? fits(request) : request.rid === rid),
    );
    return at < 0 ? undefined : this.#open.splice(at, 1)[0]?.request;
  }

  #answer(brought: BroughtMsgA): MsgA {
    const { rid, msgId, serverMsgId } = brought;
    const request = this.#take('msg:R', rid, (one) => msgId === undefined || (one as MsgR).msgId === msgId) as
      | MsgR
      | undefined;
    const id = msgId ?? request?.msgId;
    const letter = id === undefined ? undefined : this.#letters.find(this.#user, id);
    // Where a push names no id of the server, one in an answer could be compared with nothing.
    const told = this.#has('msg:N.serverMsgId') ? serverMsgId : undefined;
    if (letter && told !== undefined) this.#letters.learn(letter, told);
    const status = brought.status as MsgA['status'];
    return {
      type: 'msg:A',
      rid: rid ?? request?.rid ?? NO_RID,
      status,
      ...defined({ msgId: id, serverMsgId: told, error: brought.error }),
    };
  }

  #ackAnswer(brought: Brought<'ack:A'>): AckA {
    const { rid, serverMsgId, status, error } = brought;
    const request = this.#take(
      'ack:R',
      rid,
      (one) => serverMsgId === undefined || (one as AckR).serverMsgId === serverMsgId,
    ) as AckR | undefined;
    return {
      type: 'ack:A',
      rid: rid ?? request?.rid ?? NO_RID,
      status,
      ...defined({ serverMsgId: serverMsgId ?? request?.serverMsgId, error }),
    };
  }

  /** The message of a push or a receipt, by whatever names it. */
  #letterOf(from: string | undefined, msgId: string | undefined, serverMsgId: string | undefined): Letter | undefined {
    if (msgId !== undefined && from !== undefined) return this.#letters.find(from, msgId);
    return serverMsgId === undefined ? undefined : this.#letters.byServerMsgId(serverMsgId);
  }

  #push(brought: Brought<'msg:N'>): MsgN | undefined {
    const { body, serverMsgId: named } = brought;
    const to = brought.to ?? this.#user;
    const letter =
      this.#letterOf(brought.from, brought.msgId, named) ??
      (brought.msgId === undefined
        ? this.#letters.byContent(to, body, named)
        : this.#letters.addressed(to, brought.msgId));
    const from = brought.from ?? letter?.from;
    const msgId = brought.msgId ?? letter?.msgId;
    if (from === undefined || msgId === undefined) return undefined;
    const serverMsgId = named ?? `${from}/${msgId}`;
    if (letter) {
      this.#letters.learn(letter, serverMsgId);
      letter.pushedAt ??= this.#now();
    }
    const { acceptedAt = letter?.pushedAt ?? this.#now(), expiresAt, seq, attempt } = brought;
    return { type: 'msg:N', msgId, serverMsgId, from, to, body, acceptedAt, ...defined({ expiresAt, seq, attempt }) };
  }

  #receipt(brought: Brought<'ack:N'>): AckN | undefined {
    const { status, at = this.#now() } = brought;
    const letter = this.#letterOf(this.#user, brought.msgId, brought.serverMsgId);
    const msgId = brought.msgId ?? letter?.msgId;
    if (msgId === undefined) return undefined;
    const serverMsgId = brought.serverMsgId ?? letter?.serverMsgIds[0] ?? `${this.#user}/${msgId}`;
    return { type: 'ack:N', msgId, serverMsgId, to: brought.to ?? letter?.to ?? '', status, at };
  }
}
