import {
  CLIENT_CLASSES,
  CLIENT_TIMERS,
  type ClientClass,
  type ClientTimers,
  type Description,
  type SubjectClass,
} from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { type BotHost, type Hello, ServerStage } from '../../play/server/index.js';
import { actionSteps, demandOf, meetsDemand, type Scenario } from '../../script/index.js';
import { declaredWaitMs, playClient } from '../../verbs/index.js';
import type { RunOptions } from '../options.js';
import { describeExit, outputOf } from '../process/exit.js';
import { whyNoClock } from '../process/fake-clock.js';
import type { SubjectExit } from '../subject.js';
import type { Instance, NotPlayed, Performance, PlayOptions, Prepared, RoleHarness, Seat } from '../tested.js';
import { BotProcess } from './bot-process.js';
import { OneByHand } from './by-hand.js';
import { awaitByHand, firstLook } from './first-look.js';
import { LOOPBACK, type Place } from './listener.js';
import { WaitingBot } from './waiting-bot.js';

/** Without another wish no rule is waited for longer than this. */
export const DEFAULT_MAX_WAIT_MS = 120_000;

interface ClientSubject {
  /** Absent: somebody starts it by hand. */
  exec?: string;
  place: Place;
  hello: Hello;
  timers: ClientTimers;
  classes: readonly ClientClass[];
  maxWaitMs: number;
}

const exitEvent = ({ code, signal }: SubjectExit) => ({
  kind: 'subject' as const,
  event: 'exited' as const,
  ...defined({ code: code ?? undefined, signal: signal ?? undefined }),
});

/** One playing of a scenario: a bot of its own, and the kit as its server. */
const performWith = (
  bot: BotHost,
  user: string,
  { hello, timers }: ClientSubject,
  scenario: Scenario,
  options: PlayOptions,
): Performance => {
  const now = bot.standing?.hello ?? hello;
  const stage = new ServerStage({ ...options, host: bot, hello: now, timers, user, device: 'default' });
  return {
    noteExit: (exit) => {
      stage.record(exitEvent(exit));
      stage.noteGone();
    },
    play: async () => {
      try {
        await playClient(stage, scenario);
      } finally {
        bot.rest?.();
      }
      const newest = stage.words.hellos.at(-1);
      if (bot.standing !== undefined && newest !== undefined) bot.standing.hello = newest;
    },
    now: () => stage.now(),
    get waitedMs() {
      return stage.waitedMs;
    },
  };
};

/** The place where scenarios start bots of their own. */
class Bots implements Instance {
  readonly exits: number[] = [];
  readonly #subject: ClientSubject;
  readonly #open = new Set<BotProcess>();
  #firstExit: SubjectExit | undefined;
  #users = 0;

  constructor(subject: ClientSubject) {
    this.#subject = subject;
  }

