import type { Fault, HistoryEventOf } from '../../schemas/index.js';
import { describeFault } from './describe-event.js';
import type { MessageKey, UnfiredFault } from './judgement.js';
import { describeJourney, describePlace } from './where.js';
import { ms, type World } from './world.js';

/** The expectations of the script, and the faults that it meant to make. */
export class Steps {
  readonly #world: World;
  /** Step → what its fault is, and whether it fired in any round. */
  readonly #faults = new Map<string, { fault: Fault; what: string; fired: boolean }>();

  constructor(world: World) {
    this.#world = world;
  }

  step(event: HistoryEventOf<'step'>): void {
    const { book, messages, line } = this.#world;
    const { requirement } = event;
    // A step that was not reached proves nothing, and names no requirement.
    if (event.outcome === 'unreached' || requirement === '') {
      book.leaveOpen(
        'step-not-reached',
        `step ${event.step} (${event.text}) was not reached: expected ${event.expected}, seen ${event.seen}`,
      );
      return;
    }
    if (event.outcome === 'met') {
      book.exercise(requirement);
      return;
    }
    const about = event.message === undefined ? undefined : messages.labels.get(event.message);
    book.report({
      requirement,
      message: `step ${event.step} was missed: ${event.text}`,
      step: event.step,
      expected: event.expected,
      seen: event.seen,
      where: `${this.#placeOf(event, about)}; ${watchOf(event)}`,
      ...(event.late === true ? { late: true } : {}),
      events: [line],
      about,
    });
  }

  /** How far the message has come, or else which connection of the client was looked at. */
  #placeOf({ client, message }: HistoryEventOf<'step'>, about: MessageKey | undefined): string {
    if (about !== undefined) return `${message}: ${describeJourney(this.#world, about)}`;
    if (client === undefined) return 'the server as a whole';
    const connection = [...this.#world.connections.values()].findLast((one) => one.client === client);
    return connection === undefined ? `${client}, which never connected` : describePlace(connection);
  }

  fault(event: HistoryEventOf<'fault'>): void {
    const known = this.#faults.get(event.step);
    if (known !== undefined) known.fired ||= event.fired;
    else {
      const aim = [describeFault(event), event.packet, event.message, event.client].filter(
        (part) => part !== undefined,
      );
      this.#faults.set(event.step, { fault: event.fault, what: aim.join(' '), fired: event.fired });
    }
    if (event.fired && event.fault === 'clock') this.#world.clockMoved = true;
    // A client that answers no pings may be taken for dead.
    if (event.client !== undefined && event.fired && event.fault === 'mute') {
      for (const connection of this.#world.clientDevice(event.client).user.connections) {
        if (connection.client === event.client) connection.mute = true;
      }
    }
  }

  faultsNotFired(): UnfiredFault[] {
    return [...this.#faults]
      .filter(([, { fired }]) => !fired)
      .map(([step, { fault, what }]) => ({ step, fault, text: `step ${step}: ${what}` }));
  }
}

/** From when until when the script waited for what it missed. */
const watchOf = ({ at, waitedMs, late }: HistoryEventOf<'step'>): string => {
  const from = ms(Math.max(0, at - waitedMs));
  return late === true ? `due by ${ms(at)}, watched from ${from} until then` : `watched from ${from} to ${ms(at)}`;
};
