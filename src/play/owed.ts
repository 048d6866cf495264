import type { Actor } from './clients/actor.js';
import { isRefusedForGood, type SentMessage } from './clients/sent-messages.js';
import { openLink, type Stage } from './stage.js';

export const claims = (stage: Stage, name: 'expiry' | 'multi-device'): boolean =>
  stage.options.description.classes?.includes(name) === true;

/** Its lifetime has passed, as far as the kit can tell: it began before the msg:A arrived. */
const hasEnded = (stage: Stage, message: SentMessage): boolean =>
  claims(stage, 'expiry') &&
  message.ttlMs !== undefined &&
  message.acceptedAt !== undefined &&
  performance.now() > message.acceptedAt + message.ttlMs;

/** Whether a push to this device is still due. One ack is enough, unless every device has a queue of its own. */
export const isOwedTo = (stage: Stage, message: SentMessage, actor: Actor): boolean => {
  if (message.toUser !== actor.user || hasEnded(stage, message)) return false;
  if (!claims(stage, 'multi-device')) return !message.acked;
  if (message.ackedBy.includes(actor.device)) return false;
  // A device that joined later is owed only what nobody had acked by then.
  return !message.acked || actor.firstOpenedAt <= message.sentAt;
};

/**
 * What is left to wait for while settling. What is done stays so, and messages are done with in about the order in
 * which they were sent: so the first open one is remembered, and fifty thousand are not looked at for each packet.
 */
export class Outstanding {
  readonly #stage: Stage;
  readonly #resends: boolean;
  readonly #messages: SentMessage[];
  readonly #devices = new Map<string, Actor[]>();
  #next = 0;

  constructor(stage: Stage, resends: boolean) {
    this.#stage = stage;
    this.#resends = resends;
    this.#messages = [...stage.messages.all()];
    for (const actor of stage.actors.values()) {
      this.#devices.set(actor.user, [...(this.#devices.get(actor.user) ?? []), actor]);
    }
  }

  get any(): boolean {
    const owing = [...this.#stage.actors.values()].some((actor) => openLink(actor) && actor.receiver.owesAcks);
    return owing || this.#find(this.#next) || this.#find(0);
  }

  /** Also looks again at what comes before: an answer may have come after its message was passed over. */
  #find(from: number): boolean {
    for (this.#next = from; this.#next < this.#messages.length; this.#next++) {
      if (this.#isOpen(this.#messages[this.#next] as SentMessage)) return true;
    }
    return false;
  }

  #isOpen(message: SentMessage): boolean {
    const devices = this.#devices.get(message.toUser);
    if (isRefusedForGood(message) || !devices?.some(openLink)) return false;
    if (this.#resends && !message.final) return true;
    if (!message.accepted && !this.#resends) return false;
    return devices.some((actor) => openLink(actor) && isOwedTo(this.#stage, message, actor));
  }
}
