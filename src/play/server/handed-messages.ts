import type { MsgR } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';

/** A message that a script makes the subject send. */
export interface Handed {
  readonly label: string;
  readonly to: string;
  readonly body: string;
  readonly ttlMs?: number;
  msgId: string | undefined;
}

/** What the bot was told to hand to its library. The msgId that the library gives a message shows when it is sent. */
export class HandedMessages {
  readonly all: Handed[] = [];

  add(message: Omit<Handed, 'msgId'>): void {
    this.all.push({ ...message, msgId: undefined });
  }

  find(label: string): Handed | undefined {
    return this.all.find((one) => one.label === label);
  }

  get(label: string): Handed {
    const found = this.find(label);
    if (found) return found;
    throw new KitError('kit', `nobody was told to send ${label}`, 'Please report this.');
  }

  /** The label of a message of the subject: by its msgId, or else by what the script gave it. */
  labelOf({ msgId, to, body }: MsgR): string {
    const known = this.all.find((one) => one.msgId === msgId);
    if (known) return known.label;
    const fresh = this.all.find((one) => one.msgId === undefined && one.to === to && one.body === body);
    if (fresh) fresh.msgId = msgId;
    return fresh?.label ?? this.all.find((one) => one.to === to && one.body === body)?.label ?? 'unknown';
  }
}
