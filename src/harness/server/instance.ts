import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import type { Links } from '../../links.js';
import type { Attacker, Control, Dial, NodeControl, ServiceControl } from '../../play/index.js';
import type { Scenario } from '../../script/index.js';
import { describeExit, outputOf } from '../process/exit.js';
import type { FakeClock } from '../process/fake-clock.js';
import type { OneNodeControl, Subject, SubjectControl, SubjectExit } from '../subject.js';
import type { Instance, Seat } from '../tested.js';
import type { AccountPool } from './accounts/index.js';

/** A subject may die by itself this often in one run before the kit stops starting it again. */
const MAX_EXITS = 20;
/** Starts that fail one after another; each may have taken its whole bound. */
const MAX_FAILED_STARTS = 2;

const EXIT_LOOKS = 20;
const EXIT_LOOK_MS = 10;

/** Loaded by those scenarios that set a clock. */
const makeClock = async (): Promise<FakeClock> => new (await import('../process/fake-clock.js')).FakeClock();

/** Gives a scenario its seat, once the server is ready for it. */
export type SeatMaker = (instance: ServerInstance, scenario: Scenario) => Promise<Seat>;

/** One running server and what scenarios need to play on it. */
export class ServerInstance implements Instance {
  readonly subject: Subject;
  readonly dial: Dial;
  readonly attacker: Attacker;
  /** The accounts that scenarios share, where users cannot be made up. */
  accounts: AccountPool | undefined;
  #down = false;
  #frozen = false;
  /** Gives back what a scenario took from the process. */
  #giveBack: () => void = () => undefined;
  #starting: Promise<void> | undefined;
  /** The clock under which the process runs, while a scenario sets it. */
  #clock: FakeClock | undefined;
  /** When the process ended by itself, by `performance.now()`. */
  readonly exits: number[] = [];
  lostService = false;
  #firstExit: SubjectExit | undefined;
  #failedStarts = 0;
  /** Why the last start failed. */
  #startFailure: unknown;

  readonly #closeListeners: (() => void)[] = [];
  readonly #seatMaker: SeatMaker;

  constructor(subject: Subject, dial: Dial, attacker: Attacker, seatMaker: SeatMaker) {
    this.#seatMaker = seatMaker;
    this.subject = subject;
    this.dial = dial;
    this.attacker = attacker;
    subject.control?.onExit((exit) => {
      this.#down = true;
      this.exits.push(performance.now());
      // Without its services a server may end as well: theirs is the end that explains it.
      if (exit.service !== undefined && !this.lostService) this.#firstExit = exit;
      this.#firstExit ??= exit;
      this.lostService ||= exit.service !== undefined;
    });
  }

  seat(scenario: Scenario): Promise<Seat> {
    return this.#seatMaker(this, scenario);
  }

