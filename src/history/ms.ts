/** A time of the history for people: `1,040 ms`, `12.3 ms`. */
export const ms = (at: number): string =>
  at < 100 ? `${Math.round(at * 10) / 10} ms` : `${Math.round(at).toLocaleString('en-US')} ms`;
