import type { DialectFile } from '../../../schemas/index.js';
import { codecOf } from './frames.js';
import { packetOf } from './packet-of.js';
import { match } from './template.js';

/** How an example frame is read. */
export interface Reading {
  frame: string;
  isRead: boolean;
  /** The rule and the packet, or which rule comes nearest. */
  reads: string;
  /** A later rule that says something else of the same frame. */
  also?: string;
}

const readingOf = (file: DialectFile, value: unknown, frame: string): Reading => {
  const tables = file.tables ?? {};
  const tries = file.receive.map((rule, index) => ({ rule, index, matched: match(rule.when, value, tables) }));
  const fits = tries.filter(({ matched }) => matched.ok);
  const [first, second] = fits;
  if (first === undefined || !first.matched.ok) {
    const [nearest] = [...tries].sort((a, b) => fitted(b.matched) - fitted(a.matched));
    const miss = nearest?.matched;
    const why =
      miss && !miss.ok
        ? `rule ${nearest.index + 1} comes nearest: "${miss.path}" must be ${miss.expected}, and is ${miss.seen}`
        : 'there is no rule';
    return { frame, isRead: false, reads: `no rule reads it; ${why}` };
  }
  const { rule, index, matched } = first;
  const also =
    second !== undefined && second.rule.is !== rule.is
      ? `rule ${second.index + 1} (${second.rule.is ?? 'ignored'})`
      : undefined;
  const told = (text: string, isRead = true): Reading => ({
    ...{ frame, isRead, reads: `rule ${index + 1}: ${text}` },
    ...(also === undefined ? {} : { also }),
  });
  if (rule.is === undefined) return told(rule.reply === undefined ? 'ignored' : 'answered at once');
  if (rule.each !== undefined) return told(`${rule.is} of each item of ${rule.each}`);
  const made = packetOf(rule, matched.captured, tables);
  return 'fault' in made ? told(made.fault, false) : told(JSON.stringify(made.packet));
};

const fitted = (matched: ReturnType<typeof match>): number => (matched.ok ? Number.POSITIVE_INFINITY : matched.fitted);

/** How the rules of a dialect read the frames that it gives as examples: texts as they travel, or what a template sees. */
export const exampleReadings = (file: DialectFile): Reading[] =>
  (file.examples ?? []).flatMap((example) => {
    if (typeof example !== 'string') return [readingOf(file, example, JSON.stringify(example))];
    const end = file.frames === 'stomp' ? '\0' : file.frames === 'json-records' ? '\u001e' : '';
    return codecOf(file.frames)
      .decode(example.endsWith(end) ? example : `${example}${end}`)
      .map((decoded) =>
        'broken' in decoded
          ? { frame: decoded.text, isRead: false, reads: decoded.broken }
          : readingOf(file, decoded.value, decoded.text),
      );
  });
