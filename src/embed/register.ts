import type { Report, ScenarioResult } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { outcomeText, resultText } from '../report/result-text.js';
import { RunningTest, type TestHost, takesBound } from './host.js';
import type { ConformanceOptions } from './options.js';
import { type ConformanceRun, runConformance } from './run-conformance.js';
import { ScenarioFailure } from './scenario-failure.js';
import { type ScenarioInfo, scenarios } from './scenarios.js';

/** How scenarios become tests. */
export interface RegisterOptions extends ConformanceOptions {
  /** Milliseconds that a runner may wait for one test, where it has such a bound. Default: 600,000. */
  testTimeout?: number | undefined;
}

const DEFAULT_TEST_TIMEOUT_MS = 600_000;

/** The run behind the tests. It begins with the first test that asks, so that listing tests starts nothing. */
class SharedRun {
  readonly #options: ConformanceOptions;
  readonly #results = new Map<string, ScenarioResult>();
  #waiting: (() => void)[] = [];
  #run: ConformanceRun | undefined;
  #started = false;
  #report: Report | undefined;
  #error: { cause: unknown } | undefined;

  constructor(options: ConformanceOptions) {
    this.#options = options;
  }

  /** Resolves when the subject was described; throws what kept the run from that. */
  async started(): Promise<void> {
    await this.#until(() => this.#started);
    if (this.#error !== undefined) throw this.#error.cause;
    if (this.#started) return;
    throw new ScenarioFailure(this.#report === undefined ? 'nothing was tested' : outcomeText(this.#report));
  }

  /** The result of a scenario; a sentence where there is none. */
  async result(id: string): Promise<ScenarioResult | string> {
    await this.#until(() => this.#results.has(id));
    const found = this.#results.get(id);
    if (found !== undefined) return found;
    if (this.#error === undefined) return 'the run ended before it was played';
    const { cause } = this.#error;
    return `nothing was tested: ${cause instanceof Error ? cause.message : String(cause)}`;
  }

  /** Everything that was found; undefined where the run could not take place. */
  async report(): Promise<Report | undefined> {
    await this.#until(() => false);
    return this.#report;
  }

  /** The tests are over: nothing may outlive them. */
  async end(): Promise<void> {
    await this.#run?.cancel();
  }

  async #until(known: () => boolean): Promise<void> {
    if (this.#run === undefined) {
      this.#run = runConformance(this.#options);
      void this.#read(this.#run);
    }
    const over = () => known() || this.#report !== undefined || this.#error !== undefined;
    while (!over()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #read(run: ConformanceRun): Promise<void> {
    try {
      for await (const event of run) {
        if (event.type === 'started') this.#started = true;
        if (event.type === 'scenario-finished') this.#results.set(event.result.id, event.result);
        if (event.type === 'report') this.#report = event.report;
        this.#wake();
      }
    } catch (cause) {
      this.#error = { cause };
      this.#wake();
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** A KitError with its remedy, which runners would leave out. */
const withRemedy = (cause: unknown): Error => {
  if (cause instanceof KitError) return new ScenarioFailure(`${cause.message}\n  ${cause.remedy}`);
  return cause instanceof Error ? cause : new Error(String(cause));
};

/** Why a test is skipped. Undefined: it is not. What is undecided is no pass, and must not be skipped. */
const whySkipped = (
  { verdict, reason = '', knownFailure }: ScenarioResult,
  allowUnproven: boolean,
): string | undefined => {
  if (verdict === 'not-applicable') return `not applicable: ${reason}`;
  if (verdict === 'unproven' && allowUnproven) return `unproven: ${reason}`;
  return knownFailure ? 'known failure' : undefined;
};

const tellResult = (test: RunningTest, result: ScenarioResult | string, allowUnproven: boolean): void => {
  const why = typeof result === 'string' ? result : whySkipped(result, allowUnproven);
  if (why !== undefined) test.skip(why);
  else if (typeof result === 'string' || result.verdict === 'passed') test.pass();
  else test.fail(new ScenarioFailure(resultText(result), result));
};

const nameOf = ({ id, title }: ScenarioInfo): string => `${id}: ${title}`;

const groupsOf = (all: readonly ScenarioInfo[]): [name: string, members: ScenarioInfo[]][] => {
  const groups = new Map<string, ScenarioInfo[]>();
  for (const scenario of all) {
    const name = `${scenario.role} ${scenario.class}`;
    groups.set(name, [...(groups.get(name) ?? []), scenario]);
  }
  return [...groups];
};

/**
 * Registers each scenario as a test of the host's runner, grouped by class, and around them two tests of the run: that
 * the subject can be tested at all, and its verdict. All share one run, which begins with the first test that runs.
 *
 * What does not apply is skipped with its reason, and so are known failures. A failure carries the text that a terminal
 * shows: requirement, what was expected and seen, where the message vanished, and the line that replays it; `result` of
 * the `ScenarioFailure` holds it for programs. Where the subject cannot be tested, the first test says why and the
 * others are skipped. Throws a `KitError` of code `usage` for options that are wrong.
 *
 * @example
 * import { after, describe, test } from 'node:test';
 * registerConformance({ describe, test, after }, { exec: 'node server.js --port {port}', classes: ['core'] });
 */
export const registerConformance = (host: TestHost, options: RegisterOptions = {}): void => {
  const { testTimeout = DEFAULT_TEST_TIMEOUT_MS, ...given } = options;
  if (!Number.isInteger(testTimeout) || testTimeout < 1) {
    const remedy = 'Give a number of milliseconds, or leave it out.';
    throw new KitError('usage', '"testTimeout" must be an integer from 1', remedy, { field: 'testTimeout' });
  }
  const chosen = scenarios(given);
  const run = new SharedRun(given);
  const bound = takesBound(host) ? [testTimeout] : [];
  const register = (name: string, body: (test: RunningTest) => Promise<void>): void => {
    // Some runners hand a test over as `this`. None may see a parameter: it would wait for a call back.
    const play = async function (this: unknown, ...context: unknown[]): Promise<void> {
      const test = new RunningTest(host, this, context);
      test.allow(testTimeout);
      await body(test);
    };
    host.test(name, play, ...bound);
  };
  const group = (name: string, body: (prefix: string) => void): void => {
    if (host.describe === undefined) body(`${name}: `);
    else host.describe(name, () => body(''));
  };
  host.after?.(() => run.end());
  group('im-conformance', (prefix) =>
    register(`${prefix}the subject can be tested`, async (test) => {
      try {
        await run.started();
        test.pass();
      } catch (cause) {
        test.fail(withRemedy(cause));
      }
    }),
  );
  for (const [name, members] of groupsOf(chosen)) {
    group(name, (prefix) => {
      for (const scenario of members) {
        register(`${prefix}${nameOf(scenario)}`, async (test) =>
          tellResult(test, await run.result(scenario.id), given.allowUnproven === true),
        );
      }
    });
  }
  group('im-conformance', (prefix) =>
    register(`${prefix}the verdict`, async (test) => {
      const report = await run.report();
      if (report === undefined) test.skip('nothing was tested');
      else if (report.exitCode !== 0) test.fail(new ScenarioFailure(outcomeText(report)));
      else test.pass();
    }),
  );
};
