import type { AckA, AckR, MsgN } from '../../../schemas/index.js';
import { freshMsgId } from '../msg-ids.js';

/** A message to the subject. */
export interface Push {
  /** undefined: a word, which no fault ever touches. */
  readonly label: string | undefined;
  readonly from: string;
  readonly msgId: string;
  readonly serverMsgId: string;
  readonly body: string;
  readonly acceptedAt: number;
  readonly fields: Record<string, unknown>;
  attempt: number;
  /** Its frame comes in so many. */
  readonly fragments?: number;
  /** An ack:R has come, so it is not pushed again. */
  acked: boolean;
  /** Its ack:A was written: the client may have forgotten the message. */
  answered?: true;
  /** The start of the bot that a word is for: no other gets it. */
  readonly start?: string | undefined;
}

/** The inbox of the subject: every message that the kit's server has for it, and how far each has come. */
export class Pushes {
  readonly all: Push[] = [];
  readonly #user: string;
  readonly #nextId: () => string;
  #acceptedAt = 0;

  constructor(user: string, nextId: () => string) {
    this.#user = user;
    this.#nextId = nextId;
  }

  add(push: Pick<Push, 'label' | 'from' | 'body'> & Partial<Push>): Push {
    const made: Push = {
      msgId: freshMsgId(),
      serverMsgId: this.#nextId(),
      acceptedAt: this.#acceptedNow(),
      fields: {},
      attempt: 0,
      acked: false,
      ...push,
    };
    this.all.push(made);
    return made;
  }

  /** No two messages were accepted at the same time, unless a script says so: then a client can tell their order. */
  #acceptedNow(): number {
    this.#acceptedAt = Math.max(Date.now(), this.#acceptedAt + 1);
    return this.#acceptedAt;
  }

  /** What is still to be pushed to that start of the bot. */
  dueFor(start: string | undefined): Push[] {
    return this.all.filter((push) => !push.acked && (push.label !== undefined || push.start === start));
  }

  of({ serverMsgId }: Pick<AckR, 'serverMsgId'>): Push | undefined {
    return this.all.find((one) => one.serverMsgId === serverMsgId);
  }

  /** One message may be pushed under several serverMsgIds. */
  #ofSameMessage({ from, msgId }: Push): Push[] {
    return this.all.filter((one) => one.from === from && one.msgId === msgId);
  }

  /** Who was told that nobody pushed it may forget it, and the other pushes of the same message. */
  drop(push: Push): void {
    for (const one of this.#ofSameMessage(push)) one.acked = true;
  }

  noteAnswered({ serverMsgId }: AckA): void {
    const push = this.all.find((one) => one.serverMsgId === serverMsgId);
    if (push) push.answered = true;
  }

  /** Whether the client may have forgotten it, and the other pushes of the same message. */
  isAnswered(push: Push): boolean {
    return this.#ofSameMessage(push).some(({ answered }) => answered);
  }

  /** The msg:N of its next attempt. */
  nextPacket(push: Push): MsgN {
    push.attempt += 1;
    const { from, msgId, serverMsgId, body, acceptedAt, attempt, fields } = push;
    // Servers need not count: of every second message the kit's does not say it.
    const counted = this.all.indexOf(push) % 2 === 0 ? {} : { attempt };
    const packet = { type: 'msg:N', from, to: this.#user, msgId, serverMsgId, body, acceptedAt, ...counted, ...fields };
    return packet as unknown as MsgN;
  }
}
