import type { AckR, MsgR, Packet, PacketError } from '../../../schemas/index.js';
import type { ServerLink } from './server-link.js';
import type { ServerStage } from './server-stage.js';

/** What the server does with a packet of the subject: what is right, or that it rejects it. */
interface Handling {
  handle(): void;
  reject(error: PacketError): void;
}

/** What the faults of the script make of packets: those of the subject when they come, those of the server when they go. */
export class PacketFaults {
  readonly #stage: ServerStage;
  /** What goes on with a packet that is held back, by label. */
  readonly #held = new Map<string, () => void>();

  constructor(stage: ServerStage) {
    this.#stage = stage;
  }

  /** A packet of the subject has come. */
  receive(link: ServerLink, packet: MsgR | AckR, label: string, { handle, reject }: Handling): void {
    const rule = this.#stage.rules.take(packet.type, label);
    if (rule === undefined) {
      handle();
      return;
    }
    this.#stage.fired(rule, label);
    const { act } = rule;
    if (act.do === 'delay') this.#stage.server.later(act.ms, handle);
    else if (act.do === 'hold') this.#held.set(label, handle);
    else if (act.do === 'reject') reject(act.error);
    else if (act.do === 'end') {
      link.end(act.how);
      if (act.when === 'after') handle();
    } else if (act.do !== 'drop') handle();
  }

  /** A packet of the server is about to be written. False: no fault strikes it. */
  strikes(link: ServerLink, packet: Packet, label: string): boolean {
    const rule = this.#stage.rules.take(packet.type, label);
    if (rule === undefined) return false;
    this.#stage.fired(rule, label);
    const { act } = rule;
    const { server } = this.#stage;
    // A copy of what was acked meanwhile is pushed no more: the client may have forgotten it.
    const sendLater = (): void => {
      if (packet.type !== 'msg:N' || !server.pushes.of(packet)?.acked) link.send(packet, label);
    };
    if (act.do === 'delay') server.later(act.ms, sendLater);
    else if (act.do === 'hold') this.#held.set(label, sendLater);
    else if (act.do === 'double') {
      if (act.together) link.sendTogether([packet, packet], label);
      else for (const _ of [1, 2]) link.send(packet, label);
    } else if (act.do === 'change') link.send({ ...packet, ...act.fields } as Packet, label);
    else if (act.do === 'end') {
      if (act.when === 'after') link.send(packet, label);
      link.end(act.how);
    }
    return true;
  }

  /** Lets a packet go that was held back. False: there is none. */
  release(label: string): boolean {
    const goOn = this.#held.get(label);
    this.#held.delete(label);
    goOn?.();
    return goOn !== undefined;
  }
}
