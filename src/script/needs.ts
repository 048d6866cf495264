import type { ClientAction, TokenKind } from '../../schemas/index.js';
import type { Step } from './model.js';

/** Abilities of the kit that not every machine or every subject gives it. */
export interface Needs {
  /** Tokens that it must be able to make. */
  tokens: TokenKind[];
  /** The memory of the subject's process can be read. */
  memory: boolean;
  /** The clock of the subject's process can be set. */
  clock: boolean;
  /** A second way to reach the same port: the subject must be named by a wss: url. */
  tls: boolean;
  /** The kit can speak TLS 1.1. */
  oldTls: boolean;
  /** Users that have never used certain message ids. */
  chosenIds: boolean;
  /** Any number of devices of one user. */
  freshDevices: boolean;
}

const tokensOf = (action: ClientAction): TokenKind[] => {
  if (action.verb !== 'connects') return [];
  const { token, query } = action;
  const kinds = [token, query].filter((kind) => typeof kind === 'string') as TokenKind[];
  // A second token can be placed only where the kit places tokens itself.
  return query !== undefined && token === undefined ? ['own', ...kinds] : kinds;
};

/** A msgId that stands in the script was perhaps used before by whoever plays the user. */
const choosesIds = (action: ClientAction): boolean => action.verb === 'sends' && action.msgId !== undefined;

/** Steps, those that run side by side included. */
export const flatSteps = (steps: readonly Step[]): Exclude<Step, { kind: 'together' }>[] =>
  steps.flatMap((step) => (step.kind === 'together' ? flatSteps(step.steps) : [step]));

export const needsOf = (steps: readonly Step[]): Needs => {
  const all = flatSteps(steps);
  const client = all.flatMap((step) => (step.kind === 'client' ? [step.action] : []));
  const server = all.flatMap((step) => (step.kind === 'server' ? [step.action.verb] : []));
  const over = client.flatMap((action) => (action.verb === 'connects' ? [action.over] : []));
  return {
    tokens: [...new Set(client.flatMap(tokensOf))],
    memory: server.includes('memoryStays'),
    clock: server.includes('jumps'),
    tls: over.some((transport) => transport !== undefined),
    oldTls: over.includes('tls-1.1'),
    chosenIds: client.some(choosesIds),
    freshDevices: client.some((action) => action.verb === 'floods' && action.floods === 'connections'),
  };
};
