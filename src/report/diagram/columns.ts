import type { Entry } from './entry.js';

export type Side = 'left' | 'right';

/**
 * The clients from left to right, and how many of them stand left of the server: who sends on the left, who receives on
 * the right, and whoever has the most packets next to the server, so that few arrows cross a lifeline.
 */
export const columnsOf = (
  clients: readonly string[],
  entries: readonly Entry[],
  sides: ReadonlyMap<string, Side>,
): { left: string[]; right: string[] } => {
  const packets = new Map(clients.map((client) => [client, { sent: 0, pushed: 0, all: 0 }]));
  for (const entry of entries) {
    const counts = entry.shape === 'arrow' ? packets.get(entry.client) : undefined;
    if (counts === undefined || entry.shape !== 'arrow') continue;
    counts.all += 1;
    if (entry.type === 'msg:R') counts.sent += 1;
    if (entry.type === 'msg:N') counts.pushed += 1;
  }
  const of = (client: string) => packets.get(client) ?? { sent: 0, pushed: 0, all: 0 };
  const busiest = [...clients].sort((a, b) => of(b).all - of(a).all);
  const sideOf = (client: string): Side =>
    sides.get(client) ?? (of(client).sent > of(client).pushed ? 'left' : 'right');
  const left = busiest.filter((client) => sideOf(client) === 'left');
  const right = busiest.filter((client) => sideOf(client) === 'right');
  // Whoever only listens or only talks would leave one side of the server empty.
  while (left.length > right.length + 2) right.push(left.pop() as string);
  while (right.length > left.length + 2) left.push(right.pop() as string);
  if (left.length === 0 && right.length > 1) left.push(right.pop() as string);
  if (right.length === 0 && left.length > 1) right.push(left.pop() as string);
  return { left: left.reverse(), right };
};
