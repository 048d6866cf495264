export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes one JSON line. `event` is a fixed, greppable word; bodies of messages and tokens are never logged. */
export type Log = (level: LogLevel, event: string, fields?: Record<string, unknown>) => void;

const plain = (value: unknown): unknown => (value instanceof Error ? (value.stack ?? value.message) : value);

export const createLog = (most: LogLevel, write: (line: string) => void): Log => {
  const shown = new Set(LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(most) + 1));
  return (level, event, fields = {}) => {
    if (!shown.has(level)) return;
    const details = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
    write(JSON.stringify({ time: new Date().toISOString(), level, event, ...details }));
  };
};
