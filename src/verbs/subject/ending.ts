import { Type } from '@sinclair/typebox';
import type { NodeVerb } from '../../../schemas/index.js';
import { nodeNumber, placeholder } from '../../../schemas/script-values.js';
import type { Target } from '../../play/node-faults.js';
import type { Stage } from '../../play/stage.js';

/** The option of a verb that can meet one node of several. */
export const node = Type.Optional(nodeNumber);

/** The option of a verb that meets one node. */
export const someNode = nodeNumber;

/** The option of a verb that can meet a service instead. */
export const service = Type.Optional(
  Type.Union([Type.Integer({ minimum: 1, maximum: 99 }), placeholder], {
    description: 'Which of the services (`--service`), in their order, instead of a node.',
  }),
);

interface Aim {
  node?: number | string;
  service?: number | string;
}

/** The node that a step means, as events name it. */
export const nodeOf = ({ node: number }: Aim): { node?: number } =>
  number === undefined ? {} : { node: Number(number) };

/** The node or the service that a step means, as events name it. */
export const targetOf = ({ node: number, service: place }: Aim): Target =>
  place === undefined ? nodeOf({ ...(number === undefined ? {} : { node: number }) }) : { service: Number(place) };

/** Whatever ends or disturbs a process needs one that the kit started, or that it can do these things to by commands. */
export const needsNode =
  (...verbs: readonly NodeVerb[]) =>
  ({ node: number, service: place }: Aim) => ({
    control: true,
    nodes: Number(number ?? 0),
    services: Number(place ?? 0),
    verbs: place === undefined ? verbs : [],
  });

/** Whatever disturbs links needs those that the kit made; a command can only cut all of them. */
export const needsLinks = (isWhole: boolean) => (aim: Aim) => ({
  ...needsNode('cut', 'heal')(aim),
  links: true,
  relays: !isWhole,
});

/** The process of a node, or of all, ends now. */
export const noteDown = (stage: Stage, number: number | undefined): void => {
  if (number === undefined) stage.subjectUp = false;
  else stage.nodeFaults.began({ node: number });
};

/** Timers have a grain of a millisecond; a shorter delay is spent turning the event loop, so that sockets go on. */
export const exactPause = async (stage: Stage, ms: number): Promise<void> => {
  const until = performance.now() + ms;
  if (ms >= 2) await stage.waits.pause(ms - 1);
  while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
};

/** After the process ended every connection is gone; a paused socket does not notice by itself. */
export const awaitAllClosed = async (stage: Stage, number?: number): Promise<void> => {
  const links = [...stage.actors.values()]
    .flatMap((actor) => [actor.link, actor.old])
    .filter((link) => link !== undefined)
    .filter((link) => number === undefined || link.node === number);
  for (const link of links) if (link.state === 'silent') link.end('reset');
  await stage.waits.until(() => links.every((link) => link.state === 'closed'), stage.bound(1000));
  for (const link of links) link.end('reset');
};
