import { type Static, Type } from '@sinclair/typebox';
import { clientName, closed, count, messages, packetType } from '../../../schemas/script-values.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import type { Actor } from '../../play/clients/actor.js';
import { connectionOf, describeMissed, missOf, PacketWait } from '../../play/clients/await-packets.js';
import { awaitedBy, hasArrived } from '../../play/clients/expectation.js';
import type { Stage } from '../../play/stage.js';
import { CLOSED_BY_A_FAULT, recordExpectation, recordUnreached, type StepPlace } from '../../play/step-outcome.js';
import { labelsOf } from '../../script/index.js';
import { defaultRequirement } from '../default-requirement.js';

/** When a fault strikes. */
export const when = Type.Optional(
  Type.Object(
    {
      client: clientName,
      gets: packetType,
      of: Type.Optional(messages),
      status: Type.Optional(Type.String()),
      count: Type.Optional(count),
    },
    {
      ...closed,
      description: 'Acts at the moment the client has received that many such packets since the step before.',
    },
  ),
);
type Trigger = NonNullable<Static<typeof when>>;

const packet = Type.Object(
  { client: clientName, gets: packetType, of: Type.Optional(messages), status: Type.Optional(Type.String()) },
  closed,
);
export const before = Type.Optional(
  Type.Union([packet, Type.Array(packet, { minItems: 1 })], {
    description: 'The fault fires only if the client has no such packet yet; with a list, none of them.',
  }),
);
type Before = Static<typeof packet>;

/** What a fault is aimed with. */
export interface Aimed {
  when?: Trigger;
  before?: Before | Before[];
}

const aimsOf = ({ when, before = [] }: Aimed): (Trigger | Before)[] => [...(when ? [when] : []), ...[before].flat()];

/** The labels that an aim names. */
export const aimedLabels = (aimed: Aimed): string[] => aimsOf(aimed).flatMap(({ of }) => labelsOf(of));

/** The clients that an aim names. */
export const aimedClients = (aimed: Aimed): string[] => aimsOf(aimed).map(({ client }) => client);

/** The packet that a fault is aimed at, for the history. */
export const aimedPacket = (aimed: Aimed): { packet?: string } => {
  const [aim] = aimsOf(aimed);
  return aim === undefined ? {} : { packet: aim.gets };
};

const actorOf = (stage: Stage, name: string): Actor => {
  const actor = stage.actors.get(name);
  if (!actor) throw new KitError('kit', `client "${name}" has no actor`, 'Please report this.');
  return actor;
};

/** Waits for the moment at which the fault is aimed, without consuming the packets that mark it. */
export const awaitTrigger = async (stage: Stage, trigger: Trigger | undefined, place: StepPlace): Promise<boolean> => {
  if (!trigger) return true;
  const actor = actorOf(stage, trigger.client);
  const link = connectionOf(actor, undefined);
  const labels = labelsOf(trigger.of);
  const times = Number(trigger.count ?? 1);
  const boundMs = stage.bound(stage.options.timers.answerWithinMs);
  const { status } = trigger;
  const pattern = { what: trigger.gets, ...(status === undefined ? {} : { statuses: [status] }) };
  const from = performance.now();
  const result = await new PacketWait(stage, actor, link, { pattern, labels, times, boundMs, peek: true }).run();
  if (result.met) return true;
  const expected = `${trigger.client} gets ${times} ${trigger.gets}, the moment for the fault`;
  if (result.closed !== undefined && stage.excusesEnd(link.node)) {
    return recordUnreached(stage, place, expected, CLOSED_BY_A_FAULT);
  }
  return recordExpectation(stage, place, {
    requirement: defaultRequirement(trigger.gets, trigger.status),
    expected,
    seen: describeMissed(result, boundMs),
    met: false,
    awaits: awaitedBy(pattern),
    waitedMs: performance.now() - from,
    ...missOf(result),
    ...defined({ message: result.missing.find((label) => label !== '') }),
  });
};

/** Whether every packet that the fault shall precede is still to come. */
export const isInTime = (stage: Stage, { before = [] }: Aimed): boolean =>
  [before].flat().every(({ client, gets: type, status, of }) => {
    const actor = actorOf(stage, client);
    return !hasArrived(stage, actor, connectionOf(actor, undefined), { type, status, labels: labelsOf(of) });
  });
