import type { ExpireRequest, Peer, Request } from '../server/requests.js';
import type { Proposal } from './appender.js';
import type { Command } from './commands.js';

/** What was asked for has its answer, or never will. */
export const settle = (proposal: Pick<Proposal, 'request'> | undefined): void => {
  const request = proposal?.request;
  if (request?.kind === 'message' || request?.kind === 'ack') request.connection.settleRequest(request.packet);
};

/** A connection of another node, or one that is gone: nothing can be told to it here. */
const elsewhere = (user: string, device: string, multiDevice: boolean): Peer => ({
  user,
  device,
  send: () => undefined,
  settleRequest: () => undefined,
  outbox: { device: multiDevice ? device : undefined, find: () => undefined, has: () => false, apply: () => false },
});

/** What is to be decided on a command: what was asked for here, or what stands for the same of another node. */
export const requestOf = (
  command: Command,
  own: Proposal | undefined,
  due: ExpireRequest['due'],
  multiDevice: boolean,
): Request | undefined => {
  if (own?.request && !own.givenUp) return own.request;
  const [kind, user, device, packet] = command;
  if (kind === 'm') return { kind: 'message', connection: elsewhere(user, device, multiDevice), packet };
  if (kind === 'a') return { kind: 'ack', connection: elsewhere(user, device, multiDevice), packet };
  if (kind === 'c') return { kind: 'user', user, device, done: () => undefined };
  return kind === 'x' ? { kind: 'expire', due } : undefined;
};
