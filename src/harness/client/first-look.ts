import { CLIENT_TIMERS, type HistoryEvent, WIRE } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { type BotHost, HELLO_BOUND_MS, type Hello, ServerStage } from '../../play/server/index.js';
import { describeExit, outputOf } from '../process/exit.js';
import { quoteCommand } from '../process/running-command.js';
import type { BotProcess } from './bot-process.js';
import type { WaitingBot } from './waiting-bot.js';

/** Somebody has to read the address, type it in, and start a program, perhaps on a phone. */
const BY_HAND_BOUND_MS = 600_000;

/** Before anything is known of a client. */
const UNKNOWN: Hello = { start: '', name: '', roles: [], classes: [], timers: {}, limits: {}, can: [] };

const WORDS = 'docs/test-a-client.md tells the words of a bot.';
const TOKEN = 'Let it send the token as a Bearer header, or as access_token in the query.';
const UNOFFERED = `did not offer the subprotocol ${WIRE.subprotocol}, so it was refused with HTTP 400`;
const OFFER = `Let it offer ${WIRE.subprotocol} in Sec-WebSocket-Protocol: a server may refuse it otherwise (IM-1-2).`;
const FLOODED = 'sent more than any client has to say, before it said hello';

interface Look {
  readonly stage: ServerStage;
  /** What is wrong with the first frame that was no valid packet. */
  invalid: string | undefined;
}

/** A stage on which nothing has to be judged: it only hears the hello. */
const lookAt = (host: BotHost, user: string, signal: AbortSignal): Look => {
  const onEvent = (event: HistoryEvent): void => {
    if (event.kind === 'got-invalid') look.invalid ??= event.errors.join('; ');
  };
  const stage = new ServerStage({
    host,
    hello: UNKNOWN,
    timers: CLIENT_TIMERS,
    user,
    device: 'default',
    patienceMs: 0,
    userSuffix: 'first',
    signal,
    random: Math.random,
    onEvent,
  });
  const look: Look = { stage, invalid: undefined };
  return look;
};

const noHello = (bound: string, { invalid }: Look): string =>
  invalid === undefined
    ? `connected, and said no hello ${bound}`
    : `connected, and said no hello ${bound}, but sent a frame that is no valid packet: ${invalid}`;

const isOver = ({ words, quota }: ServerStage): boolean =>
  words.hellos.length > 0 || words.fault !== undefined || quota.isExceeded;

const whyNoHello = (exec: string, bot: BotProcess, look: Look): KitError => {
  const { stage } = look;
  const command = `The command ${quoteCommand(exec)}`;
  const output = outputOf(bot.output());
  const { fault } = stage.words;
  if (fault !== undefined) return new KitError('usage', `${command} said ${fault}.${output}`, WORDS);
  const seconds = HELLO_BOUND_MS / 1_000;
  const unreachable = (what: string, remedy: string) =>
    new KitError('unreachable', `${command} ${what}.${output}`, remedy);
  if (stage.quota.isExceeded) return unreachable(FLOODED, WORDS);
  if (bot.exit !== undefined) {
    return unreachable(
      `${describeExit(bot.exit)} before it said hello`,
      'Run it by hand; it must go on until the kit ends it.',
    );
  }
  if (bot.listener.strangers > 0) {
    const remedy = 'Let it send the token of IM_TOKEN or {token}, as a Bearer header or as access_token in the query.';
    return unreachable('came without the token that it was given, so it was refused with HTTP 401', remedy);
  }
  if (stage.newest === undefined && stage.upgrades.unoffered > 0) return unreachable(UNOFFERED, OFFER);
  if (stage.newest === undefined) {
    return unreachable(
      `did not connect to ${bot.listener.url} within ${seconds} s`,
      'Let it connect to IM_URL or {url}.',
    );
  }
  return unreachable(noHello(`within ${seconds} s`, look), WORDS);
};

/** Starts the bot once and hears its hello. Rejects with one sentence when there is none. */
export const firstLook = async (exec: string, bot: BotProcess, user: string, signal: AbortSignal): Promise<Hello> => {
  const look = lookAt(bot, user, signal);
  const { stage } = look;
  try {
    await bot.listen((upgrade) => stage.upgrades.take(upgrade));
    const offExit = bot.onExit(() => stage.notify());
    await bot.start();
    await stage.waits.until(() => isOver(stage) || bot.exit !== undefined, HELLO_BOUND_MS);
    offExit();
    const [hello] = stage.words.hellos;
    if (hello !== undefined) return hello;
    throw whyNoHello(exec, bot, look);
  } finally {
    stage.server.stop();
    stage.newest?.end('abruptly');
  }
};

const whyNobody = (bot: WaitingBot, look: Look, boundMs: number): KitError => {
  const { stage } = look;
  const { fault } = stage.words;
  if (fault !== undefined) return new KitError('usage', `The client said ${fault}.`, WORDS);
  const unreachable = (what: string, remedy: string) => new KitError('unreachable', `The client ${what}.`, remedy);
  const bound = `within ${Math.round(boundMs / 1_000)} s`;
  if (stage.quota.isExceeded) return unreachable(FLOODED, WORDS);
  if (stage.newest !== undefined) return unreachable(noHello(bound, look), WORDS);
  if (bot.listener.strangers > 0) return unreachable('came without the token, so it was refused with HTTP 401', TOKEN);
  if (stage.upgrades.unoffered > 0) return unreachable(UNOFFERED, OFFER);
  const remedy = 'Can it reach that address? --listen names another one.';
  return unreachable(`did not connect to ${bot.url} ${bound}`, remedy);
};

/**
 * Says where to come, and waits for a client that somebody starts by hand. Rejects with one sentence when none says a
 * hello in time, or says one that is none.
 */
export const awaitByHand = async (
  bot: WaitingBot,
  say: (text: string) => void,
  signal: AbortSignal,
  boundMs = BY_HAND_BOUND_MS,
): Promise<Hello> => {
  const look = lookAt(bot, 'subject', signal);
  const { stage } = look;
  try {
    await bot.listen((upgrade) => stage.upgrades.take(upgrade));
    say(`waiting for a client at ${bot.url} with the token ${bot.token} (user subject, device default)`);
    await stage.waits.until(() => isOver(stage), boundMs);
    const [hello] = stage.words.hellos;
    if (hello === undefined) throw whyNobody(bot, look, boundMs);
    say(`${hello.name} is here; leave it running until the end`);
    return hello;
  } finally {
    stage.server.stop();
    bot.rest();
    stage.newest?.end('abruptly');
  }
};
