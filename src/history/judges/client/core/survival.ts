import { CLOSE } from '../../../../../schemas/index.js';
import { isAnotherStart } from '../../../facts/client/client-facts.js';
import { ms } from '../../../terms/text.js';
import { type ClientJudge, MAY_STAY_AWAY } from '../context.js';

/** So much later a client has read it. */
const CROSSING_MS = 200;

/** What a client must live through, by the rule that says so. */
const AFTER = {
  'IM-1-36': 'a frame that is no packet',
  'IM-1-40': 'an answer that nobody had asked for',
  'IM-1-41': 'a receipt for a message that it does not know',
} as const;

type Rule = keyof typeof AFTER;

/** What the frame of a script is: an answer to nothing, a receipt for nothing, or no packet. */
const ruleOf = (text: string): Rule => {
  try {
    const { type, rid, msgId }: Record<string, unknown> = JSON.parse(text);
    if ((type === 'msg:A' || type === 'ack:A') && typeof rid === 'string') return 'IM-1-40';
    return type === 'ack:N' && typeof msgId === 'string' ? 'IM-1-41' : 'IM-1-36';
  } catch {
    return 'IM-1-36';
  }
};

/** A client ends only when it is told to, and goes on after what is no packet, or nothing to it. */
export const judgeSurvival: ClientJudge = ({ facts, findings }) => {
  let raw: { line: number; at: number; what: string; rule: Rule; survived: boolean } | undefined;
  /** Something has come since that a client answers. */
  let isAsked = false;
  /** It was sent away so that it need not come back (1.5), and then a process may have nothing to wait for. */
  let mayLeave = false;
  const livesOn = (): void => {
    if (raw === undefined || raw.survived) return;
    findings.exercise(raw.rule);
    raw.survived = true;
  };
  return {
    onRaw: ({ what, text = '' }) => {
      isAsked = false;
      const told = text === '' ? what : `${what}: ${text.slice(0, 60)}`;
      raw = { line: facts.line, at: facts.at, what: told, rule: ruleOf(text), survived: false };
    },
    onStray: () => {
      isAsked = false;
      const what = 'an A with a rid that it never sent';
      raw = { line: facts.line, at: facts.at, what, rule: 'IM-1-40', survived: false };
    },
    onPush: () => {
      isAsked = true;
    },
    onOpen: () => {
      mayLeave = false;
    },
    onRefused: ({ status = 0 }) => {
      mayLeave = facts.can.includes('status') && MAY_STAY_AWAY.has(status);
    },
    onClosed: ({ by, code = 0 }) => {
      mayLeave = by === 'kit' && (MAY_STAY_AWAY.has(code) || code === CLOSE.replaced);
    },
    onSending: livesOn,
    onAck: livesOn,
    onSubject: ({ event, code, signal }) => {
      if (event !== 'exited') {
        if (isAnotherStart(event)) raw = undefined;
        return;
      }
      if (mayLeave && facts.connections.open.size === 0) return;
      // What the client sent just after it may have crossed it.
      if (raw?.survived && facts.at > raw.at + CROSSING_MS) raw = undefined;
      findings.report({
        requirement: raw?.rule ?? 'IM-1-30',
        message: 'the client ended by itself',
        expected: 'a client that goes on until it is told to end',
        seen: `its process ended with ${signal ?? `code ${code ?? 0}`}`,
        where: raw === undefined ? 'the server had done nothing wrong' : `after ${raw.what} at ${ms(raw.at)}`,
        events: raw === undefined ? [facts.line] : [raw.line, facts.line],
        about: undefined,
      });
    },
    onSettled: () => {
      const isOpen = [...facts.entries.values()].some(
        ({ end, outcomes }) => end === undefined && outcomes.length === 0,
      );
      if (raw === undefined || raw.survived || !(isAsked || isOpen)) return;
      findings.report({
        requirement: raw.rule,
        message: `after ${AFTER[raw.rule]} the client did nothing more`,
        expected: 'it goes on, on the same connection or on a new one',
        seen: `no packet until ${ms(facts.at)}`,
        where: `after ${raw.what} at ${ms(raw.at)}`,
        events: [raw.line],
        about: undefined,
      });
    },
  };
};
