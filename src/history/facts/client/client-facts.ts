import {
  type AckA,
  type AckN,
  type AckR,
  type BotOutcome,
  CLIENT_TIMERS,
  type ClientTimers,
  CONDUCTOR,
  ERROR_CODES,
  type HistoryEvent,
  type HistoryEventOf,
  type HistoryHead,
  type MsgA,
  type MsgN,
  type MsgR,
  type PacketError,
  RETRYABLE_CODES,
} from '../../../../schemas/index.js';
import { defined } from '../../../defined.js';
import { Faults } from '../faults.js';
import { BotWords } from './bot-words.js';
import { ClientConnections } from './client-connections.js';
import type { Answer, Entry, Outcome, PushOf, Sending } from './entry.js';
import type { ClientHears, ClientListener } from './listener.js';

/** No rule about time is sharper than this. */
const SLACK_MS = 1_000;
/** What happens to a process that lives on. */
const LIVES_ON: ReadonlySet<string> = new Set(['frozen', 'continued', 'clock']);
/** Whether after that event of the subject another start of it counts. */
export const isAnotherStart = (event: string): boolean => !LIVES_ON.has(event);

const isUnknownCode = (error: PacketError | undefined): boolean =>
  error !== undefined && !(ERROR_CODES as readonly string[]).includes(error.code);
/** Whether the same request may succeed later: by its code, or by the time that comes with one which is not known. */
export const isRetryable = (error: PacketError | undefined): boolean =>
  error !== undefined &&
  (RETRYABLE_CODES.has(error.code) || (isUnknownCode(error) && error.retryAfterMs !== undefined));

/** What is known of a client under test by now: its messages, what was pushed to it, its connections. */
export class ClientFacts {
  readonly words = new BotWords();
  readonly entries = new Map<string, Entry>();
  readonly pushes = new Map<string, PushOf>();
  readonly faults = new Faults();
  timers: ClientTimers = CLIENT_TIMERS;
  classes: readonly string[] = [];
  can: readonly string[] = [];
  /** So many of its requests may wait for their answer at a time. */
  maxUnanswered = 1;
  patienceMs = 0;
  line = -1;
  at = 0;
  /** The first start of the process is in this history. */
  #isWhole = false;
  /** How often the process was ended by a kill or by itself. */
  life = 0;
  /** The ends of the process. Who was told to end has kept what is durable. */
  kills: { at: number; line: number; wasTold: boolean }[] = [];
  /** Since when the process is frozen. */
  frozenAt: number | undefined;
  /** Since when the process has not been frozen. */
  awakeSince = 0;
  readonly connections = new ClientConnections();
  stalledMs = 0;
  /** The network between the kit and a client that it starts is that of one machine. */
  readonly networkStalledMs = 0;
  settledAt: number | undefined;
  listeners: readonly ClientHears[] = [];
  readonly #rids = new Set<string>();
  readonly #requests = new Map<string, Entry | PushOf>();
  /** On whatever connection, and in whatever packet. */
  readonly #everSent = new Set<string>();
  /** The msgIds of all messages, also of a process that has forgotten them. */
  readonly #everSentIds = new Set<string>();
  /** The bot reported under these msgIds that it gave up what it had never sent. */
  readonly #givenUpIds = new Set<string>();

  begin({ subject, timers, limits, patienceMs }: HistoryHead): void {
    this.timers = { ...CLIENT_TIMERS, ...(timers as ClientTimers) };
    this.classes = subject.classes;
    this.can = subject.can ?? [];
    this.maxUnanswered = limits?.maxUnanswered ?? this.maxUnanswered;
    this.patienceMs = patienceMs;
  }

  /** How much later than its nominal time something may come. */
  get graceMs(): number {
    return SLACK_MS + this.patienceMs;
  }

  /** Whether a connection has been open for so long that the client must have said on it what it had to say. */
  get hadTimeToTell(): boolean {
    return this.connections.isOpenFor(this.graceMs, this.at);
  }

  get frozen(): boolean {
    return this.frozenAt !== undefined;
  }

  get isDurable(): boolean {
    return this.classes.includes('durable');
  }

  tell<K extends keyof ClientListener>(name: K, ...args: Parameters<ClientListener[K]>): void {
    for (const listener of this.listeners) {
      (listener[name] as ((...all: Parameters<ClientListener[K]>) => void) | undefined)?.(...args);
    }
  }

