import type { Stage } from '../stage.js';
import { recordExpectation, recordUnreached, type StepPlace } from '../step-outcome.js';
import type { Actor } from './actor.js';
import { describeMissed, missOf, PacketWait } from './await-packets.js';
import { awaitedBy } from './expectation.js';
import { newMessage } from './sent-messages.js';

const PLACE: StepPlace = { path: 'bystanders', text: 'two innocent users keep talking' };

/**
 * Two users who have nothing to do with the script and keep talking: each message must be delivered in time, before,
 * during and after whatever the script does to the server (IM-1-7).
 */
export class Bystanders {
  readonly #stage: Stage;
  readonly #sender: Actor;
  readonly #receiver: Actor;
  #stopping = false;
  #running: Promise<boolean> | undefined;
  #count = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#sender = stage.addActor({ name: 'bystander-1', device: 'default', autoAcks: true });
    this.#receiver = stage.addActor({ name: 'bystander-2', device: 'default', autoAcks: true });
  }

  async connect(): Promise<boolean> {
    for (const actor of [this.#receiver, this.#sender]) {
      const outcome = await actor.connect();
      if (!outcome.ok) return recordUnreached(this.#stage, PLACE, 'the bystanders can connect', outcome.error);
    }
    return true;
  }

  start(): void {
    this.#running = this.#talk();
    // The rejection is passed on by stop(); until then it must not count as unhandled.
    this.#running.catch(() => {});
  }

  /** One more message after the script has ended, then silence. */
  async stop(): Promise<boolean> {
    this.#stopping = true;
    const before = await (this.#running ?? true);
    return before && this.#exchange();
  }

  async #talk(): Promise<boolean> {
    while (!this.#stopping) if (!(await this.#exchange())) return false;
    return true;
  }

  async #exchange(): Promise<boolean> {
    const stage = this.#stage;
    this.#count += 1;
    const label = `bystander-m${this.#count}`;
    const message = newMessage({
      label,
      client: this.#sender.name,
      fromUser: this.#sender.user,
      toUser: this.#receiver.user,
      toClient: this.#receiver.name,
      msgId: stage.nextMsgId(),
      body: `how are you? ${this.#count}`,
      fields: {},
    });
    stage.messages.add(message);
    const { link } = this.#sender;
    if (!link) return false;
    const from = performance.now();
    this.#sender.transmit(link, message);
    // Delivery takes three hops of the server: msg:A, msg:N and ack:N, each within its bound.
    const boundMs = stage.bound(3 * stage.options.timers.answerWithinMs, 3);
    const pattern = { what: 'ack:N', statuses: ['delivered'] };
    const result = await new PacketWait(stage, this.#sender, link, {
      pattern,
      labels: [label],
      times: 1,
      boundMs,
    }).run();
    if (result.met) stage.bystanders.exchanges += 1;
    else stage.bystanders.broken = true;
    stage.notify();
    await stage.waits.pause(stage.options.timers.answerWithinMs / 50);
    return recordExpectation(stage, PLACE, {
      requirement: stage.bystanders.abused ? 'IM-1-25' : 'IM-1-7',
      expected: `a message between two other users is delivered within ${Math.round(boundMs)} ms`,
      seen: result.met ? 'it was' : describeMissed(result, boundMs),
      met: result.met,
      awaits: awaitedBy(pattern),
      waitedMs: performance.now() - from,
      ...missOf(result),
      message: label,
    });
  }
}
