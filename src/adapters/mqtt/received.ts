import type { AckR } from '../../../schemas/index.js';
import type { Cannot, Wire } from '../dialect.js';
import { extraField } from '../extra-field.js';

/**
 * The half of a session that gets messages. With QoS 2 an ack takes four packets, and a connection may end between any
 * two: PUBLISH, PUBREC (the ack), PUBREL (its answer), PUBCOMP. What was acked outlives the connection, for the broker
 * answers it on the next one, with the PUBREL alone.
 */
export class Received {
  readonly #qos: 1 | 2;
  readonly #wire: Wire;
  readonly #write: (cmd: 'puback' | 'pubrec' | 'pubcomp', messageId: number) => void;
  /** `ack ID` → id of the push: PUBREC was written. `answered PUSH`: the PUBREL came on a connection that had not asked. */
  readonly #memory: Map<string, unknown>;
  /** Id of a push → its packet id, on this connection, as long as it is not acked. */
  readonly #pushed = new Map<string, number>();
  /** Packet id → rid of the ack on this connection that waits for the PUBREL. */
  readonly #asked = new Map<number, string>();

  constructor(
    qos: 1 | 2,
    wire: Wire,
    memory: Map<string, unknown>,
    write: (cmd: 'puback' | 'pubrec' | 'pubcomp', messageId: number) => void,
  ) {
    this.#qos = qos;
    this.#wire = wire;
    this.#memory = memory;
    this.#write = write;
  }

  onPublish(messageId: number, serverMsgId: string, tell: () => void): void {
    // Noted first: the ack may come within the call.
    this.#pushed.set(serverMsgId, messageId);
    tell();
  }

  onPubrel(messageId: number): void {
    this.#write('pubcomp', messageId);
    const serverMsgId = this.#memory.get(`ack ${messageId}`);
    if (typeof serverMsgId !== 'string') return;
    this.#memory.delete(`ack ${messageId}`);
    const rid = this.#asked.get(messageId);
    this.#asked.delete(messageId);
    if (rid === undefined) this.#memory.set(`answered ${serverMsgId}`, true);
    else this.#answer(rid, serverMsgId);
  }

  /** The broker has lost what it knew of this client: no PUBREL will answer what was acked before. */
  forgetSession(): void {
    for (const key of this.#memory.keys()) if (key.startsWith('ack ')) this.#memory.delete(key);
  }

  #answer(rid: string, serverMsgId: string): void {
    this.#wire.packet({ type: 'ack:A', status: 'ok', rid, serverMsgId });
  }

  ack({ type: _type, rid, serverMsgId, ...more }: AckR): Cannot | undefined {
    const extra = extraField('an ack', more);
    if (extra !== undefined) return extra;
    const messageId = this.#pushed.get(serverMsgId);
    if (messageId === undefined) return this.#ackAgain(rid, serverMsgId);
    this.#pushed.delete(serverMsgId);
    if (this.#qos === 2) {
      this.#memory.set(`ack ${messageId}`, serverMsgId);
      this.#asked.set(messageId, rid);
    }
    this.#write(this.#qos === 2 ? 'pubrec' : 'puback', messageId);
    return undefined;
  }

  /** An ack whose answer the last connection took with it: the broker repeats the PUBREL by itself. */
  #ackAgain(rid: string, serverMsgId: string): Cannot | undefined {
    if (this.#memory.delete(`answered ${serverMsgId}`)) {
      // Not within the call: an answer follows its request.
      queueMicrotask(() => this.#answer(rid, serverMsgId));
      return undefined;
    }
    return { cannot: 'ack what is not waiting for an ack on this connection' };
  }
}
