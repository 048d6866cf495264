import type { DedupRecord } from './records.js';
import { seqOf } from './records.js';
import type { Request } from './requests.js';
import type { InboxEntry, InboxKey, MessageKey, Store } from './store.js';
import type { UserCache } from './user-cache.js';

export const dedupName = ({ from, msgId }: MessageKey): string => `${from}!${msgId}`;
export const inboxName = ({ user, seq }: InboxKey): string => `${user}!${seq}`;

/** What the store holds about the requests of one round. The decisions of the round write into it, for those that follow. */
export interface WorkingSet {
  dedup: Map<string, DedupRecord>;
  inbox: Map<string, InboxEntry>;
  /** Devices of users to whom this round adds one. */
  users: Map<string, readonly string[]>;
}

/** No message has it: the way to look up an id that cannot be one, so that it takes the time of any other (IM-4.2-34). */
const NO_SEQ = 0;

interface Wanted {
  dedup: Map<string, MessageKey>;
  inbox: Map<string, InboxKey>;
  users: Set<string>;
  inboxSizes: Set<string>;
}

const want = (requests: readonly Request[], cache: UserCache, workingSet: WorkingSet): Wanted => {
  const wanted: Wanted = { dedup: new Map(), inbox: new Map(), users: new Set(), inboxSizes: new Set() };
  for (const request of requests) {
    if (request.kind === 'message') {
      const { to, msgId } = request.packet;
      const key = { from: request.connection.user, msgId };
      wanted.dedup.set(dedupName(key), key);
      if (!cache.hasUser(to)) wanted.users.add(to);
      if (cache.inboxSize(to) === undefined) wanted.inboxSizes.add(to);
    } else if (request.kind === 'ack') {
      const { connection, packet } = request;
      const seq = seqOf(packet.serverMsgId) ?? NO_SEQ;
      const key = { user: connection.user, seq };
      // In flight on this very connection, so the store holds it, not acked: a look-up would tell nothing new.
      const message = connection.outbox.find(seq);
      if (message) workingSet.inbox.set(inboxName(key), { state: 'unacked', message });
      else wanted.inbox.set(inboxName(key), key);
      if (!cache.hasUser(connection.user)) wanted.users.add(connection.user);
    } else if (request.kind === 'user') {
      if (!cache.hasUser(request.user)) wanted.users.add(request.user);
    } else {
      for (const key of request.due) wanted.inbox.set(inboxName(key), key);
    }
  }
  return wanted;
};

/** Looks up all that a round needs, in as few calls as possible. */
export const loadWorkingSet = async (
  requests: readonly Request[],
  store: Store,
  cache: UserCache,
  maxInboxMessages: number,
): Promise<WorkingSet> => {
  const workingSet: WorkingSet = { dedup: new Map(), inbox: new Map(), users: new Map() };
  cache.trim();
  const wanted = want(requests, cache, workingSet);
  const users = [...wanted.users];
  const [dedup, inbox, devices] = await Promise.all([
    wanted.dedup.size > 0 ? store.findDedup([...wanted.dedup.values()]) : [],
    wanted.inbox.size > 0 ? store.findInInbox([...wanted.inbox.values()]) : [],
    users.length > 0 ? store.findUsers(users) : [],
  ]);
  [...wanted.dedup.keys()].forEach((name, index) => {
    const record = dedup[index];
    if (record) workingSet.dedup.set(name, record);
  });
  [...wanted.inbox.keys()].forEach((name, index) => {
    const entry = inbox[index];
    if (entry) workingSet.inbox.set(name, entry);
  });
  users.forEach((user, index) => {
    const found = devices[index];
    if (found) cache.setUser(user, found);
  });
  for (const user of wanted.inboxSizes) {
    if (cache.hasUser(user)) cache.setInboxSize(user, await store.countInbox(user, maxInboxMessages));
  }
  return workingSet;
};
