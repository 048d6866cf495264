import { MemoryLog } from '../memory-log.js';
import { LoopNode } from './loop-node.js';

const NODES = 3;
const USERS = 100;
/** Messages between the first try to send one and its ack, over all users. */
const IN_FLIGHT = 50;
/** The clock of the run: one millisecond for each message. */
const BEGUN_AT = 1_700_000_000_000;
const PURGE_EVERY = 500;

/** What is there at one moment of the run. */
export interface Look {
  messages: number;
  /** Events of the log that are kept. */
  entries: number;
  /** Characters of the snapshots that are kept. */
  snapshots: number;
  /** Messages that all nodes still know of: those that wait, and those that can come again. */
  known: number;
}

export interface LongRun {
  /** Of messages: each is sent to one node, acked on another, and forgotten when its window is over. */
  messages: number;
  /** Of the log. */
  snapshotAfter?: number;
  /** By the clock of the run. */
  dedupWindowMs?: number;
  /** Messages between two looks. */
  lookEvery: number;
  onLook(look: Look): void;
}

/** Sends so many messages through three nodes with one log in memory. Rejects when one is not accepted, or not acked. */
export const runLong = async (run: LongRun): Promise<void> => {
  const { messages, snapshotAfter, dedupWindowMs = 20_000, lookEvery, onLook } = run;
  const log = new MemoryLog(600_000, snapshotAfter);
  let sent = 0;
  const wallClock = (): number => BEGUN_AT + sent;
  const nodes = Array.from(
    { length: NODES },
    (_, index) => new LoopNode({ log, node: String(index + 1), wallClock, dedupWindowMs }),
  );
  await Promise.all(nodes.map((node) => node.start()));
  const node = (index: number): LoopNode => nodes[index % NODES] as LoopNode;
  await Promise.all(Array.from({ length: USERS }, (_, user) => node(user).register(`user-${user}`)));

  const look = (): void => {
    const known = [...node(0).store.copy()].filter(([kind]) => kind === 'dedup').length;
    onLook({ messages: sent, entries: log.length, snapshots: log.snapshots.length, known });
  };
  const work = async (): Promise<void> => {
    while (sent < messages) {
      sent += 1;
      const number = sent;
      const receiver = `user-${(number + 1) % USERS}`;
      const answer = await node(number).send(`user-${number % USERS}`, receiver, `m-${number}`);
      if (answer.status !== 'accepted' || answer.serverMsgId === undefined)
        throw new Error(`message ${number} was ${answer.status}`);
      const { status } = await node(number + 1).ack(receiver, answer.serverMsgId);
      if (status !== 'ok') throw new Error(`the ack of message ${number} was ${status}`);
      if (number % PURGE_EVERY === 0) await node(number).loop.purge(wallClock() - dedupWindowMs);
      if (number % lookEvery === 0) look();
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  } finally {
    await Promise.all(nodes.map((one) => one.stop()));
  }
};
