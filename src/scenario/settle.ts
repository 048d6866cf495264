import { RETRYABLE_CODES } from '../../schemas/index.js';
import type { Actor } from './actor.js';
import type { Message } from './book.js';
import type { Link } from './link.js';
import type { Scenario } from './model.js';
import { restart } from './server-verbs.js';
import type { Stage } from './stage.js';

/** Rounds of re-sending what was refused as busy: each at most one bound long. */
const MAX_ROUNDS = 20;
const HARD_LIMIT_MS = 120_000;

const refusedForGood = (message: Message): boolean => {
  const code = message.answer?.error?.code;
  return !message.accepted && message.answer?.status === 'rejected' && code !== undefined && !RETRYABLE_CODES.has(code);
};

const openLink = (actor: Actor): Link | undefined => (actor.link?.state === 'open' ? actor.link : undefined);

const actorsOf = (stage: Stage, user: string): Actor[] =>
  [...stage.actors.values()].filter((actor) => actor.user === user);

/** Ends every fault that the script left behind: a dead process, a silent or stalled connection. */
const endFaults = async (stage: Stage): Promise<void> => {
  if (!stage.subjectUp) await restart(stage);
  for (const actor of stage.actors.values()) {
    actor.autoAcks = true;
    for (const link of [actor.link, actor.old]) {
      if (!link) continue;
      link.answersPings = true;
      if (link.state === 'silent') link.end('reset');
    }
    actor.link?.setReading(true);
  }
};

const isRecipient = (stage: Stage, actor: Actor): boolean =>
  [...stage.book.all()].some(
    (message) => message.toUser === actor.user && !refusedForGood(message) && !message.settled,
  );

const sends = (stage: Stage, actor: Actor): boolean =>
  [...stage.book.all()].some((message) => message.client === actor.name);

/** Receivers come back, so that what is not acked is pushed; senders come back, so that they can ask. */
const reconnect = async (stage: Stage, scenario: Scenario): Promise<void> => {
  const { reconnects, resends } = scenario.settle;
  const work = [...stage.actors.values()].map(async (actor) => {
    const receiver = reconnects && isRecipient(stage, actor);
    const sender = resends && sends(stage, actor) && !openLink(actor);
    if (!receiver && !sender) return;
    const before = actor.link;
    if (before?.state === 'open') {
      before.end('cleanly');
      await stage.waits.until(() => before.state === 'closed', stage.bound(stage.options.timers.answerWithinMs));
      before.end('abruptly');
    }
    await actor.connect();
  });
  await Promise.all(work);
};

/** What the script took from open connections without acking is acked now; a re-sent msg:R brings back what it dropped. */
const ackWhatIsHere = (stage: Stage): void => {
  for (const actor of stage.actors.values()) {
    const link = openLink(actor);
    if (!link) continue;
    actor.resendOwedAcks();
    for (const entry of link.inbox) {
      if (entry.kind === 'packet' && entry.packet.type === 'msg:N' && !entry.handled) actor.takePush(link, entry);
      else if (entry.kind === 'packet' && entry.packet.type === 'msg:N') {
        const message = stage.book.ofServerMsgId(entry.packet.serverMsgId);
        if (message && !message.settled && !actor.owes(entry.packet.serverMsgId))
          actor.ack(link, entry.packet.serverMsgId);
      }
    }
  }
};

const resendAll = (stage: Stage): void => {
  for (const message of stage.book.all()) {
    if (message.final || refusedForGood(message)) continue;
    const sender = stage.actors.get(message.client);
    const candidates = sender ? [sender, ...actorsOf(stage, message.fromUser)] : [];
    for (const actor of candidates) {
      const link = openLink(actor);
      if (!link) continue;
      actor.transmit(link, message);
      break;
    }
  }
};

/** What is left to wait for: by label, why. */
const pendingOf = (stage: Stage, scenario: Scenario): string[] => {
  const pending: string[] = [];
  for (const message of stage.book.all()) {
    if (refusedForGood(message)) continue;
    const reachable = actorsOf(stage, message.toUser).some((actor) => openLink(actor));
    const sent = message.accepted || scenario.settle.resends;
    if (sent && reachable && !message.settled) pending.push(`${message.label} is not delivered and acked`);
    else if (scenario.settle.resends && reachable && !message.final)
      pending.push(`${message.label}: its sender was not told`);
  }
  for (const actor of stage.actors.values()) {
    if (openLink(actor) && actor.owesAcks) pending.push(`an ack:R of ${actor.name} is not answered`);
  }
  return pending;
};

const retryRefused = (stage: Stage): boolean => {
  let retried = false;
  for (const actor of stage.actors.values()) {
    if (openLink(actor) && actor.owesAcks) {
      actor.resendOwedAcks();
      retried = true;
    }
  }
  for (const message of stage.book.all()) {
    const code = message.answer?.error?.code;
    const actor = stage.actors.get(message.client);
    const link = actor && openLink(actor);
    if (message.final || !actor || !link || code === undefined || !RETRYABLE_CODES.has(code)) continue;
    actor.transmit(link, message);
    retried = true;
  }
  return retried;
};

/** One repeated ack on each receiving connection: what the server pushed before its answer has arrived with it. */
const fence = async (stage: Stage): Promise<void> => {
  const waiting: (() => boolean)[] = [];
  for (const actor of stage.actors.values()) {
    const link = openLink(actor);
    const message = [...stage.book.all()].find((one) => one.settled && one.toUser === actor.user);
    if (!link || message?.serverMsgId === undefined) continue;
    actor.ack(link, message.serverMsgId, message.label);
    waiting.push(() => link.state !== 'open' || !actor.owesAcks);
  }
  await stage.waits.until(() => waiting.every((done) => done()), stage.bound(stage.options.timers.answerWithinMs));
};

/**
 * Ends every fault, reconnects every receiver, re-sends what has no final receipt, acks everything, and waits for as
 * long as packets keep coming. Loss is judged after this, and not before.
 */
export const settle = async (stage: Stage, scenario: Scenario): Promise<void> => {
  await endFaults(stage);
  stage.record({ kind: 'settling' });
  await reconnect(stage, scenario);
  ackWhatIsHere(stage);
  if (scenario.settle.resends) resendAll(stage);
  const boundMs = stage.bound(stage.options.timers.answerWithinMs);
  const until = performance.now() + HARD_LIMIT_MS;
  let pending = pendingOf(stage, scenario);
  for (let round = 0; pending.length > 0 && round < MAX_ROUNDS && performance.now() < until; round++) {
    const before = stage.packets;
    let seen = before;
    // The bound starts anew with every packet: only silence ends the wait early.
    do {
      seen = stage.packets;
      await stage.waits.until(() => stage.packets !== seen || pendingOf(stage, scenario).length === 0, boundMs);
      pending = pendingOf(stage, scenario);
    } while (pending.length > 0 && stage.packets !== seen && performance.now() < until);
    if (pending.length > 0 && !retryRefused(stage)) break;
    pending = pendingOf(stage, scenario);
  }
  if (pending.length === 0) await fence(stage);
  stage.record({ kind: 'settled', complete: pending.length === 0 });
};
