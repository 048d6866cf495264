import type { MsgN } from '../../../../../schemas/index.js';
import type { Connection } from '../../../facts/connection.js';
import { aboutOf, type TrackedMessage } from '../../../facts/message.js';
import type { MessageKey } from '../../../terms/judgement.js';
import { ms } from '../../../terms/text.js';
import type { Judge, JudgeContext } from '../../judge.js';

interface Stamped {
  readonly about: MessageKey;
  readonly acceptedAt: number;
  /** When it was first sent, as a line; infinite as long as nobody knows. */
  readonly sentLine: number;
  promisedLine: number;
  readonly pushedLine: number;
  /** On which it was sent. */
  readonly node: number | undefined;
}

const MOST = 100_000;

const keyOf = ({ from, msgId }: MessageKey): string => `${from} ${msgId}`;

/** Judges that times follow from answers: who sends after an answer was seen gets no earlier time, on whichever node. */
export class OneClock implements Judge {
  readonly #context: JudgeContext;
  /** By sender and msgId: what is settled may be forgotten by the facts, and pushed again. */
  readonly #stamped = new Map<string, Stamped>();

  constructor(context: JudgeContext) {
    this.#context = context;
  }

  onPromised(message: TrackedMessage): void {
    const about = aboutOf(message);
    const stamped = about && this.#stamped.get(keyOf(about));
    // Of several answers the first one counts.
    if (stamped !== undefined && !Number.isFinite(stamped.promisedLine))
      stamped.promisedLine = this.#context.facts.line;
  }

  onPushed(_: Connection, message: TrackedMessage, { acceptedAt }: MsgN): void {
    const [first] = message.attempts;
    const about = aboutOf(message);
    if (first === undefined || about === undefined || this.#stamped.size >= MOST) return;
    if (this.#stamped.has(keyOf(about))) return;
    this.#stamped.set(keyOf(about), {
      about,
      acceptedAt,
      sentLine: first.line,
      promisedLine: message.promisedLine < 0 ? Number.POSITIVE_INFINITY : message.promisedLine,
      pushedLine: this.#context.facts.line,
      node: first.connection?.node,
    });
  }

  onSettled(): void {
    this.#judge();
  }

  onEnd(): void {
    this.#judge();
  }

  #judge(): void {
    const { facts } = this.#context;
    const promised = [...this.#stamped.values()]
      .filter(({ promisedLine }) => Number.isFinite(promisedLine))
      .sort((a, b) => a.promisedLine - b.promisedLine);
    const sent = [...this.#stamped.values()].sort((a, b) => a.sentLine - b.sentLine);
    this.#stamped.clear();
    if (facts.faults.clockMoved) return;
    let newest: Stamped | undefined;
    let next = 0;
    for (const one of sent) {
      for (; (promised[next]?.promisedLine ?? Number.POSITIVE_INFINITY) < one.sentLine; next += 1) {
        const other = promised[next];
        if (other !== undefined && other.acceptedAt > (newest?.acceptedAt ?? Number.NEGATIVE_INFINITY)) newest = other;
      }
      if (newest !== undefined) this.#compare(newest, one);
    }
  }

  #compare(before: Stamped, after: Stamped): void {
    const { facts, findings } = this.#context;
    const skewMs = facts.timers.clockSkewMs ?? 0;
    if (after.acceptedAt >= before.acceptedAt - skewMs) {
      if (before.node !== after.node) findings.exercise('IM-4.2-63');
      return;
    }
    findings.report({
      requirement: 'IM-4.2-63',
      message: `${after.about.msgId} was sent after the msg:A of ${before.about.msgId} and has an earlier acceptedAt`,
      expected: `acceptedAt at least ${before.acceptedAt - skewMs}`,
      seen: `acceptedAt ${after.acceptedAt}, ${ms(before.acceptedAt - after.acceptedAt)} earlier`,
      events: [before.promisedLine, after.sentLine, after.pushedLine].sort((a, b) => a - b),
      about: after.about,
    });
  }
}
