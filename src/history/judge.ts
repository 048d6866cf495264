import type { AckA, AckN, AckR, HistoryEvent, HistoryEventOf, MsgA, MsgN, MsgR } from '../../schemas/index.js';
import { judgeNeverOk } from './acks.js';
import { excuse, judgeOpenRequests, onAnswer, onRequest } from './answers.js';
import { finishClaimed, judgeClaimed } from './claimed.js';
import { Connections } from './connections.js';
import { judgeNeverAccepted } from './dedup.js';
import { describeSent } from './describe-event.js';
import type { Judgement } from './judgement.js';
import { judgeLoss, judgeReceipts } from './loss.js';
import { onHanded, onPush } from './pushes.js';
import { noteRawFrame } from './raw-frames.js';
import { onReceipt } from './receipts.js';
import { tooSlowToJudge } from './stalls.js';
import { Steps } from './steps.js';
import { describePlace } from './where.js';
import { type Connection, World } from './world.js';

/**
 * Judges one history in one pass, event by event, in the order in which the kit saw them.
 * Pure: the clock is that of the history. Of a settled message at most 64 bytes are kept.
 */
export class HistoryJudge {
  readonly #world = new World();
  readonly #connections = new Connections(this.#world);
  readonly #steps = new Steps(this.#world);
  #finished: Judgement | undefined;
  #stalledMs = 0;

  feed(event: HistoryEvent): void {
    const world = this.#world;
    world.line += 1;
    if (event.kind === 'history') {
      world.begin(event);
      judgeClaimed(world);
      return;
    }
    world.at = event.at;
    switch (event.kind) {
      case 'sent':
        this.#sent(event);
        return;
      case 'got':
        this.#got(event);
        return;
      case 'handed':
        onHanded(world, world.connection(event.conn, event.client), event);
        return;
      case 'step':
        if (!this.#connections.isConsequence(event)) this.#steps.step(event);
        return;
      case 'fault':
        this.#steps.fault(event);
        return;
      default:
        this.#around(event);
    }
  }

  /** Events that are no packets. */
  #around(event: Exclude<HistoryEvent, { kind: 'history' | 'sent' | 'got' | 'handed' | 'step' | 'fault' }>): void {
    const world = this.#world;
    switch (event.kind) {
      case 'client':
        world.clients.set(event.client, world.device(event.user, event.device));
        return;
      case 'opening':
        this.#connections.opening(event);
        return;
      case 'open':
        this.#connections.open(event);
        return;
      case 'refused':
        this.#connections.refused(event);
        return;
      case 'closed':
        this.#connections.closed(event);
        return;
      case 'silent':
        this.#connections.silent(event);
        return;
      case 'reading':
        this.#connections.reading(event);
        return;
      case 'got-pong':
        world.book.exercise('IM-1-14');
        this.#pong(world.connection(event.conn, event.client));
        return;
      case 'sent-raw':
        this.#sentRaw(event);
        return;
      case 'got-invalid':
        this.#gotInvalid(event);
        return;
      case 'subject':
        this.#subject(event);
        return;
      case 'settled':
        judgeReceipts(world);
        judgeOpenRequests(world);
        judgeLoss(world, event.complete);
        return;
      case 'metrics':
        world.metrics?.read(event);
        return;
      case 'end':
        this.#stalledMs = event.stalledMs ?? 0;
        return;
      case 'settling':
        return;
    }
  }

