import { RETRYABLE_CODES } from '../../schemas/index.js';
import type { Scenario } from '../script/model.js';
import type { Actor } from './clients/actor.js';
import { isRefusedForGood, type SentMessage } from './clients/sent-messages.js';
import { isOwedTo, Outstanding } from './owed.js';
import { openLink, type Stage } from './stage.js';
import { heal, kill, restart, thaw } from './subject-control.js';

/** Rounds of re-sending what was refused as busy: each at most one bound long. */
const MAX_ROUNDS = 20;
/** A server that says nothing at all in so many rounds will not answer the next one. */
const MAX_SILENT_ROUNDS = 2;
const HARD_LIMIT_MS = 120_000;

const actorsOf = (stage: Stage, user: string): Actor[] =>
  [...stage.actors.values()].filter((actor) => actor.user === user);

/** Ends every fault that the script left behind: a dead process, a silent or stalled connection. */
const endFaults = async (stage: Stage): Promise<void> => {
  // The script ended while the server stopped: what is left of it goes as the script would have had it.
  if (stage.stopBegun) await kill(stage);
  for (const target of stage.nodeFaults.frozen) await thaw(stage, target);
  for (const node of stage.linkFaults.nodes) await heal(stage, node);
  if (!stage.subjectUp) await restart(stage);
  for (const target of stage.nodeFaults.down) await restart(stage, target);
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
  stage.messages.first((message) => isOwedTo(stage, message, actor) && !isRefusedForGood(message)) !== undefined;

const sends = (stage: Stage, actor: Actor): boolean =>
  stage.messages.first((message) => message.client === actor.name) !== undefined;

/** Receivers come back, so that what is not acked is pushed; senders come back, so that they can ask. */
const reconnect = async (stage: Stage, { reconnects }: Scenario['settle'], resends: boolean): Promise<void> => {
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
    actor.receiver.resendOwedAcks(link);
    for (const entry of link.inbox.entries) {
      if (entry.kind === 'packet' && entry.packet.type === 'msg:N' && !entry.handled)
        actor.receiver.takePush(link, entry);
      else if (entry.kind === 'packet' && entry.packet.type === 'msg:N') {
        const message = stage.messages.ofServerMsgId(entry.packet.serverMsgId);
        if (message && isOwedTo(stage, message, actor) && !actor.receiver.owes(entry.packet.serverMsgId))
          actor.receiver.ack(link, entry.packet.serverMsgId, undefined, true);
      }
    }
  }
};

const resendAll = (stage: Stage): void => {
  for (const message of stage.messages.all()) {
    if (message.final || isRefusedForGood(message)) continue;
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

const retryRefused = (stage: Stage): boolean => {
  let retried = false;
  for (const actor of stage.actors.values()) {
    const link = openLink(actor);
    if (link && actor.receiver.owesAcks) {
      actor.receiver.resendOwedAcks(link);
      retried = true;
    }
  }
  for (const message of stage.messages.all()) {
    const code = message.answer?.error?.code;
    const actor = stage.actors.get(message.client);
    const link = actor && openLink(actor);
    if (message.final || !actor || !link || code === undefined || !RETRYABLE_CODES.has(code)) continue;
    // Its client does so by itself, when the server wants it.
    if (message.putOff === undefined) actor.transmit(link, message);
    retried = true;
  }
  return retried;
};

/** One repeated ack on each receiving connection: what the server pushed before its answer has arrived with it. */
const fence = async (stage: Stage): Promise<void> => {
  const waiting: (() => boolean)[] = [];
  for (const actor of stage.actors.values()) {
    const link = openLink(actor);
    const ours = (one: SentMessage) => one.acked && one.toUser === actor.user;
    const message =
      stage.messages.first((one) => ours(one) && one.ackedBy.includes(actor.device)) ?? stage.messages.first(ours);
    if (!link || message?.serverMsgId === undefined) continue;
    actor.receiver.ack(link, message.serverMsgId, message.label, true);
    waiting.push(() => link.state !== 'open' || !actor.receiver.owesAcks);
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
  // Without a receipt nothing ends the sending: in many a foreign protocol it would make the doubles that it looks for.
  const resends = scenario.settle.resends && stage.has('ack:N.delivered') && stage.has('msg:R.msgId');
  await reconnect(stage, scenario.settle, resends);
  ackWhatIsHere(stage);
  if (resends) resendAll(stage);
  const boundMs = stage.bound(stage.options.timers.answerWithinMs);
  const until = performance.now() + HARD_LIMIT_MS;
  const outstanding = new Outstanding(stage, resends);
  let silentRounds = 0;
  for (let round = 0; outstanding.any && round < MAX_ROUNDS && performance.now() < until; round++) {
    const before = stage.packets;
    let seen = before;
    // The bound starts anew with every packet: only silence ends the wait early.
    do {
      seen = stage.packets;
      await stage.waits.until(() => stage.packets !== seen || !outstanding.any, boundMs + stage.messages.putOffMs);
    } while (outstanding.any && stage.packets !== seen && performance.now() < until);
    silentRounds = stage.packets === before ? silentRounds + 1 : 0;
    if (silentRounds === MAX_SILENT_ROUNDS) break;
    if (outstanding.any && !retryRefused(stage)) break;
  }
  const complete = !outstanding.any;
  if (complete && stage.has('ack:A')) await fence(stage);
  stage.record({ kind: 'settled', complete });
};
