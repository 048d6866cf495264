import type { Actor } from '../../play/clients/actor.js';
import type { Link } from '../../play/clients/link.js';
import type { SentMessage } from '../../play/clients/sent-messages.js';
import type { Stage } from '../../play/stage.js';
import { recordFault, type StepPlace } from '../../play/step-outcome.js';
import { nextTurn } from '../../play/waits.js';

export interface Sending {
  times?: number | string;
  lost?: true;
  delayed?: true;
  reordered?: true;
}

/** So much is written in one instant; with more, the event loop turns between, for the other clients. */
const PACKETS_AT_ONCE = 500;
const CHARACTERS_AT_ONCE = 2_000_000;

/** Writes one packet for each label, with what the network does to it. */
export const sendAll = async (
  stage: Stage,
  actor: Actor,
  place: StepPlace,
  labels: string[],
  packet: 'msg:R' | 'ack:R',
  how: Sending,
  /** Tells how many characters the body has. */
  write: (label: string) => number,
): Promise<void> => {
  const times = Number(how.times ?? 1);
  const order = how.reordered ? [...labels].reverse() : labels;
  const aim = (message: string) => ({ client: actor.name, packet, message });
  if (how.reordered) recordFault(stage, place, 'reorder', labels.length > 1, { client: actor.name, packet });
  let packets = 0;
  let characters = 0;
  for (const label of order) {
    if (packets >= PACKETS_AT_ONCE || characters >= CHARACTERS_AT_ONCE) {
      await nextTurn();
      packets = 0;
      characters = 0;
    }
    packets += times;
    if (how.lost) recordFault(stage, place, 'drop', true, aim(label));
    else if (how.delayed) {
      stage.hold(`${packet} ${label}`, () => {
        recordFault(stage, place, 'delay', true, aim(label));
        write(label);
      });
    } else {
      for (let i = 0; i < times; i++) characters += write(label);
      if (times > 1) recordFault(stage, place, 'duplicate', true, aim(label));
    }
  }
};

/** Writes the msg:R of a message. Tells how many characters its body has. */
export const transmit = (actor: Actor, link: Link, message: SentMessage): number => {
  actor.transmit(link, message);
  return message.body.length;
};
