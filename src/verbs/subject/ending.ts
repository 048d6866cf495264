import { Type } from '@sinclair/typebox';
import { nodeNumber } from '../../../schemas/script-values.js';
import type { Stage } from '../../play/stage.js';

/** The option of a verb that can meet one node of several. */
export const node = Type.Optional(nodeNumber);

/** The node that a step means, as events name it. */
export const nodeOf = ({ node: number }: { node?: number | string }): { node?: number } =>
  number === undefined ? {} : { node: Number(number) };

/** Whatever ends or disturbs a process needs one that the kit started. */
export const needsNode = ({ node: number }: { node?: number | string }) => ({
  control: true,
  nodes: Number(number ?? 0),
});

/** The process of a node, or of all, ends now. */
export const noteDown = (stage: Stage, number: number | undefined): void => {
  if (number === undefined) stage.subjectUp = false;
  else stage.nodeFaults.began(number);
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
