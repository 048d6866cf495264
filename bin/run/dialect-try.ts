import { randomBytes, randomUUID } from 'node:crypto';
import { KitError } from '../../src/errors.js';
import { EXIT } from '../../src/harness/options.js';
import { type Conversation, converse } from '../../src/harness/through-dialect.js';
import { runOptionsFrom } from '../../src/options/run-options.js';
import { flagSettings } from '../../src/options/settings.js';
import { inert, paintFor } from '../../src/report/index.js';
import { loadNamed } from './named-dialect.js';
import { writeStdout } from './report-targets.js';

const wayOf = { sent: '→', got: '←', packet: '=', note: '·' } as const;

/** One line of what happened: who, which way, and the frame or what it was read as. */
const lineOf = (conversation: Conversation, colour: boolean): string => {
  const paint = paintFor({ isTTY: colour, env: process.env });
  const { at, who, kind, text } = conversation;
  const line = `${String(Math.round(at)).padStart(6)} ms  ${who.padEnd(6)} ${wayOf[kind]} ${inert(text)}`;
  return kind === 'packet' ? paint('green', line) : kind === 'note' ? paint('yellow', line) : line;
};

/** What is named: with --via there is no file, and the url comes first. */
const namedIn = ([first, second]: readonly (string | undefined)[], via: string | undefined) => {
  if (via !== undefined && second !== undefined)
    throw new KitError('usage', 'a file and --via exclude each other', 'Name one protocol.');
  const url = via === undefined ? second : first;
  if (url === undefined) {
    throw new KitError('usage', 'there is no url', 'Write: dialect try FILE URL, or dialect try --via NAME URL.');
  }
  return via === undefined ? { file: first, url } : { via, url };
};

/**
 * `dialect try FILE URL`, or `dialect try --via NAME URL`: logs two users in, sends one message from the one to the other,
 * acks it, and prints every frame with what it was read as. Returns 0 when the message was answered and pushed, 3 when
 * nobody got in, else 1.
 */
export const tryDialect = async (
  words: readonly (string | undefined)[],
  values: Record<string, unknown>,
): Promise<number> => {
  const { url, ...named } = namedIn(words, values.via as string | undefined);
  const dialect = await loadNamed(named);
  const spoken = named.file === undefined ? {} : { dialect: named.file };
  const settings = { ...flagSettings(values), url, ...spoken };
  const options = { ...(await runOptionsFrom(settings, settings, undefined)), dialect };
  const suffix = randomBytes(2).toString('hex');
  const [first, second] = options.users ?? [];
  const alice = first?.user ?? `alice-${suffix}`;
  const bob = second?.user ?? `bob-${suffix}`;
  const colour = process.stdout.isTTY === true;
  // Whoever reads no more, such as `head`, has seen enough.
  process.stdout.on('error', () => undefined);
  const tell = (one: Conversation): void => {
    process.stdout.write(`${lineOf(one, colour)}\n`);
  };
  const outcome = await converse(options, { alice, bob, msgId: randomUUID(), body: 'hello from the kit' }, tell);
  await writeStdout(`${outcome.sentences.join('\n')}\n`);
  return outcome.entered ? (outcome.complete ? EXIT.conforms : EXIT.nonconforming) : EXIT.unreachable;
};
