import t from 'tap';
import type { LogEvent } from '../log.js';
import { MemoryLog } from '../memory-log.js';
import { tryLog } from './try-log.js';

/** What each of these engines does to entries on their way to who listens; `count`: how many it has told by then. */
const ENGINES: [name: string, tells: (event: LogEvent, count: number) => LogEvent[], broken: string | undefined][] = [
  ['one that keeps what it promised', (event) => [event], undefined],
  ['one that loses an entry', (event, count) => (count === 100 ? [] : [event]), 'lost'],
  ['one that tells an entry twice', (event, count) => (count === 100 ? [event, event] : [event]), 'doubled'],
  [
    'one that tells an entry at another place',
    (event, count) => [count === 100 ? { ...event, revision: event.revision + 1 } : event],
    'moved',
  ],
];

t.test('an engine is found out by what it tells to who listens', async (t) => {
  for (const [name, tells, broken] of ENGINES) {
    const log = new MemoryLog(600_000);
    const follow = log.follow.bind(log);
    const append = log.append.bind(log);
    log.append = async (...entry) => {
      // Writers that never wait would leave nobody else a turn.
      await new Promise((resolve) => setImmediate(resolve));
      return append(...entry);
    };
    let followers = 0;
    log.follow = (after, onEvent, signal) => {
      followers += 1;
      const isSound = followers !== 2;
      let count = 0;
      const tell = (event: LogEvent): void => {
        count += 1;
        for (const one of isSound ? [event] : tells(event, count)) onEvent(one);
      };
      return follow(after, tell, signal);
    };
    // Until enough has been told; a busy machine takes its time.
    const strike = async (): Promise<boolean> => {
      const heard = new AbortController();
      let count = 0;
      await new Promise<void>((resolve) => {
        void follow(
          0,
          () => {
            count += 1;
            if (count === 300) resolve();
          },
          heard.signal,
        );
      });
      heard.abort();
      return true;
    };
    const { acked, lost, doubled, moved } = await tryLog(() => log, 2, [{ name: 'nothing', strike }], 2_000);
    t.ok(acked > 0, name);
    const found = Object.entries({ lost, doubled, moved }).filter(([, many]) => many > 0);
    t.same(
      found.map(([what]) => what),
      broken === undefined ? [] : [broken],
      name,
    );
  }
});
