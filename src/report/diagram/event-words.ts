import type { HistoryEventOf, Role } from '../../../schemas/index.js';
import type { Sign } from './model.js';

/** What happened to the process, as a sign and in words. */
export const PROCESS: Record<HistoryEventOf<'subject'>['event'], [Sign, string]> = {
  started: ['started', 'started'],
  killing: ['killed', 'is being killed'],
  killed: ['killed', 'killed'],
  stopping: ['killed', 'is told to stop'],
  stopped: ['killed', 'stopped'],
  frozen: ['frozen', 'frozen'],
  continued: ['started', 'goes on'],
  starting: ['started', 'is being started'],
  cut: ['fault', 'is cut off'],
  slowed: ['fault', 'has slow links'],
  healed: ['started', 'has its links again'],
  clock: ['fault', 'clock set'],
  short: ['fault', 'runs out of a resource'],
  supplied: ['started', 'has its resources again'],
  exited: ['killed', 'exited by itself'],
};

const CLOSE_CODES: Readonly<Record<number, string>> = {
  4400: 'bad packet',
  4409: 'replaced',
  4413: 'reads too slowly',
  4429: 'too many requests',
};

/** Who ended a connection, and how. */
export const closedText = ({ by, how, code }: HistoryEventOf<'closed'>, role: Role): string => {
  const words = code === undefined ? undefined : CLOSE_CODES[code];
  const reason = words === undefined ? (code === undefined ? '' : ` ${code}`) : ` ${code} (${words})`;
  if (by === 'kit' && role === 'server')
    return how === 'lost' ? 'cuts the connection' : how === 'reset' ? 'resets the connection' : 'leaves';
  const manner = how === 'lost' ? 'cut' : how === 'reset' ? 'reset' : 'closed';
  return `${manner} by the ${by === 'kit' ? 'kit' : role}${how === 'lost' && code === 1006 ? '' : reason}`;
};
