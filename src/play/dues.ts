import type { Actor } from './clients/actor.js';
import type { Link } from './clients/link.js';
import { isRefusedForGood, keyOf, type SentMessage } from './clients/sent-messages.js';
import { claims, isOwedTo } from './owed.js';
import { openLink, type Stage } from './stage.js';

/** What has been pushed on one connection, looked through once. */
class Pushed {
  readonly link: Link;
  readonly #keys = new Set<string>();
  #cursor = 0;

  constructor(link: Link) {
    this.link = link;
  }

  has({ fromUser, msgId }: SentMessage): boolean {
    const { entries } = this.link.inbox;
    for (; this.#cursor < entries.length; this.#cursor++) {
      const entry = entries[this.#cursor];
      if (entry?.kind !== 'packet' || entry.packet.type !== 'msg:N') continue;
      this.#keys.add(keyOf(entry.packet.from, entry.packet.msgId));
    }
    return this.#keys.has(keyOf(fromUser, msgId));
  }
}

type Met = () => boolean;

/** The devices that stand for each other: one of them is enough, unless each has a queue of its own. */
const queuesOf = (stage: Stage): Actor[][] => {
  const queues = new Map<string, Actor[]>();
  for (const actor of stage.actors.values()) {
    const name = claims(stage, 'multi-device') ? keyOf(actor.user, actor.device) : actor.user;
    queues.set(name, [...(queues.get(name) ?? []), actor]);
  }
  return [...queues.values()];
};

const isFull = ({ options, messages }: Stage, { link }: Pushed): boolean => {
  const most = options.description.limits?.maxInFlight;
  if (most === undefined) return false;
  const open = new Set<string>();
  for (const entry of link.inbox.entries) {
    if (entry.kind !== 'packet' || entry.packet.type !== 'msg:N') continue;
    if (messages.ofServerMsgId(entry.packet.serverMsgId)?.acked !== true) open.add(entry.packet.serverMsgId);
  }
  return open.size >= most;
};

/** Pushes to whoever is there. What waits for its turn is not late. */
const pushesDue = (stage: Stage): Met[] =>
  queuesOf(stage).flatMap((actors) => {
    const links = actors.map(openLink).filter((link) => link !== undefined);
    const [actor] = actors;
    if (actor === undefined || links.length === 0 || !links.every(({ isWell }) => isWell)) return [];
    const pushed = links.map((link) => new Pushed(link));
    if (pushed.some((one) => isFull(stage, one))) return [];
    return [...stage.messages.all()]
      .filter((message) => message.accepted && !isRefusedForGood(message) && isOwedTo(stage, message, actor))
      .map((message) => () => message.acked || pushed.some((one) => one.has(message)));
  });

/** Whether both sides have closed every connection of the user, so that the server knows it; and since when. */
const awaySince = (stage: Stage, user: string): number => {
  const links = [...stage.actors.values()]
    .filter((actor) => actor.user === user)
    .flatMap(({ link, old }) => [link, old].filter((one) => one !== undefined));
  const gone = links.every(({ closeCode }) => closeCode !== undefined && closeCode !== 1006);
  return gone && links.length > 0 ? Math.max(...links.map(({ closedAt }) => closedAt)) : Number.POSITIVE_INFINITY;
};

/** `stored` to whoever asked when the receiver had left. */
const storedDue = (stage: Stage): Met[] =>
  [...(stage.has('ack:N.stored') ? stage.messages.all() : [])]
    .filter(
      ({ client, accepted, acked, final, ttlMs, toUser, lastSentAt }) =>
        accepted &&
        !acked &&
        !final &&
        ttlMs === undefined &&
        stage.actors.get(client)?.link?.isWell === true &&
        awaySince(stage, toUser) < lastSentAt,
    )
    .map((message) => () => (message.storedAt ?? 0) > message.lastSentAt);

/** More than these say nothing that the first ones do not. */
const MOST = 2_000;

/**
 * Waits for what the server owes to those who are there, before everybody connects anew: what that repairs would never
 * be seen to be missing. A server that does its duty in time makes nobody wait.
 */
export const awaitDues = async (stage: Stage): Promise<void> => {
  if (!stage.subjectUp) return;
  const dues = [...pushesDue(stage), ...storedDue(stage)].slice(0, MOST);
  const done = (): boolean => {
    while (dues.at(-1)?.() === true) dues.pop();
    return dues.length === 0;
  };
  // Longer than the bound, so that the history shows that it has passed.
  const boundMs = stage.bound(stage.options.timers.answerWithinMs);
  await stage.waits.until(done, boundMs + Math.max(50, boundMs / 20));
};
