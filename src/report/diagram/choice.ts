import type { Entry } from './entry.js';
import type { ShownViolation } from './model.js';
import type { Narrator } from './narrator.js';

/** What a diagram is about: the rows that may be shown, and which of them the violation names. */
export interface Choice {
  key: string | undefined;
  /** In the order of the history. */
  entries: Entry[];
  violating: ReadonlySet<Entry>;
  clients: string[];
  hidden: string[];
}

/** Chooses the parties and the rows; without a violation these are all. */
export const choose = (narrator: Narrator, violation: ShownViolation | undefined, maxClients: number): Choice => {
  const violating = namedBy(narrator.entries, violation);
  const key = keyOf(violation, violating);
  const name = key === undefined ? undefined : narrator.index.messageOf(key)?.name;
  const concerns = (entry: Entry): boolean =>
    violating.has(entry) ||
    (key !== undefined &&
      (entry.key === key || (entry.key === undefined && name !== undefined && entry.name === name)));
  const ranked = rankClients(narrator, violation === undefined ? undefined : { key, concerns });
  const clients = ranked.slice(0, maxClients);
  const shown = new Set(clients);
  const mayBeShown = (entry: Entry): boolean => {
    if (violating.has(entry)) return clientOf(entry) === undefined || shown.has(clientOf(entry) ?? '');
    if (entry.shape === 'band' && entry.events[0]?.kind === 'end') return false;
    if (entry.shape === 'band') return true;
    if (entry.client === undefined) return entry.shape === 'mark' && (violation === undefined || entry.sign !== 'page');
    if (!shown.has(entry.client)) return false;
    return entry.shape === 'mark'
      ? !(key !== undefined && entry.sign === 'handed' && !concerns(entry))
      : key === undefined || concerns(entry);
  };
  return { key, entries: narrator.entries.filter(mayBeShown), violating, clients, hidden: ranked.slice(maxClients) };
};

export const clientOf = (entry: Entry): string | undefined => (entry.shape === 'band' ? undefined : entry.client);

const namedBy = (entries: readonly Entry[], violation: ShownViolation | undefined): Set<Entry> => {
  const lines = new Set(violation?.events);
  return new Set(entries.filter((entry) => entry.lines.some((line) => lines.has(line))));
};

const keyOf = (violation: ShownViolation | undefined, violating: ReadonlySet<Entry>): string | undefined => {
  if (violation?.about !== undefined) return `${violation.about.from} ${violation.about.msgId}`;
  // One packet alone may be about its connection: two that agree are about their message.
  const keys = [...violating].map(({ key }) => key).filter((key) => key !== undefined);
  return keys.length > 1 && new Set(keys).size === 1 ? keys[0] : undefined;
};

/** So many clients are shown even if the violation names no packet of theirs, nor a message. */
const FEW = 3;

interface Subject {
  key: string | undefined;
  concerns: (entry: Entry) => boolean;
}

/** The clients that have a part in it, the busiest first. */
const rankClients = (narrator: Narrator, subject: Subject | undefined): string[] => {
  const weight = new Map<string, number>();
  const message = subject?.key === undefined ? undefined : narrator.index.messageOf(subject.key);
  const few = narrator.clients.length <= FEW;
  for (const { client, user } of narrator.clients) {
    const receives = message !== undefined && user === message.to && narrator.lifelines.hasBegun(client);
    if (receives || (subject !== undefined && message === undefined && few)) weight.set(client, 1);
  }
  for (const entry of narrator.entries) {
    const client = clientOf(entry);
    if (client === undefined || (subject !== undefined && !subject.concerns(entry))) continue;
    weight.set(client, (weight.get(client) ?? 0) + (entry.shape === 'arrow' ? 3 : 1));
  }
  // A violation without any packet, such as of a page of metrics: everybody may have a part in it.
  if (weight.size === 0 && subject !== undefined) return rankClients(narrator, undefined);
  return [...weight].sort(([, a], [, b]) => b - a).map(([client]) => client);
};
