import type { ClientClass } from '../../../../schemas/index.js';
import type { ClientContext, ClientJudge } from './context.js';
import { core } from './core/index.js';
import { receiver } from './receiver/index.js';
import { sender } from './sender/index.js';

/** A class is one folder and one line here. What `durable` changes the judges of the two sides ask of the facts. */
const JUDGED: Readonly<Record<ClientClass, readonly ClientJudge[]>> = { core, sender, receiver, durable: [] };

/** Sets up what judges the classes that the head of a history names, and core always. */
export const appointClientJudges = (context: ClientContext, classes: readonly string[]): void => {
  const claimed = new Set(['core', ...classes]);
  const judges = Object.entries(JUDGED).flatMap(([name, own]) => (claimed.has(name) ? own : []));
  context.facts.listeners = judges.map((judge) => judge(context));
};