  #sent(event: HistoryEventOf<'sent'>): void {
    const world = this.#world;
    const packet = event.packet as unknown as MsgR | AckR;
    const connection = world.connection(event.conn, event.client);
    if (event.message !== undefined && packet.type === 'msg:R') {
      world.messages.label(event.message, connection.device.user.name, packet.msgId);
    }
    connection.lastFrameAt = world.at;
    connection.lastFragments = event.fragments;
    if (world.lastSent?.event.kind !== 'sent-raw') world.lastSent = { event, line: world.line };
    onRequest(world, connection, packet);
  }

  #got(event: HistoryEventOf<'got'>): void {
    const world = this.#world;
    const packet = event.packet as unknown as MsgA | MsgN | AckA | AckN;
    const connection = world.connection(event.conn, event.client);
    world.book.exercise('IM-2-1');
    world.book.exercise('IM-1-3');
    const end = world.ends.at(-1);
    if (end !== undefined && connection.serial <= end.openings) end.after = world.line + 0.5;
    this.#connections.alive(connection);
    const isAnswer = packet.type === 'msg:A' || packet.type === 'ack:A';
    if (isAnswer && connection.lastFragments !== undefined) world.book.exercise('IM-1-28');
    if (packet.type === 'msg:N') {
      onPush(world, connection, packet);
      this.#connections.pushed(connection);
    } else if (packet.type === 'ack:N') onReceipt(world, connection, packet);
    else onAnswer(world, connection, packet);
  }

  /** The pong answers a ping that the client sent just before. */
  #pong(connection: Connection): void {
    connection.lastFrameAt = this.#world.at;
    this.#connections.alive(connection);
  }

  #sentRaw(event: HistoryEventOf<'sent-raw'>): void {
    const world = this.#world;
    const connection = world.connection(event.conn, event.client);
    world.lastSent = { event, line: world.line };
    this.#connections.raw(connection);
    noteRawFrame(world, connection, event);
  }

  /** An invalid packet breaks its own requirement; what it should have been is not missed as well. */
  #gotInvalid(event: HistoryEventOf<'got-invalid'>): void {
    const world = this.#world;
    const connection = world.connection(event.conn, event.client);
    const rid = /"rid"\s*:\s*"([^"]*)"/.exec(event.text)?.[1];
    const msgId = /"msgId"\s*:\s*"([^"]*)"/.exec(event.text)?.[1];
    const pending = rid === undefined ? undefined : connection.pending.get(rid);
    if (rid !== undefined) connection.pending.delete(rid);
    for (const message of world.messages.unsettled()) {
      if (message === pending?.message || message.msgId === msgId) message.spoiled = true;
    }
    world.book.report({
      requirement: event.level === 'frame' ? 'IM-1-3' : 'IM-2-1',
      message: `the server sent ${connection.client} something that is not a valid packet`,
      expected: 'a valid msg:A, msg:N, ack:A or ack:N in one text frame',
      seen: `${event.errors.join('; ')}: ${event.text.slice(0, 200)}`,
      where: describePlace(connection),
      events: [world.line],
      about: undefined,
    });
  }

  #subject(event: HistoryEventOf<'subject'>): void {
    const world = this.#world;
    const { line, at, openings } = world;
    switch (event.event) {
      case 'started':
        world.stopping = false;
        world.killing = false;
        world.down = false;
        if (world.ends.length > 0) forgetUnpromised(world);
        return;
      case 'killing':
        for (const connection of world.connections.values()) excuse(world, connection);
        world.killing = true;
        return;
      case 'frozen':
        world.freezes.push({ from: at, to: Number.POSITIVE_INFINITY });
        return;
      case 'continued': {
        const freeze = world.freezes.at(-1);
        if (freeze !== undefined) freeze.to = at;
        return;
      }
      case 'stopping':
        for (const connection of world.connections.values()) excuse(world, connection);
        world.stopping = true;
        return;
      default:
        world.ends.push({ kind: event.event, line, at, openings, after: line });
        world.down = true;
        this.#ended(event);
    }
  }

  #ended(event: HistoryEventOf<'subject'>): void {
    const world = this.#world;
    const missed = this.#connections.explainedByEnd();
    if (event.event !== 'exited') for (const step of missed) this.#steps.step(step);
    // Packets that were under way may still arrive, until the connections are seen to close.
    for (const connection of world.connections.values()) excuse(world, connection);
    if (!world.classes.has('durable')) world.forgetful = true;
    if (event.event !== 'exited') return;
    const raw = [...world.connections.values()].some((connection: Connection) => connection.raw !== undefined);
    const cause = event.signal === undefined ? `code ${event.code ?? 'unknown'}` : `signal ${event.signal}`;
    const last = world.lastSent;
    world.book.report({
      requirement: raw ? 'IM-1-7' : 'IM-3-1',
      message: `the server exited by itself with ${cause}`,
      expected: 'the server goes on running',
      seen: `its process ended at ${Math.round(world.at)} ms with ${cause}${raw ? ', after a bad frame' : ''}`,
      where: last === undefined ? 'before anything was sent to it' : `after ${describeSent(last.event)}`,
      events: [...(last === undefined ? [] : [last.line]), world.line],
      about: undefined,
    });
  }

  /** Ends the judging. Further calls return the same judgement. */
  finish(): Judgement {
    if (this.#finished !== undefined) return this.#finished;
    const world = this.#world;
    judgeOpenRequests(world);
    judgeNeverAccepted(world);
    judgeNeverOk(world);
    this.#connections.finish();
    finishClaimed(world);
    if (world.settledAt === undefined) world.book.leaveOpen('not-settled', 'the history ends before it settled');
    const { findings, exercised, undecided } = world.book;
    const tooSlow = tooSlowToJudge(findings, this.#stalledMs, world.timers);
    this.#finished = {
      findings: tooSlow === undefined ? findings : [],
      exercised,
      faultsNotFired: this.#steps.faultsNotFired(),
      undecided,
      ...(tooSlow === undefined ? {} : { tooSlow }),
    };
    return this.#finished;
  }
}

/** A push alone promises nothing: a server that was killed may know nothing of that message. */
const forgetUnpromised = (world: World): void => {
  for (const message of world.messages.unsettled()) {
    if (message.promisedLine >= 0 || message.ackedBy.length > 0 || message.receipts.length > 0) continue;
    message.evidenceLine = Number.POSITIVE_INFINITY;
    message.stored = -1;
    message.sid = undefined;
    message.hasSid = false;
    message.acceptedAt = undefined;
    message.seq = -1;
    message.expiresAt = undefined;
  }
};

/** Judges a whole history. */
export const judge = (events: Iterable<HistoryEvent>): Judgement => {
  const judging = new HistoryJudge();
  for (const event of events) judging.feed(event);
  return judging.finish();
};

/** Failed if anything broke; else inconclusive if the kit was too slow, a fault never fired or something stays open. */
export const verdictOf = (judgement: Judgement): 'passed' | 'failed' | 'inconclusive' => {
  if (judgement.findings.length > 0) return 'failed';
  return judgement.tooSlow !== undefined || judgement.faultsNotFired.length > 0 || judgement.undecided.length > 0
    ? 'inconclusive'
    : 'passed';
};
