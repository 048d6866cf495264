import type { AckR, DialectFile, MsgR, ReceiveRule } from '../../../schemas/index.js';
import type { About, BroughtPacket, Cannot, Session, Who, Wire } from '../dialect.js';
import { extraField } from '../extra-field.js';
import type { Codec, Decoded } from './codec.js';
import { codecOf } from './frames.js';
import type { Tables } from './hole.js';
import { Login } from './login.js';
import { packetOf } from './packet-of.js';
import { Preparation } from './preparation.js';
import { Requests } from './requests.js';
import { fill, match, Unfilled } from './template.js';

/** What no template can say. */
export interface Hooks {
  incoming?(frame: unknown): unknown;
  outgoing?(frame: unknown): unknown;
}

const REFUSED = 401;
const SENT = 'sent ';

/** Whose connection it is, where it writes, and what its user remembers over connections. */
export interface Place {
  who: Who;
  wire: Wire;
  memory: Map<string, unknown>;
}

/** One connection of a dialect that is written as a mapping. */
export class MappingSession implements Session {
  readonly #file: DialectFile;
  readonly #hooks: Hooks;
  readonly #wire: Wire;
  readonly #codec: Codec;
  readonly #tables: Tables;
  /** What templates know beside the packet: who it is, and what the login has captured. */
  readonly #known: Record<string, unknown>;
  readonly #login: Login;
  readonly #preparation: Preparation;
  readonly #requests = new Requests();
  /** By the id that an ack:R names: what the last push of it had. */
  readonly #pushed = new Map<string, Record<string, unknown>>();
  #telling: Record<string, unknown> | undefined;
  readonly #memory: Map<string, unknown>;
  /** The pushes that were acked, where each may be acked once. */
  readonly #acked = new WeakSet<Record<string, unknown>>();
  /** Some template is a list. Where none is, a list that comes is several frames in one. */
  readonly #readsLists: boolean;
  readonly beat?: { everyMs: number; run(): void };

