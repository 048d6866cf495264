import { ms } from '../../../terms/text.js';
import type { ClientJudge } from '../context.js';

/** A client ends only when it is told to, and goes on after a frame that is no packet. */
export const judgeSurvival: ClientJudge = ({ facts, findings }) => {
  let raw: { line: number; at: number; what: string } | undefined;
  const livesOn = (): void => {
    if (raw === undefined) return;
    findings.exercise('IM-1-36');
    raw = undefined;
  };
  return {
    onRaw: ({ what, text }) => {
      raw = { line: facts.line, at: facts.at, what: text === undefined ? what : `${what}: ${text.slice(0, 60)}` };
    },
    onSending: livesOn,
    onAck: livesOn,
    onSubject: ({ event, code, signal }) => {
      if (event !== 'exited') return;
      findings.report({
        requirement: raw === undefined ? 'IM-1-30' : 'IM-1-36',
        message: 'the client ended by itself',
        expected: 'a client that goes on until it is told to end',
        seen: `its process ended with ${signal ?? `code ${code ?? 0}`}`,
        where: raw === undefined ? 'the server had done nothing wrong' : `after ${raw.what} at ${ms(raw.at)}`,
        events: raw === undefined ? [facts.line] : [raw.line, facts.line],
        about: undefined,
      });
    },
    onSettled: () => {
      if (raw === undefined) return;
      findings.report({
        requirement: 'IM-1-36',
        message: 'after a frame that is no packet the client did nothing more',
        expected: 'it goes on, on the same connection or on a new one',
        seen: `no packet until ${ms(facts.at)}`,
        where: `after ${raw.what} at ${ms(raw.at)}`,
        events: [raw.line],
        about: undefined,
      });
    },
  };
};
