import type { Scenario } from '../../script/index.js';
import { recordFault } from '../step-outcome.js';
import { type ServerStage, SLACK_MS } from './server-stage.js';

/** After all is done, so long nothing more may come. */
const QUIET_MS = 300;
const HARD_LIMIT_MS = 240_000;

/** Every message that the server has seen has its outcome, and everything that was pushed is acked. */
const isDone = (stage: ServerStage): boolean => {
  const { server, words, handed, options } = stage;
  if (server.pushes.all.some(({ acked, label }) => !acked && label !== undefined)) return false;
  if (!options.hello.roles.includes('sender')) return true;
  return handed.all.every(({ msgId, body }) => {
    if (msgId === undefined) return !stage.subjectUp || words.outcomesOf(undefined, body).length > 0;
    return words.outcomesOf(msgId, body).length > 0;
  });
};

/** Ends every fault that the script left behind. */
const endFaults = async (stage: ServerStage): Promise<void> => {
  stage.upgrades.endFaults();
  for (const { place, fault, packet, labels } of stage.rules.end()) {
    recordFault(stage, place, fault, false, { packet, message: labels.join(', ') });
  }
  await stage.options.host.listen((upgrade) => stage.upgrades.take(upgrade));
  stage.server.quietAbout.clear();
  stage.server.deliverStored();
};

/** Cuts the connection: the next one brings everything that is open. */
const reconnect = async (stage: ServerStage): Promise<boolean> => {
  stage.newest?.end('abruptly');
  return stage.mustWait(stage.waits.until(() => stage.link !== undefined, stage.reconnectBoundMs));
};

/** Messages that the present connection has brought: a client with a small window sends them one after another. */
const broughtOn = ({ arrivals, link }: ServerStage): number =>
  new Set(arrivals.all.filter((one) => one.what === 'msg:R' && one.link === link).map(({ label }) => label)).size;

/** Waits until all is done. The bound begins anew while something still changes for the better. */
const awaitDone = async (stage: ServerStage): Promise<boolean> => {
  const { resendMaxMs } = stage.options.timers;
  const until = performance.now() + HARD_LIMIT_MS;
  const boundMs = stage.bound(resendMaxMs) + SLACK_MS;
  const open = (): number =>
    stage.server.pushes.all.filter(({ acked }) => !acked).length +
    stage.handed.all.filter(({ msgId, body }) => stage.words.outcomesOf(msgId, body).length === 0).length;
  while (performance.now() < until) {
    const before = { open: open(), brought: broughtOn(stage) };
    const moves = (): boolean => open() < before.open || broughtOn(stage) > before.brought;
    const progress = await stage.waits.until(() => isDone(stage) || moves(), boundMs);
    if (isDone(stage)) return true;
    if (!progress) return false;
  }
  return false;
};

/** Asks what the application holds from each user that has sent it something. */
const takeInventories = async (stage: ServerStage): Promise<boolean> => {
  const users = new Set(stage.server.pushes.all.filter(({ label }) => label !== undefined).map(({ from }) => from));
  const asks: number[] = [];
  for (const from of users) {
    const ask = stage.nextAsk();
    asks.push(ask);
    stage.say({ do: 'inventory', from, ask });
  }
  if (asks.length === 0) return true;
  const boundMs = stage.bound(stage.options.timers.resendMaxMs) + SLACK_MS;
  return stage.waits.until(() => asks.every((ask) => stage.words.hasInventory(ask)), boundMs);
};

/**
 * Ends every fault, lets the client connect anew, and waits until each message has its outcome and each push its ack.
 * Then it asks what the application holds. What is missing is judged after this, and not before.
 */
export const settleClient = async (stage: ServerStage, { settle }: Pick<Scenario, 'settle'>): Promise<void> => {
  await endFaults(stage);
  stage.record({ kind: 'settling' });
  // After 4409 a client stays away by itself: then there is nothing to wait for.
  if (!settle.reconnects) {
    stage.record({ kind: 'settled', complete: true });
    return;
  }
  if (!stage.subjectUp) await stage.startBot();
  await reconnect(stage);
  const done = await stage.mustWait(awaitDone(stage));
  const told = await takeInventories(stage);
  await stage.mustWait(stage.waits.pause(QUIET_MS));

  stage.record({ kind: 'settled', complete: done && told });
};
