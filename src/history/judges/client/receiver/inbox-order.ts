import type { InventoryItem } from '../../../../../schemas/index.js';
import type { ClientFacts } from '../../../facts/client/client-facts.js';
import type { Inventory, PushOf } from '../../../facts/client/entry.js';
import { type ClientJudge, reportPush } from '../context.js';
import { itemsOf, matches } from './items.js';

/**
 * On which connection, and after which line, the client has surely read it for the first time: it came once before its
 * first ack, and that went the same way.
 */
const readOn = ({ pushed, acks }: PushOf): { conn: number; line: number } | undefined => {
  const [first] = pushed;
  const [ack] = acks;
  if (first === undefined || ack?.conn !== first.conn) return undefined;
  return pushed.some((copy) => copy !== first && copy.line < ack.line) ? undefined : first;
};

interface Read {
  readonly push: PushOf;
  readonly conn: number;
  readonly line: number;
  readonly place: number;
}

/** The messages of which it is known when they were read, and which stand once in the inventory. */
const readsOf = (facts: ClientFacts, from: string, items: readonly InventoryItem[]): Read[] => {
  const pushes = [...facts.pushes.values()].filter((push) => push.from === from && !push.isWord);
  return pushes.flatMap((push) => {
    const read = readOn(push);
    if (read === undefined || pushes.some((one) => one !== push && one.body === push.body)) return [];
    const place = items.findIndex((item) => matches(item, push.body));
    return place < 0 ? [] : [{ push, ...read, place }];
  });
};

/**
 * Packets of one connection are handled one after another, so the application gets messages in the order in which they
 * came. One that sorts by the time of acceptance is in order, too: only where both agree something is judged.
 */
export const judgeInboxOrder: ClientJudge = (context) => {
  const { facts, findings } = context;
  const judge = (inventory: Inventory): void => {
    const items = itemsOf(inventory);
    if (items === undefined) return;
    let last: Read | undefined;
    for (const read of readsOf(facts, inventory.from, items)) {
      const { push, conn, line, place } = read;
      if (last !== undefined && last.conn === conn && last.line < line && last.push.acceptedAt < push.acceptedAt) {
        if (last.place > place) {
          reportPush(context, 'IM-4.3-6', push, {
            message: 'the application got two messages in another order than they came',
            expected: `${last.push.msgId} before ${push.msgId}`,
            seen: `places ${last.place + 1} and ${place + 1} in the inventory`,
            lines: [last.line, line, inventory.line],
          });
          return;
        }
        findings.exercise('IM-4.3-6');
      }
      last = read;
    }
  };
  return {
    onSettled: () => {
      for (const inventory of facts.words.inventories.values()) judge(inventory);
    },
  };
};
