import type { Scenario } from '../../script/index.js';
import type { Instance, Performance, PlayOptions, Seat } from '../tested.js';
import type { WaitingBot } from './waiting-bot.js';

/** The one client that somebody started by hand: scenarios take turns. */
export class OneByHand implements Instance {
  readonly exits: readonly number[] = [];
  readonly #bot: WaitingBot;
  readonly #perform: (scenario: Scenario, options: PlayOptions) => Performance;
  #turn: Promise<void> = Promise.resolve();

  constructor(bot: WaitingBot, perform: (scenario: Scenario, options: PlayOptions) => Performance) {
    this.#bot = bot;
    this.#perform = perform;
  }

  async exitReport(): Promise<undefined> {
    return undefined;
  }

  async seat(scenario: Scenario): Promise<Seat> {
    const before = this.#turn;
    let leave = (): void => {};
    this.#turn = new Promise((resolve) => {
      leave = resolve;
    });
    await before;
    return {
      perform: (options) => this.#perform(scenario, options),
      onExit: (listener) => this.#bot.onExit(listener),
      leave: async () => leave(),
    };
  }

  async close(): Promise<void> {
    this.#bot.close();
  }
}
