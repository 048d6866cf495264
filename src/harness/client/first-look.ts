import { CLIENT_TIMERS } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { HELLO_BOUND_MS, type Hello, ServerStage } from '../../play/server/index.js';
import { describeExit, outputOf } from '../process/exit.js';
import { quoteCommand } from '../process/running-command.js';
import type { BotProcess } from './bot-process.js';

/** Before anything is known of a client. */
const UNKNOWN: Hello = { start: '', name: '', roles: [], classes: [], timers: {}, limits: {}, can: [] };

const WORDS = 'docs/test-a-client.md tells the words of a bot.';

const whyNoHello = (exec: string, bot: BotProcess, stage: ServerStage): KitError => {
  const command = `The command ${quoteCommand(exec)}`;
  const output = outputOf(bot.output());
  const fault = stage.words.helloFault;
  if (fault !== undefined) {
    return new KitError('usage', `${command} said a hello that is none: ${fault}.${output}`, WORDS);
  }
  const seconds = HELLO_BOUND_MS / 1_000;
  const unreachable = (what: string, remedy: string) =>
    new KitError('unreachable', `${command} ${what}.${output}`, remedy);
  if (bot.exit !== undefined) {
    return unreachable(
      `${describeExit(bot.exit)} before it said hello`,
      'Run it by hand; it must go on until the kit ends it.',
    );
  }
  if (bot.listener.strangers > 0) {
    return unreachable(
      'came without the token that it was given, so it was refused with HTTP 401',
      'Let it send the token of IM_TOKEN or {token}, as a Bearer header or as access_token in the query.',
    );
  }
  if (stage.newest === undefined) {
    return unreachable(
      `did not connect to ${bot.listener.url} within ${seconds} s`,
      'Let it connect to IM_URL or {url}.',
    );
  }
  return unreachable(`connected, and said no hello within ${seconds} s`, WORDS);
};

/** Starts the bot once and hears its hello. Rejects with one sentence when there is none. */
export const firstLook = async (exec: string, bot: BotProcess, user: string, signal: AbortSignal): Promise<Hello> => {
  const stage = new ServerStage({
    host: bot,
    hello: UNKNOWN,
    timers: CLIENT_TIMERS,
    user,
    device: 'default',
    patienceMs: 0,
    userSuffix: 'first',
    signal,
    random: Math.random,
    onEvent: () => {},
  });
  try {
    await bot.listen((upgrade) => stage.onUpgrade(upgrade));
    const offExit = bot.onExit(() => stage.notify());
    await bot.start();
    const { words } = stage;
    const over = () => words.hellos.length > 0 || words.helloFault !== undefined || bot.exit !== undefined;
    await stage.waits.until(over, HELLO_BOUND_MS);
    offExit();
    const [hello] = words.hellos;
    if (hello !== undefined) return hello;
    throw whyNoHello(exec, bot, stage);
  } finally {
    stage.server.stop();
  }
};
