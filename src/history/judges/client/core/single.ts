import { isAnotherStart } from '../../../facts/client/client-facts.js';
import { ms } from '../../../terms/text.js';
import { type ClientJudge, MOST } from '../context.js';

/**
 * A client has one connection at a time. The older one may end a little after the newer one is open: as late as a client
 * may notice that a path is dead.
 */
export const judgeSingle: ClientJudge = ({ facts, findings }) => {
  /** Older connections: since when a newer one is open. */
  const older = new Map<number, { at: number; line: number }>();
  const judge = (conn: number): void => {
    const since = older.get(conn);
    if (since === undefined || facts.frozen) return;
    older.delete(conn);
    const dueAt = Math.max(since.at, facts.awakeSince) + facts.timers.deadAfterMs * MOST + facts.graceMs;
    if (facts.at <= dueAt) return;
    findings.report({
      requirement: 'IM-1-39',
      message: 'the client kept an older connection beside a newer one',
      expected: `the end of connection ${conn} by ${ms(dueAt)}`,
      seen: `it was open until ${ms(facts.at)}`,
      where: `the newer connection opened at ${ms(since.at)}`,
      events: [since.line, facts.line],
      about: undefined,
      late: true,
    });
  };
  return {
    onOpen: ({ conn, at }) => {
      for (const one of facts.connections.open)
        if (one !== conn && !older.has(one)) older.set(one, { at, line: facts.line });
      if (facts.connections.openedAt.size > 1) findings.exercise('IM-1-39');
    },
    onClosed: ({ conn }) => judge(conn),
    onSilent: ({ conn }) => void older.delete(conn),
    onSubject: ({ event }) => {
      if (isAnotherStart(event)) older.clear();
    },
    onSettled: () => {
      for (const conn of [...older.keys()]) judge(conn);
    },
  };
};
