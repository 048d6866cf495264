import type { Report, ScenarioResult } from '../../schemas/index.js';

type Code = NonNullable<ScenarioResult['because']>['code'];

const MORE_TIME = 'run the inconclusive scenarios again, with a longer --patience';
const MORE_ROOM = 'raise the limits of the server or of the proxy before it, or lower --concurrency';

/** What helps against one cause. More time helps only where something may still come. */
const HELP: Partial<Record<Code, string>> = {
  'fault-not-fired': MORE_TIME,
  'step-not-reached': MORE_TIME,
  'watched-too-short': MORE_TIME,
  'not-settled': MORE_TIME,
  'closed-by-limit': MORE_ROOM,
  'dedup-window-passed': 'declare a longer dedupWindowMs, if the server knows its messages for longer',
  'token-expired': 'give the clients tokens that outlive the run',
  'service-ended': 'read what the service printed: it must run until the kit ends it',
  'bad-word': 'let the bot say its words as docs/test-a-client.md has them',
  'subject-failed': 'read what the server printed: it, or its command, failed in the inconclusive scenarios',
};

/** What can be done about inconclusive scenarios, one sentence for each kind of cause, the most frequent kind first. */
export const adviceOnInconclusive = ({ scenarios }: Report): string[] => {
  const counts = new Map<string, number>();
  for (const { verdict, because } of scenarios) {
    if (verdict !== 'inconclusive') continue;
    const help =
      because === undefined
        ? MORE_TIME
        : (HELP[because.code] ?? 'read the reasons of the inconclusive scenarios: each names what was missing');
    counts.set(help, (counts.get(help) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one).map(([help]) => help);
};
