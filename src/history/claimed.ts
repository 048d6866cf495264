import { DevicesApart } from './devices-apart.js';
import { Expiry } from './expiry.js';
import { FlowControl } from './flow-control.js';
import { Metrics } from './metrics.js';
import { Order } from './order.js';
import { Secrecy } from './secrecy.js';
import { Tally } from './tally.js';
import type { World } from './world.js';

/** Sets up what judges the classes that the head of the history names; nobody pays for the others. */
export const judgeClaimed = (world: World): void => {
  const claims = (name: string) => world.classes.has(name);
  if (claims('ordered')) world.order = new Order(world);
  if (claims('expiry')) world.expiry = new Expiry(world);
  if (claims('multi-device')) world.devicesApart = new DevicesApart(world);
  if (claims('flow-control')) world.flow = new FlowControl(world);
  if (claims('secured')) world.secrecy = new Secrecy(world);
  if (!claims('observable')) return;
  world.tally = new Tally(world);
  world.metrics = new Metrics(world, world.tally);
};

/** At the end: what can be judged only then. */
export const finishClaimed = (world: World): void => {
  world.expiry?.finish();
  world.secrecy?.finish();
  world.metrics?.finish();
};