  feed(event: Exclude<HistoryEvent, { kind: 'history' }>): void {
    this.at = event.at;
    switch (event.kind) {
      case 'got':
        this.#everSent.add(event.packet.rid as string);
        this.#onGot(event);
        return;
      case 'sent':
        this.#onSent(event);
        return;
      case 'got-invalid':
        if (event.rid !== undefined) this.#everSent.add(event.rid);
        this.tell('onInvalid', event);
        return;
      case 'sent-raw':
        this.tell('onRaw', event);
        return;
      case 'opening':
        this.tell('onOpening', event);
        return;
      case 'open':
        this.connections.opened(event.conn, event.at);
        this.tell('onOpen', event);
        return;
      case 'refused':
        this.tell('onRefused', event);
        return;
      case 'silent':
        this.tell('onSilent', event);
        this.connections.fellSilent(event.conn, event.at);
        return;
      case 'closed':
        this.connections.ended(event.conn, event.at, this);
        this.tell('onClosed', event);
        this.connections.left(event.conn);
        return;
      default:
        this.#onOther(event);
    }
  }

  #onOther(event: HistoryEvent): void {
    switch (event.kind) {
      case 'subject':
        this.#onSubject(event);
        return;
      case 'step':
        this.tell('onStep', event);
        return;
      case 'fault':
        this.faults.note(event);
        this.tell('onFault', event);
        return;
      case 'settling':
        this.tell('onSettling');
        return;
      case 'settled':
        this.settledAt = event.at;
        this.tell('onSettled');
        return;
      case 'end':
        this.stalledMs = event.stalledMs ?? 0;
        return;
      default:
        return;
    }
  }

  #onSubject(event: HistoryEventOf<'subject'>): void {
    this.tell('onSubject', event);
    if (event.event === 'started') this.#isWhole = true;
    if (event.event === 'frozen') this.frozenAt = event.at;
    if (event.event === 'continued') {
      this.frozenAt = undefined;
      this.awakeSince = event.at;
    }
    if (event.event === 'killed' || event.event === 'exited' || event.event === 'stopped') {
      this.life += 1;
      this.kills.push({ at: event.at, line: this.line, wasTold: event.event === 'stopped' });
      if (!this.isDurable) this.#forget();
    }
  }

  /** What lives in memory is gone with the process. */
  #forget(): void {
    this.words.handed.length = 0;
    this.entries.clear();
    this.pushes.clear();
  }

  #onGot({ conn, packet: raw }: HistoryEventOf<'got'>): void {
    const packet = raw as unknown as MsgR | AckR;
    const named = `${conn} ${packet.rid}`;
    if (this.#rids.has(named)) this.tell('onRidUsedTwice', packet, conn);
    this.#rids.add(named);
    if (packet.type === 'ack:R') {
      const push = this.pushes.get(packet.serverMsgId);
      if (push === undefined) return;
      this.#requests.set(named, push);
      const ack = { at: this.at, line: this.line, conn };
      push.acks.push(ack);
      this.tell('onAck', push, ack);
      return;
    }
    this.connections.noteRequest(conn);
    if (packet.to === CONDUCTOR) this.#onWord(packet);
    else this.#onSending(conn, packet);
  }

  #onWord(packet: MsgR): void {
    if (this.words.isIdTaken(packet) || this.entries.has(packet.msgId)) this.tell('onIdTaken', packet.msgId);
    const outcome = this.words.heard(packet, this.line);
    if (outcome !== undefined) this.#onOutcome(outcome);
  }

  #onOutcome({ msgId, body, status }: BotOutcome): void {
    const outcome: Outcome = { status, at: this.at, line: this.line, life: this.life };
    // By itself a client can only say that it gave up what it never sent.
    const saysNothingOfServer = status !== 'stored' && status !== 'delivered';
    if (msgId === undefined && saysNothingOfServer && this.words.endUnsent(String(body))) return;
    const entry = msgId === undefined ? this.words.sentWith(String(body)) : this.entries.get(msgId);
    if (entry === undefined) {
      // What came before this history may end in it, and the words of the bot are messages, too.
      const isKnown = msgId !== undefined && (this.#everSentIds.has(msgId) || this.words.isWord(msgId));
      if (this.#isWhole && !isKnown && !saysNothingOfServer)
        this.tell('onUnsentOutcome', outcome, defined({ msgId, body }));
      if (msgId !== undefined && !isKnown && saysNothingOfServer) this.#givenUpIds.add(msgId);
      return;
    }
    this.tell('onOutcome', entry, outcome);
    entry.outcomes.push(outcome);
  }

  #onSending(conn: number, packet: MsgR): void {
    const { msgId, to, body, ttlMs, rid } = packet;
    const sending: Sending = { at: this.at, line: this.line, conn, rid };
    const known = this.entries.get(msgId);
    if (known === undefined && this.words.isIdTaken(packet)) this.tell('onIdTaken', msgId);
    const entry = known ?? this.#newEntry(packet, sending);
    this.#requests.set(`${conn} ${rid}`, entry);
    if (known && (to !== known.to || body !== known.body || ttlMs !== known.ttlMs)) {
      this.tell('onContentChanged', entry, sending);
    }
    entry.sendings.push(sending);
    this.tell('onSending', entry, sending);
  }

  #newEntry({ msgId, to, body, ttlMs }: MsgR, sending: Sending): Entry {
    const handed = this.words.firstSent({ to, body });
    const entry: Entry = {
      msgId,
      to,
      body,
      ttlMs,
      handed,
      sendings: [],
      notBefore: handed !== undefined && (this.connections.endedAt ?? 0) > handed.at ? handed.at : sending.at,
      answers: [],
      receipts: [],
      outcomes: [],
      end: undefined,
      strayed: false,
      wasGivenUp: handed?.isOver === true || this.#givenUpIds.has(msgId),
    };
    this.entries.set(msgId, entry);
    this.#everSentIds.add(msgId);
    if (handed) {
      handed.entry = entry;
      // A library may have a lifetime of its own for what is handed over without one.
      if (handed.ttlMs !== undefined && handed.ttlMs !== ttlMs) this.tell('onContentChanged', entry, sending);
    } else {
      const twin = this.words.handed.find((one) => one.to === to && one.body === body);
      this.tell('onStranger', entry, sending, twin);
    }
    return entry;
  }

  #onSent({ conn, packet: raw }: HistoryEventOf<'sent'>): void {
    const packet = raw as unknown as MsgA | AckA | AckN | MsgN;
    switch (packet.type) {
      case 'msg:A':
        this.#onAnswer(conn, packet);
        return;
      case 'ack:N':
        this.#onReceipt(conn, packet);
        return;
      case 'msg:N':
        this.#onPush(conn, packet);
        return;
      case 'ack:A':
        this.#onAckAnswer(conn, packet);
    }
  }

  #noteStray(rid: string, named: Entry | PushOf | undefined): void {
    if (this.#everSent.has(rid)) return;
    if (named !== undefined) named.strayed = true;
    this.tell('onStray');
  }

  #onAnswer(conn: number, { rid, msgId = '', status, error }: MsgA): void {
    this.#noteStray(rid, this.entries.get(msgId));
    const entry = this.#requests.get(`${conn} ${rid}`);
    if (entry === undefined || 'serverMsgId' in entry) return;
    const unknownCode = isUnknownCode(error);
    const retryable = isRetryable(error);
    const answer: Answer = {
      status,
      at: this.at,
      line: this.line,
      conn,
      unknownCode,
      retryable,
      ...defined({ code: error?.code, retryAfterMs: error?.retryAfterMs }),
    };
    entry.answers.push(answer);
    // After a receipt a rejection refuses only the question.
    if (status === 'rejected' && !retryable && entry.receipts.length === 0) {
      this.#noteEnd(entry, 'refused', conn);
    }
    this.tell('onAnswer', entry, answer);
  }

  /** The first end counts, unless it went down with its connection: then the next one. */
  #noteEnd(entry: Entry, status: NonNullable<Entry['end']>['status'], conn: number): void {
    if (entry.end !== undefined && !this.connections.isCutShort(entry.end)) return;
    entry.end = { at: this.at, line: this.line, status, conn };
  }

  #onReceipt(conn: number, { msgId, status }: AckN): void {
    const entry = this.entries.get(msgId);
    if (entry === undefined) return;
    const receipt = { status, at: this.at, line: this.line };
    entry.receipts.push(receipt);
    if (status !== 'stored') this.#noteEnd(entry, status, conn);
    this.tell('onReceipt', entry, receipt);
  }

  #onPush(conn: number, { from, msgId, serverMsgId, body, acceptedAt }: MsgN): void {
    const isWord = from === CONDUCTOR;
    const push: PushOf = this.pushes.get(serverMsgId) ?? {
      from,
      msgId,
      serverMsgId,
      body,
      acceptedAt,
      pushed: [],
      acks: [],
      settled: undefined,
      strayed: false,
      isWord,
    };
    if (isWord && push.pushed.length === 0) this.words.told(msgId, body, this);
    this.pushes.set(serverMsgId, push);
    push.pushed.push({ at: this.at, line: this.line, conn });
    this.tell('onPush', push, this.at);
  }

  #onAckAnswer(conn: number, packet: AckA): void {
    this.#noteStray(packet.rid, this.pushes.get(packet.serverMsgId ?? ''));
    const push = this.#requests.get(`${conn} ${packet.rid}`);
    if (push === undefined || !('serverMsgId' in push)) return;
    if (packet.status !== 'rejected' || packet.error?.code === 'unknown-message') {
      if (push.settled === undefined || this.connections.isCutShort(push.settled)) {
        push.settled = { at: this.at, line: this.line, conn };
      }
    }
    this.tell('onAckAnswer', push, packet);
  }
}