  constructor(file: DialectFile, hooks: Hooks, { who: { user, device, token }, wire, memory }: Place) {
    this.#file = file;
    this.#memory = memory;
    this.#hooks = hooks;
    this.#wire = wire;
    this.#codec = codecOf(file.frames);
    this.#tables = file.tables ?? {};
    this.#known = { user, device, token };
    this.#login = new Login(file.login ?? [], this.#known, this.#tables);
    this.#preparation = new Preparation(file.prepare, this.#tables);
    const awaited = [...(file.login ?? []).flatMap((step) => [step.await, step.refused]), file.prepare?.await];
    this.#readsLists = [...awaited, ...file.receive.map(({ when }) => when)].some(Array.isArray);
    const { beat } = file;
    if (beat) this.beat = { everyMs: beat.everyMs, run: () => this.#write(beat.send, {}) };
  }

  begin(): void {
    this.#advance();
  }

  /** Says what the login says next; ready when it has come to its end. */
  #advance(): void {
    for (let send = this.#login.next(); send !== undefined; send = this.#login.next()) this.#write(send, {});
    if (this.#login.isOver) this.#wire.ready();
  }

  /** Throws Unfilled. */
  #write(template: unknown, values: Record<string, unknown>): void {
    const now = Date.now();
    const filled = fill(template, { now, ...this.#known, ...values }, this.#tables);
    this.#wire.send(this.#codec.encode(this.#hooks.outgoing?.(filled) ?? filled));
  }

  /** Before anything is written: either the whole frame can be said, or nothing of it. */
  #trySay(template: unknown, values: Record<string, unknown>, to?: string): Cannot | undefined {
    try {
      fill(template, { now: 0, ...this.#known, ...values }, this.#tables);
    } catch (cause) {
      if (cause instanceof Unfilled) return { cannot: `say it: ${cause.why}` };
      throw cause;
    }
    const write = () => this.#write(template, values);
    if (to === undefined) write();
    else this.#preparation.before(to, (first) => this.#write(first, { to }), write);
    return undefined;
  }

  send(request: MsgR | AckR, about: About): Cannot | undefined {
    return request.type === 'msg:R' ? this.#sendMessage(request) : this.#sendAck(request, about);
  }

  #sendMessage({ type: _, rid, msgId, to, body, ttlMs, ...more }: MsgR): Cannot | undefined {
    const template = this.#file.send['msg:R'];
    const extra = extraField('a message', more);
    if (extra !== undefined) return extra;
    if (ttlMs !== undefined && !JSON.stringify(template).includes('{ttlMs')) {
      return { cannot: 'give a message a lifetime' };
    }
    const isOnce = this.#file.once?.includes('msg:R') === true;
    if (isOnce && this.#memory.has(SENT + msgId))
      return { cannot: 'send a message again: it would be another message' };
    const ridInt = this.#requests.number(rid);
    const cannot = this.#trySay(template, { rid, ridInt, msgId, to, body, ttlMs, from: this.#known.user }, to);
    if (isOnce && cannot === undefined) this.#memory.set(SENT + msgId, true);
    return cannot;
  }

  #sendAck({ rid, serverMsgId }: AckR, about: About): Cannot | undefined {
    const template = this.#file.send['ack:R'];
    if (template === undefined) return { cannot: 'ack a message' };
    const { ackBy } = this.#file;
    const pushed = this.#telling ?? this.#pushed.get(serverMsgId);
    if (ackBy !== undefined && pushed?.[ackBy] === undefined) {
      return { cannot: 'ack a message on a connection on which it was not pushed' };
    }
    const isOnce = this.#file.once?.includes('ack:R') === true;
    if (isOnce && (pushed === undefined || this.#acked.has(pushed))) {
      return { cannot: 'ack what is not waiting for an ack on this connection' };
    }
    const ridInt = this.#requests.number(rid);
    const cannot = this.#trySay(template, { ...about, ...pushed, rid, ridInt, serverMsgId });
    if (isOnce && pushed !== undefined && cannot === undefined) this.#acked.add(pushed);
    return cannot;
  }

  receive(data: string | Uint8Array): void {
    for (const decoded of this.#codec.decode(data)) this.#hear(decoded);
  }

  #hear(decoded: Decoded): void {
    if ('broken' in decoded) {
      this.#wire.unread(decoded.text, decoded.broken);
      return;
    }
    const frame = this.#hooks.incoming?.(decoded.value) ?? decoded.value;
    if (Array.isArray(frame) && !this.#readsLists) {
      for (const item of frame) this.#onFrame(item, JSON.stringify(item));
    } else this.#onFrame(frame, decoded.text);
  }

  #onFrame(frame: unknown, text: string): void {
    const step = this.#login.hear(frame);
    if (step === 'taken') this.#advance();
    else if (typeof step === 'object') this.#wire.refused(REFUSED, step.refused);
    else if (!this.#preparation.hear(frame)) this.#byRule(frame, text);
  }

  #byRule(frame: unknown, text: string): void {
    let nearest: { fitted: number; why: string } | undefined;
    for (const [index, rule] of this.#file.receive.entries()) {
      const matched = match(rule.when, frame, this.#tables);
      if (matched.ok) {
        this.#follow(rule, index, frame, matched.captured, text);
        return;
      }
      const { path, expected, seen, fitted } = matched;
      if (nearest === undefined || fitted > nearest.fitted) {
        const place = path === '' ? 'the frame' : `"${path}"`;
        nearest = {
          fitted,
          why: `rule ${index + 1} comes nearest, where ${place} must be ${expected}, and is ${seen}`,
        };
      }
    }
    this.#wire.unread(text, nearest?.why ?? 'there is no rule');
  }

  #follow(rule: ReceiveRule, index: number, frame: unknown, captured: Record<string, unknown>, text: string): void {
    if (rule.reply !== undefined) this.#write(rule.reply, captured);
    if (rule.is === undefined) return;
    if (rule.each === undefined) {
      this.#tell(rule, index, captured, text);
      return;
    }
    const list = rule.each
      .split('.')
      .reduce<unknown>((inner, name) => (inner as Record<string, unknown>)?.[name], frame);
    if (!Array.isArray(list)) {
      this.#wire.unread(text, `rule ${index + 1} wants a list in "${rule.each}"`);
      return;
    }
    for (const item of list) {
      const matched = match(rule.item ?? {}, item, this.#tables);
      if (matched.ok) this.#tell(rule, index, { ...captured, ...matched.captured }, text);
      else
        this.#wire.unread(
          JSON.stringify(item),
          `"${matched.path}" must be ${matched.expected}, and is ${matched.seen}`,
        );
    }
  }

  #tell(rule: ReceiveRule, index: number, captured: Record<string, unknown>, text: string): void {
    const made = packetOf(rule, { ...captured, ...this.#requests.named(captured.ridInt) }, this.#tables);
    if ('fault' in made) {
      this.#wire.unread(text, `rule ${index + 1} makes no packet of it: ${made.fault}`);
      return;
    }
    // A receiver that acks at once does so within the call.
    this.#telling = captured;
    const id = this.#wire.packet(made.packet as BroughtPacket);
    this.#telling = undefined;
    if (id !== undefined) this.#pushed.set(id, captured);
  }

  leave(): void {
    if (this.#file.leave !== undefined) this.#write(this.#file.leave, {});
  }
}
