import t from 'tap';
import type { SubjectClass } from '../../schemas/index.js';
import { actionSteps, type ClientSpec, expandLabels, type Scenario } from '../script/index.js';
import type { Action } from '../script/vocabulary.js';
import { loadScenarios } from './index.js';

/** So many un-acked pushes on one connection every server allows (6.1). */
const LEAST_IN_FLIGHT = 16;
/** Classes whose text itself promises more: receipts for all devices, a window of the server's own. */
const PROMISES_RECEIPTS: SubjectClass = 'multi-device';
const HAS_ITS_OWN_WINDOW: SubjectClass = 'flow-control';

type Script = Pick<Scenario, 'class' | 'clients' | 'steps' | 'requires'>;

/** What is known of a client while its script is read. */
interface Side {
  node: unknown;
  autoAcks: boolean;
  /** Grows with each new connection. */
  connection: number;
  /** On which of its connections it asked about each message. */
  readonly asked: Map<string, number>;
  readonly unacked: Set<string>;
}

/** Ranges that a limit of the server ends are known only when it is known. */
const labelsIn = (value: unknown): string[] =>
  [value ?? []].flat().flatMap((text) => (String(text).includes('{') ? [] : expandLabels(String(text))));

const newSide = ({ node, autoAcks }: ClientSpec): Side => ({
  node,
  autoAcks,
  connection: 0,
  asked: new Map(),
  unacked: new Set(),
});

/** Connections of that node, or of all, end. */
const endAll = (sides: Iterable<Side>, { verb, node }: Action): void => {
  if (verb !== 'crashes' && verb !== 'stops' && verb !== 'restarts') return;
  for (const side of sides) if (node === undefined || side.node === node) side.connection += 1;
};

/** A receipt that only the connection is owed on which its sender asked (IM-4.2-16). */
const unasked = ({ asked, connection }: Side, { status, of }: Action): string[] =>
  status === 'delivered' ? labelsIn(of).filter((label) => (asked.get(label) ?? connection) !== connection) : [];

const play = (side: Side, action: Action): void => {
  const { verb } = action;
  if (verb === 'connects' || verb === 'disconnects') side.connection += 1;
  if (verb === 'connects') side.node = action.node ?? side.node;
  if (verb === 'autoAcks') side.autoAcks = true;
  for (const label of labelsIn(action.sends ?? action.resends)) side.asked.set(label, side.connection);
  for (const label of labelsIn(action.acks)) side.unacked.delete(label);
  if (action.gets === 'msg:N' && !side.autoAcks) for (const label of labelsIn(action.of)) side.unacked.add(label);
};

/** What a script asks of a server that no sentence promises. */
const unfair = ({ class: of, clients, steps, requires }: Script): string[] => {
  const sides = new Map(clients.map((client) => [client.name, newSide(client)]));
  const faults: string[] = [];
  for (const step of actionSteps(steps)) {
    const { action } = step;
    if (step.kind === 'subject') endAll(sides.values(), action);
    const side = step.kind === 'client' ? sides.get(step.client) : undefined;
    if (side === undefined) continue;
    play(side, action);
    const early = of !== PROMISES_RECEIPTS && action.gets === 'ack:N' ? unasked(side, action) : [];
    if (early.length > 0) faults.push(`step ${step.path}: ${early.join(', ')} was asked about on an older connection`);
    const isWide = of === HAS_ITS_OWN_WINDOW || requires.some((need) => need.includes('maxInFlight'));
    if (!isWide && side.unacked.size > LEAST_IN_FLIGHT) faults.push(`step ${step.path}: ${side.unacked.size} un-acked`);
  }
  return faults;
};

t.test(
  'no script waits for a receipt on a connection that has not asked, or for more pushes than a window holds',
  async (t) => {
    for (const scenario of loadScenarios().filter(({ role }) => role === 'server')) {
      t.same(unfair(scenario), [], scenario.id);
    }
  },
);