  /**
   * One sentence, with the server's own last words, if it ended by itself. The end of a process is known a moment
   * after its sockets have closed, so it is awaited for that long.
   */
  async exitReport(): Promise<string | undefined> {
    for (let look = 0; look < EXIT_LOOKS && this.subject.control && !this.#firstExit; look++) {
      await sleep(EXIT_LOOK_MS);
    }
    if (this.#firstExit === undefined) return undefined;
    const often = this.exits.length === 1 ? '' : ` (${this.exits.length} times in this run)`;
    const { output } = this.#firstExit;
    return `${this.#firstExit.who ?? 'the server'} ${describeExit(this.#firstExit)} by itself${often}.${outputOf(output)}`;
  }

  /**
   * Brings the process back to where the next scenario needs it, however the last one left it: ended by itself, killed,
   * frozen, or with a clock that is wrong. Several scenarios may ask at once. Rejects when it cannot be started, or has died too often.
   */
  async revive(): Promise<void> {
    const { control } = this.subject;
    if (!control) return;
    this.#clock?.set(0);
    await this.#unfreeze(control);
    this.#giveBack();
    if (!this.#down) return;
    if (this.exits.length > MAX_EXITS) {
      throw new KitError(
        'unreachable',
        `The server ended by itself more than ${MAX_EXITS} times; the kit does not start it again.`,
        'Look at its output, and replay one scenario with --only.',
      );
    }
    if (this.#failedStarts >= MAX_FAILED_STARTS) throw this.#startFailure;
    await this.#start(control);
  }

  /** Starts the process anew with empty data, as when a scenario is played by itself. Nobody may use it meanwhile. */
  async renew(): Promise<void> {
    const { control } = this.subject;
    // Accounts are used by many scenarios, and the server may have to know them from before. What a user started is theirs.
    if (!control || this.accounts !== undefined || this.subject.verbs !== undefined) return;
    await this.#unfreeze(control);
    // Of several nodes some may run although one that was started alone did not say so.
    if (!this.#down || this.subject.nodes !== undefined) await this.#ended(control.kill());
    await control.forget();
    await this.#start(control);
  }

  /** One start at a time; whoever asks meanwhile gets the same one. */
  #start(control: SubjectControl): Promise<void> {
    this.#starting ??= control
      .start(this.#clock?.environment)
      .then(
        () => {
          this.#down = false;
          this.#failedStarts = 0;
        },
        (cause: unknown) => {
          this.#down = true;
          this.#failedStarts += 1;
          this.#startFailure = cause;
          throw cause;
        },
      )
      .finally(() => {
        this.#starting = undefined;
      });
    return this.#starting;
  }

  async #unfreeze(control: SubjectControl): Promise<void> {
    if (!this.#frozen) return;
    this.#frozen = false;
    await control.unfreeze();
  }

  /** The power of one scenario over the process: all of it when it is alone, else only to bring it back. */
  controlFor(exclusive: boolean): Control | undefined {
    const { control } = this.subject;
    if (!control) return undefined;
    if (exclusive) {
      return {
        kill: () => this.#ended(control.kill()),
        stop: () => this.#ended(control.stop()),
        beginStop: () => {
          this.#down = true;
          control.beginStop();
        },
        start: () => this.#start(control),
        freeze: () => {
          this.#frozen = true;
          return control.freeze();
        },
        unfreeze: () => this.#unfreeze(control),
        isFrozen: () => control.isFrozen(),
        ...defined({
          nodes: this.subject.nodes?.map((node, index) => this.#controlForNode(node, this.subject.links?.[index])),
          services: this.subject.services?.map((service) => this.#controlForService(service)),
        }),
        jump: (offsetMs, stands) => this.#setClock(offsetMs, stands),
        take: (resource) => {
          this.#giveBack = control.take(resource);
          return this.#giveBack;
        },
      };
    }
    const refuse = (): never => {
      throw new KitError('kit', 'a scenario that shares the subject wants to end it', 'Please report this.');
    };
    const start = () => this.revive();
    const others = {
      beginStop: refuse,
      freeze: refuse,
      unfreeze: refuse,
      isFrozen: refuse,
      jump: refuse,
      take: refuse,
    };
    return { kill: refuse, stop: refuse, start, ...others };
  }

  /** What was ended of single nodes comes back with all others. */
  #controlForNode(node: OneNodeControl, links: Links | undefined): NodeControl {
    return {
      kill: () => this.#ended(node.kill()),
      stop: () => this.#ended(node.stop()),
      start: () => node.start(this.#clock?.environment),
      freeze: () => {
        this.#frozen = true;
        return node.freeze();
      },
      unfreeze: () => node.unfreeze(),
      isFrozen: () => node.isFrozen(),
      forget: () => node.forget(),
      ...defined({
        links: links && this.#controlForLinks(links),
        bring: node.bring && (() => node.bring?.() ?? Promise.resolve()),
      }),
    };
  }

  /** Links that are not whole, and services that do not run, are brought back with what was frozen or ended. */
  #controlForLinks(links: Links): Links {
    return {
      cut: (way) => {
        this.#frozen = true;
        return links.cut(way);
      },
      delay: (ms) => {
        this.#frozen = true;
        return links.delay(ms);
      },
      heal: () => links.heal(),
      get traffic() {
        return links.traffic;
      },
    };
  }

  #controlForService(service: ServiceControl): ServiceControl {
    return {
      kill: () => this.#ended(service.kill()),
      start: () => service.start(),
      freeze: () => {
        this.#frozen = true;
        return service.freeze();
      },
      unfreeze: () => service.unfreeze(),
      isFrozen: () => service.isFrozen(),
    };
  }

  /**
   * Lets the process run under a clock that can be set, or under the true one again. Either takes a restart, so that
   * no other scenario ever meets the library that does it.
   */
  async underClock(wanted: boolean): Promise<void> {
    const { control } = this.subject;
    if (!control || wanted === (this.#clock !== undefined)) return;
    this.#down = true;
    await control.kill();
    this.#clock?.remove();
    this.#clock = wanted ? await makeClock() : undefined;
    await this.#start(control);
  }

  #setClock(offsetMs: number, stands: boolean): void {
    if (!this.#clock) throw new KitError('kit', 'a scenario sets a clock that it has not got', 'Please report this.');
    if (stands) this.#clock.stop(offsetMs);
    else this.#clock.set(offsetMs);
  }

  /** Ends the process and removes what it needed. */
  async close(): Promise<void> {
    for (const listener of this.#closeListeners) listener();
    await this.subject.close();
    this.#clock?.remove();
  }

  /** Calls the listener when nobody needs the server any more. */
  onClose(listener: () => void): void {
    this.#closeListeners.push(listener);
  }

  async #ended(ending: Promise<void>): Promise<void> {
    this.#down = true;
    await ending;
  }
}
