import {
  cannotPromiseOf,
  type HistoryHead,
  madeUpIn,
  type PacketType,
  type Profile,
  type Report,
  type RestsOn,
  whyMissing,
} from '../../../schemas/index.js';
import type { Dialect } from '../../adapters/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { loadLedger, notJudgedIds, whyNotJudged } from '../../ledger/index.js';
import type { Dial } from '../../play/index.js';
import { actionSteps, type Scenario } from '../../script/index.js';
import type { NotPlayed } from '../tested.js';

/** Time of the login that shows whether anybody is there. */
const LOGIN_BOUND_MS = 10_000;

/** What the head of each history says of the dialect. */
export const dialectHead = ({ name, profile }: Dialect): NonNullable<HistoryHead['dialect']> => ({
  name,
  profile,
  notJudged: notJudgedIds(loadLedger(), profile),
});

/** What the head of a report says of it. */
export const dialectSubject = ({
  name,
  profile,
  cannotPromise = [],
}: Dialect): NonNullable<Report['subject']['dialect']> => ({
  name,
  profile,
  ...madeUpIn(profile),
  cannotPromise: [...cannotPromiseOf(profile), ...cannotPromise],
});

/** One login as a fresh user, or as the first account: every way in which it fails is said before anything is played. */
export const foreignPreflight = async (url: string, dial: Dial, dialect: Dialect, user: string): Promise<void> => {
  const handlers = {
    onOpen: (socket: { closeCleanly(): void }) => socket.closeCleanly(),
    onText: () => undefined,
    onBinary: () => undefined,
    onPing: () => undefined,
    onPong: () => undefined,
    onClose: () => undefined,
  };
  const outcome = await dial({ user, device: 'default', subprotocol: false, timeoutMs: LOGIN_BOUND_MS }, handlers);
  if (outcome.ok) return;
  const remedies = {
    status: 'Give it users that it knows (--users, --token), or correct the login of the dialect.',
    timeout:
      'Look whether the login of the dialect waits for a frame that this server does not send: dialect try shows both sides.',
    kit: 'Correct the dialect: dialect try shows both sides, frame by frame.',
    network:
      'Look whether the server runs there, and whether the url and the login of the dialect are right: dialect try shows both sides.',
  };
  const remedy = outcome.refusal in remedies ? remedies[outcome.refusal as keyof typeof remedies] : remedies.network;
  throw new KitError(
    'unreachable',
    `${url} cannot be entered through the dialect ${dialect.name}: ${outcome.error}.`,
    remedy,
  );
};

/** Verbs that write, or look at, what only im.ran.v1 has; with an option, only with that. */
const OF_THE_WIRE: Readonly<Record<string, readonly string[]>> = {
  writes: [],
  floods: [],
  fetches: [],
  scrapes: [],
  connects: ['subprotocol', 'token', 'query', 'headers', 'parameters', 'over', 'refused'],
};

const packetOfCell = (name: string): PacketType => {
  const [half, letter = ''] = name.split('-');
  return `${half}:${letter.toUpperCase()}` as PacketType;
};

interface Aim {
  gets?: string;
  status?: string;
}

/** A receipt that is not named may be any: then the protocol must have each. */
const aimRests = ({ gets, status }: Aim): RestsOn[] => {
  if (gets === undefined) return [];
  if (gets !== 'ack:N') return [gets as RestsOn];
  return status === undefined ? ['ack:N.stored', 'ack:N.delivered'] : [`ack:N.${status}` as RestsOn];
};

/** What a fault of the script is aimed at: without that packet it can never fire. */
const aimsOf = (action: Readonly<Record<string, unknown>>): RestsOn[] => {
  const { drops, when, before, status } = action as { drops?: string; when?: Aim; before?: unknown; status?: string };
  const befores = [before]
    .flat()
    .map((one): Aim => (typeof one === 'string' ? { gets: one, ...defined({ status }) } : ((one ?? {}) as Aim)));
  return [defined({ gets: drops }), when ?? {}, ...befores].flatMap(aimRests);
};

/** All without which the script of a scenario cannot be played as it is meant. */
const restsOfScript = ({ clients, bystanders, needs, cells, steps }: Scenario): RestsOn[] => {
  const rests: RestsOn[] = cells.map(({ packet }) => packetOfCell(packet));
  if (clients.some(({ device }) => device !== 'default')) rests.push('device');
  if (bystanders) rests.push('ack:N.delivered');
  if (needs.clock) rests.push('msg:N.acceptedAt');
  for (const { action } of actionSteps(steps)) {
    const wire = OF_THE_WIRE[action.verb];
    if (wire !== undefined && (wire.length === 0 || wire.some((option) => option in action))) rests.push('wire');
    rests.push(...aimsOf(action));
  }
  return rests;
};

/** Why a scenario is not played through a dialect with that profile: nothing of it could be judged. */
export const whyNotThrough = (scenario: Scenario, profile: Profile): NotPlayed | undefined => {
  const lacking = whyMissing(profile, restsOfScript(scenario));
  const because = (missing: string, lacks: string): NotPlayed => ({
    verdict: 'not-applicable',
    because: { code: 'dialect-lacks', missing, lacks },
  });
  if (lacking !== undefined) return because(lacking.missing, lacking.reason);
  const { byId } = loadLedger();
  const reasons = scenario.proves.map((id) => {
    const requirement = byId.get(id);
    return requirement && whyNotJudged(requirement, profile);
  });
  const [first] = reasons;
  return reasons.every((reason) => reason !== undefined) && first !== undefined
    ? because(scenario.proves[0] ?? '', first)
    : undefined;
};
