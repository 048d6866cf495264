import type { Stage } from '../../play/stage.js';

/** Timers have a grain of a millisecond; a shorter delay is spent turning the event loop, so that sockets go on. */
export const exactPause = async (stage: Stage, ms: number): Promise<void> => {
  const until = performance.now() + ms;
  if (ms >= 2) await stage.waits.pause(ms - 1);
  while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
};

/** After the process ended every connection is gone; a paused socket does not notice by itself. */
export const awaitAllClosed = async (stage: Stage): Promise<void> => {
  const links = [...stage.actors.values()]
    .flatMap((actor) => [actor.link, actor.old])
    .filter((link) => link !== undefined);
  for (const link of links) if (link.state === 'silent') link.end('reset');
  await stage.waits.until(() => links.every((link) => link.state === 'closed'), stage.bound(1000));
  for (const link of links) link.end('reset');
};