  async exitReport(): Promise<string | undefined> {
    if (this.#firstExit === undefined) return undefined;
    const often = this.exits.length === 1 ? '' : ` (${this.exits.length} times in this run)`;
    return `the client ${describeExit(this.#firstExit)} by itself${often}.${outputOf(this.#firstExit.output)}`;
  }

  async seat(scenario: Scenario): Promise<Seat> {
    this.#users += 1;
    const user = `subject-${this.#users}`;
    const { exec = '', place } = this.#subject;
    const bot = await BotProcess.create(exec, user, place, scenario.needs.clock);
    this.#open.add(bot);
    bot.onExit((exit) => {
      this.exits.push(performance.now());
      this.#firstExit ??= exit;
    });
    return {
      perform: (options) => performWith(bot, user, this.#subject, scenario, options),
      onExit: (listener) => bot.onExit(listener),
      leave: () => this.#end(bot),
    };
  }

  async #end(bot: BotProcess): Promise<void> {
    this.#open.delete(bot);
    await bot.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((bot) => this.#end(bot)));
  }
}

const SIDES = ['sender', 'receiver'] as const;

const claimsOf = ({ roles, classes }: Hello): ClientClass[] =>
  CLIENT_CLASSES.filter((name) => name === 'core' || roles.includes(name) || classes.includes(name));

/** A limit that a client does not declare is 1. */
const meets = (entry: string, { limits, can }: Hello): boolean => {
  const demand = demandOf(entry);
  const [kind, name = ''] = demand.member.split('.');
  return kind === 'can' ? can.includes(name) : meetsDemand(demand, limits[name] ?? 1);
};

const whyNotRun = (scenario: Scenario, subject: ClientSubject): (NotPlayed & { reason: string }) | undefined => {
  const { hello, classes, maxWaitMs, timers } = subject;
  const not = (because: NotPlayed['because'], reason: string) =>
    ({ verdict: 'not-applicable', because, reason }) as const;
  const tested: readonly SubjectClass[] = classes;
  const untested = [scenario.class, ...scenario.alsoNeeds].find((name) => !tested.includes(name));
  if (untested !== undefined) {
    const claims = claimsOf(hello).some((name) => name === untested);
    const reason = claims ? `--class or --role leaves ${untested} out` : `the subject does not claim ${untested}`;
    return not({ code: 'class-not-claimed', class: untested }, reason);
  }
  const missing = scenario.requires.find((one) => !meets(one, hello));
  if (missing !== undefined) {
    return not({ code: 'not-declared', requires: missing }, `the subject does not declare ${missing}`);
  }
  const goesOffline = actionSteps(scenario.steps).some(({ action }) => action.verb === 'disconnects');
  if (goesOffline && !hello.can.includes('disconnect')) {
    return not({ code: 'cannot', can: 'disconnect' }, 'the subject says that it cannot disconnect');
  }
  // A client that stays away by right is started again by nobody.
  if (subject.exec === undefined && (scenario.needs.control || !scenario.settle.reconnects)) {
    return {
      verdict: 'unproven',
      because: { code: 'no-control', class: scenario.class, needs: 'process' },
      reason: 'the kit did not start this client, and cannot kill it or start it again',
    };
  }
  if (scenario.needs.clock && subject.exec === undefined) {
    const because = { code: 'no-control', class: scenario.class, needs: 'clock' } as const;
    return not(because, 'the kit did not start this client, and cannot set its clock');
  }
  const whyNot = scenario.needs.clock ? whyNoClock() : undefined;
  if (whyNot !== undefined) return not({ code: 'no-faketime' }, whyNot);
  const neededMs = declaredWaitMs(scenario.steps, timers, 'client');
  if (neededMs <= maxWaitMs) return undefined;
  return {
    verdict: 'unproven',
    because: { code: 'waits-too-long', neededMs, maxWaitMs },
    reason: `it takes ${Math.round(neededMs)} ms by the declared timers, and --max-wait is ${maxWaitMs}`,
  };
};

const preparedOf = (subject: ClientSubject, first: Instance): Prepared => {
  const { exec, hello, timers, classes } = subject;
  const description: Description = { protocol: 'im.ran.v1' };
  const { maxUnanswered } = hello.limits;
  return {
    role: 'client',
    classes,
    description,
    subject: {
      role: 'client',
      url: hello.name,
      ...defined({ command: exec }),
      embedded: false,
      classes: [...classes],
      description,
    },
    head: {
      subject: { role: 'client', classes: [...classes], can: hello.can },
      timers,
      limits: defined({ maxUnanswered }),
    },
    notes: unknownNames(hello),
    first,
    whyNotRun: (scenario) => whyNotRun(scenario, subject),
    waitMs: ({ steps }) => declaredWaitMs(steps, timers, 'client'),
    ready: async () => {},
    whyGone: async () => undefined,
  };
};

/** `durable` is about what the sides keep: who asks for nothing else gets those that are claimed. */
const withSides = (wanted: readonly SubjectClass[], claimed: readonly ClientClass[]): readonly SubjectClass[] => {
  const asksForSide = SIDES.some((side) => wanted.includes(side));
  return asksForSide || !wanted.includes('durable')
    ? wanted
    : [...wanted, ...SIDES.filter((side) => claimed.includes(side))];
};

const chosenOf = (hello: Hello, choice: readonly SubjectClass[] | undefined): ClientClass[] => {
  const claimed = claimsOf(hello);
  const wanted = choice && withSides(choice, claimed);
  const classes = wanted === undefined ? claimed : CLIENT_CLASSES.filter((name) => wanted.includes(name));
  const lacking = classes.find((name) => !claimed.includes(name));
  if (lacking === undefined) return classes;
  throw new KitError(
    'usage',
    `the bot does not claim ${lacking}`,
    `Leave it out, or let its hello name it: it claims ${claimed.join(', ')}.`,
    { field: 'class' },
  );
};

/** What a hello may name, beside what a later version knows. */
const KNOWN_NAMES = {
  classes: CLIENT_CLASSES,
  timers: Object.keys(CLIENT_TIMERS),
  limits: ['maxUnanswered'],
  can: ['status', 'ping', 'disconnect'],
} as const;

/** Of a hello that names hundreds, so many are told. */
const MOST_UNKNOWN = 5;
const MOST_SHOWN = 40;

/** A name that is misspelt would be left out in silence, and what it stands for not tested. */
const unknownNames = (hello: Hello): string[] => {
  const found = Object.entries(KNOWN_NAMES).flatMap(([member, known]) => {
    const said = hello[member as keyof typeof KNOWN_NAMES];
    const names = Array.isArray(said) ? said : Object.keys(said);
    return names
      .filter((name) => !(known as readonly string[]).includes(name))
      .map((name) => `${JSON.stringify(name.slice(0, MOST_SHOWN))} in "${member}"`);
  });
  return found
    .slice(0, MOST_UNKNOWN)
    .map((name) => `the hello of the bot names ${name}, which this kit does not know: it is ignored`);
};

const timersOf = ({ timers }: Hello): ClientTimers => ({ ...CLIENT_TIMERS, ...timers });

/** Waits for a client that somebody starts by hand. */
const prepareByHand = async (
  { classes: wanted, maxWaitMs = DEFAULT_MAX_WAIT_MS, place = LOOPBACK }: RunOptions,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<Prepared> => {
  const bot = new WaitingBot(place);
  try {
    const hello = await awaitByHand(bot, say, signal);
    bot.standing = { hello, asks: 0 };
    const subject = { place, hello, timers: timersOf(hello), classes: chosenOf(hello, wanted), maxWaitMs };
    const first = new OneByHand(bot, (scenario, options) => performWith(bot, 'subject', subject, scenario, options));
    return preparedOf(subject, first);
  } catch (cause) {
    bot.close();
    throw cause;
  }
};

const commandFrom = ({ exec }: RunOptions): string => {
  if (exec === undefined || exec.trim() === '') {
    const remedy = 'Give --exec with the command that starts its bot, or --wait to start it by hand.';
    throw new KitError('usage', 'there is no client to test', remedy, { field: 'exec' });
  }
  if (process.platform === 'win32') {
    throw new KitError('usage', '--exec needs process groups and signals, which Windows does not have.', 'Use WSL.');
  }
  return exec;
};

/** Starts the bot of the client once, or waits for it, and hears what it says of itself. */
export const prepareClient: RoleHarness['prepare'] = async (options, signal, say = () => {}) => {
  if (options.wait) return prepareByHand(options, signal, say);
  const exec = commandFrom(options);
  const { classes: wanted, maxWaitMs = DEFAULT_MAX_WAIT_MS, place = LOOPBACK } = options;
  const bot = await BotProcess.create(exec, 'subject', place);
  try {
    const hello = await firstLook(exec, bot, 'subject', signal);
    const subject = { exec, place, hello, timers: timersOf(hello), classes: chosenOf(hello, wanted), maxWaitMs };
    return preparedOf(subject, new Bots(subject));
  } finally {
    await bot.close();
  }
};
