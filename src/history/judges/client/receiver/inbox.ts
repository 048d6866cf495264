import type { RequirementId } from '../../../../../schemas/index.js';
import type { ClientFacts } from '../../../facts/client/client-facts.js';
import type { Inventory, PushOf } from '../../../facts/client/entry.js';
import { type ClientJudge, reportPush } from '../context.js';
import { itemsOf, matches } from './items.js';

/** All serverMsgIds under which one message was pushed. */
interface Message {
  readonly pushes: PushOf[];
  readonly body: string;
}

const messagesFrom = (facts: ClientFacts, from: string): Message[] => {
  const byId = new Map<string, Message>();
  for (const push of facts.pushes.values()) {
    if (push.from !== from || push.isWord || push.pushed.length === 0) continue;
    const known = byId.get(push.msgId);
    if (known) known.pushes.push(push);
    else byId.set(push.msgId, { pushes: [push], body: push.body });
  }
  return [...byId.values()];
};

/** It was pushed before the snapshot was told. */
const isKnownTo = ({ pushes }: Message, { line }: Inventory): boolean =>
  pushes.some(({ pushed }) => (pushed[0]?.line ?? line) < line);

/** The bot had read it when it was asked, or came to it before it came to the question. */
const mustBeHeld = ({ pushes }: Message, { line }: Inventory, askedOn: number): boolean =>
  pushes.some(({ pushed, acks: [ack] }) => {
    if (ack === undefined || ack.line > line) return false;
    return ack.line < askedOn || !pushed.some((copy) => copy.line > askedOn && copy.line < ack.line);
  });

/** The rule that a message which is held twice breaks. */
const ruleOfDouble = ({ pushes }: Message, facts: ClientFacts): RequirementId => {
  if (pushes.length > 1) return 'IM-4.3-1';
  const [push] = pushes;
  const repeated = push?.pushed.at(-1)?.at ?? 0;
  const [first] = push?.pushed ?? [];
  if (first !== undefined && facts.kills.some(({ at }) => at > first.at && at < repeated)) return 'IM-4.3-2';
  const [ack] = push?.acks ?? [];
  if (ack !== undefined && repeated > ack.at) return 'IM-4.3-5';
  return 'IM-4.3-6';
};

/** The rule that a message which is not held breaks. */
const ruleOfLoss = ({ pushes }: Message, facts: ClientFacts): RequirementId => {
  const [push] = pushes;
  const [ack] = push?.acks ?? [];
  return ack !== undefined && facts.kills.some(({ at }) => at > ack.at) ? 'IM-4.3-2' : 'IM-4.3-1';
};

/** The application holds each message once: nothing twice, nothing missing, bodies intact. */
export const judgeInbox: ClientJudge = (context) => {
  const { facts, findings } = context;
  const judge = (inventory: Inventory): void => {
    const items = itemsOf(inventory);
    if (items === undefined) return;
    const askedOn = facts.words.asked.get(inventory.ask)?.line ?? inventory.line;
    const messages = messagesFrom(facts, inventory.from).filter((message) => isKnownTo(message, inventory));
    for (const message of messages) {
      const { body, pushes } = message;
      const [push] = pushes;
      if (push === undefined) continue;
      const equal = messages.filter((other) => other.body === body);
      // What was never acked is perhaps not there yet.
      const least = equal.filter((other) => mustBeHeld(other, inventory, askedOn)).length;
      const held = items.filter((item) => matches(item, body)).length;
      const killed = facts.kills.some(({ at }) => at > (push.pushed[0]?.at ?? 0));
      if (held >= least && held <= equal.length) {
        if (held === 0) continue;
        findings.exercise('IM-4.3-1');
        if (killed && facts.isDurable) findings.exercise('IM-4.3-2');
        const [first, ...repeats] = push.pushed;
        const [ack] = push.acks;
        if (ack && repeats.some(({ at }) => at > ack.at)) findings.exercise('IM-4.3-5');
        else if (first && repeats.length > 0) findings.exercise('IM-4.3-6');
        continue;
      }
      const lost = held < least;
      if (lost && !mustBeHeld(message, inventory, askedOn)) continue;
      reportPush(context, lost ? ruleOfLoss(message, facts) : ruleOfDouble(message, facts), push, {
        message: lost
          ? 'the application does not hold a message that was acked'
          : 'the application holds a message twice',
        expected: `it holds ${push.msgId} of ${push.from} once`,
        seen: `${held} of ${lost ? least : equal.length} in the inventory`,
        lines: [...push.pushed.slice(0, 2).map(({ line }) => line), inventory.line],
      });
    }
    const strange = items.find((item) => !messages.some(({ body }) => matches(item, body)));
    if (strange === undefined || (!facts.isDurable && facts.kills.length > 0)) return;
    findings.report({
      requirement: 'IM-4.3-1',
      message: 'the application holds what nobody sent',
      expected: 'the bodies that were pushed, as they were',
      seen: JSON.stringify(strange).slice(0, 80),
      where: `in the inventory of ${inventory.from}`,
      events: [inventory.line],
      about: undefined,
    });
  };
  return {
    onSettled: () => {
      const unanswered = [...facts.words.asked].find(([ask]) => {
        const inventory = facts.words.inventories.get(ask);
        return inventory === undefined || itemsOf(inventory) === undefined;
      });
      if (unanswered !== undefined && facts.connections.open.size > 0) {
        const [ask, { from }] = unanswered;
        findings.leaveOpen('not-settled', `the bot did not answer the word inventory (ask ${ask}, from ${from})`);
      }
      for (const inventory of facts.words.inventories.values()) judge(inventory);
    },
  };
};
