import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { TSchema } from '@sinclair/typebox';
import { HISTORY_VERSION, type HistoryEvent, HistoryEventSchema, PACKET_SCHEMAS } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { upgradeEvent } from './version-1.js';

const BLOCK = 1 << 20;
/** A line longer than this is no history: the longest legal frame has half a megabyte. */
const MAX_LINE = 16 << 20;

const REMEDY = 'Give a file that the kit wrote with --history: NDJSON, the line of kind "history" first.';

type Members = [name: string, type: string][];

/** The required members of an object, with the JSON type of each. */
const membersOf = (schema: TSchema): Members => {
  const members = schema.properties as Record<string, { type?: string }>;
  const required = (schema.required as string[] | undefined) ?? [];
  return required.map((name) => [name, members[name]?.type ?? 'any']);
};

const EVENTS = new Map<string, Members>(
  HistoryEventSchema.anyOf.map((schema) => [String(schema.properties.kind.const), membersOf(schema)]),
);
const PACKETS = new Map<string, Members>(
  Object.entries(PACKET_SCHEMAS).map(([type, schema]) => [type, membersOf(schema)]),
);

/**
 * Reads a recorded history, line by line, without holding it in memory. Throws a KitError `usage` that names file and
 * line when the file cannot be read, is empty, does not begin with its head, or holds a line that is no event.
 */
export function* readHistory(file: string): Generator<HistoryEvent> {
  let number = 0;
  let version: unknown = HISTORY_VERSION;
  for (const line of linesOf(file)) {
    number += 1;
    if (line.text === '' && line.last) break;
    const raw = parseLine(file, number, line);
    if (number === 1) version = checkVersion(file, raw);
    const event = checkEvent(file, number, version === 1 ? upgradeEvent(raw) : raw);
    if ((event.kind === 'history') !== (number === 1)) throw headError(file, number, event);
    yield event;
  }
  if (number === 0) throw new KitError('usage', `${file} is empty`, REMEDY);
}

const headError = (file: string, number: number, event: HistoryEvent): KitError => {
  if (number > 1)
    return new KitError(
      'usage',
      `${file}:${number}: a second line of kind "history"`,
      'Judge each history in a file of its own.',
    );
  return new KitError('usage', `${file}:1: the first line is of kind "${event.kind}", not "history"`, REMEDY);
};

interface Line {
  text: string;
  /** Not ended by a line feed. */
  last: boolean;
}

function* linesOf(file: string): Generator<Line> {
  const handle = openFile(file);
  try {
    const block = Buffer.allocUnsafe(BLOCK);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    let any = false;
    for (;;) {
      const bytes = readBlock(file, handle, block);
      if (bytes === 0) break;
      any = true;
      const lines = (rest + decoder.write(block.subarray(0, bytes))).split('\n');
      rest = lines.pop() as string;
      for (const text of lines) yield { text, last: false };
      if (rest.length > MAX_LINE)
        throw new KitError('usage', `${file} holds a line of more than ${MAX_LINE} characters`, REMEDY);
    }
    if (any) yield { text: rest + decoder.end(), last: true };
  } finally {
    closeSync(handle);
  }
}

const openFile = (file: string): number => {
  try {
    return openSync(file, 'r');
  } catch (cause) {
    throw unreadable(file, cause);
  }
};

const readBlock = (file: string, handle: number, block: Buffer): number => {
  try {
    return readSync(handle, block, 0, block.length, null);
  } catch (cause) {
    throw unreadable(file, cause);
  }
};

const unreadable = (file: string, cause: unknown): KitError => {
  const code = (cause as NodeJS.ErrnoException).code;
  const why = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
  return new KitError('usage', `${file} ${why}`, 'Name a history file, such as one that --history wrote.', { cause });
};

const parseLine = (file: string, number: number, line: Line): Record<string, unknown> => {
  const fault = (problem: string, remedy = REMEDY, options?: ErrorOptions) =>
    new KitError('usage', `${file}:${number}: ${problem}`, remedy, options);
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (cause) {
    if (line.last) {
      throw fault('the history ends in the middle of this line', 'Record it again, or delete the broken last line.', {
        cause,
      });
    }
    throw fault('the line is not JSON', REMEDY, { cause });
  }
  if (typeof value !== 'object' || value === null) throw fault('the line is not a JSON object');
  return value as Record<string, unknown>;
};

const OLDEST_VERSION = 1;

/** The version that the head names; any other first line is refused as no head. */
const checkVersion = (file: string, head: Record<string, unknown>): unknown => {
  const { kind, version } = head;
  if (kind !== 'history' || version === HISTORY_VERSION || version === OLDEST_VERSION) return version;
  throw new KitError(
    'usage',
    `${file}:1: a history of version ${JSON.stringify(version)}; this kit reads ${OLDEST_VERSION} and ${HISTORY_VERSION}`,
    'Judge it with the version of the kit that wrote it, or with a newer one.',
  );
};

const checkEvent = (file: string, number: number, event: Record<string, unknown>): HistoryEvent => {
  const problem =
    problemOf(event, 'event', event.kind, EVENTS) ??
    (event.kind === 'sent' || event.kind === 'got' ? packetProblem(event.packet) : undefined);
  if (problem !== undefined) throw new KitError('usage', `${file}:${number}: ${problem}`, REMEDY);
  return event as HistoryEvent;
};

const packetProblem = (packet: unknown): string | undefined => {
  const { type } = packet as Record<string, unknown>;
  return problemOf(packet as Record<string, unknown>, 'packet', type, PACKETS);
};

const problemOf = (
  value: Record<string, unknown>,
  what: string,
  kind: unknown,
  known: ReadonlyMap<string, Members>,
): string | undefined => {
  const members = known.get(String(kind));
  if (members === undefined) return `unknown kind of ${what} ${JSON.stringify(kind)}`;
  const broken = members.find(([name, type]) => !isOfType(value[name], type));
  if (broken === undefined) return undefined;
  const [name, type] = broken;
  return `/${name} of the ${what} "${String(kind)}" must be ${type === 'any' ? 'present' : `of type ${type}`}`;
};

const isOfType = (value: unknown, type: string): boolean => {
  if (type === 'any') return value !== undefined;
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  return typeof value === type && value !== null;
};
