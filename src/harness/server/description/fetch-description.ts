import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import {
  DEFAULT_FAILOVER_MS,
  DEFAULT_TIMERS,
  type Description,
  DescriptionSchema,
  type ServerClass,
  type Timers,
} from '../../../../schemas/index.js';
import { descriptionFaults } from '../../../wire/index.js';
import { localFault } from '../../local-fault.js';
import type { TlsTrust } from '../credentials.js';
import { checkSpelling } from './misspelt.js';

export const FETCH_BOUND_MS = 10_000;
export const MAX_DESCRIPTION_BYTES = 64 * 1024;

/** It did not come within the bound: nobody knows whether there is one. */
export interface Late {
  late: true;
}

/** What a served description that breaks its schema is: one line per fault. */
export interface InvalidDescription {
  invalid: string[];
}

/**
 * Fetches what the server says of itself at `/.well-known/im-ran` on the origin of its WebSocket URL. It is optional:
 * undefined when it is not served (any status but 200, no JSON, no server). What is served as JSON but breaks the schema,
 * or is larger than 64 KB, comes back as its faults (IM-1-19). Rejects with a usage error for a misspelt member, and
 * for what this machine refuses to the kit.
 */
export const fetchDescription = async (
  url: string,
  tls: TlsTrust = {},
): Promise<Description | InvalidDescription | Late | undefined> => {
  const answer = await fetchText(url, tls).catch((cause: Error) => {
    const fault = localFault(cause);
    if (fault) throw fault;
    return /^(Timeout|Abort)Error$/.test(cause.name) ? { late: true as const } : undefined;
  });
  if (answer !== undefined && 'late' in answer) return answer;
  if (answer === undefined) return undefined;
  if (answer.text === undefined) {
    return answer.json ? { invalid: [`it is larger than ${MAX_DESCRIPTION_BYTES} bytes`] } : undefined;
  }
  let value: unknown;
  try {
    value = JSON.parse(answer.text);
  } catch (error) {
    // Many web servers answer every path with their start page; only what calls itself JSON is a description.
    return answer.json ? { invalid: [`it is not JSON: ${(error as Error).message}`] } : undefined;
  }
  checkSpelling(value, `of ${url}`);
  const invalid = descriptionFaults(value);
  return invalid.length > 0 ? { invalid } : knownMembers(value as Description);
};

/** Members that this version does not know are ignored, as the specification asks. */
export const knownMembers = (description: Description): Description => {
  const known = Object.entries(description).filter(([name]) => Object.hasOwn(DescriptionSchema.properties, name));
  return Object.fromEntries(known) as Description;
};

/** The timers that the server declares, with the kit's assumption where it declares none. Milliseconds. */
export const timersOf = (description: Description | undefined): Timers => {
  const failover = description?.classes?.includes('replicated') ? { failoverMs: DEFAULT_FAILOVER_MS } : {};
  return { ...DEFAULT_TIMERS, ...failover, ...description?.timers };
};

/** The classes that the server claims; without a claim it is `core`. */
export const claimedClasses = (description: Description | undefined): ServerClass[] => {
  return description?.classes ?? ['core'];
};

interface Fetched {
  /** Whether it calls itself JSON. */
  json: boolean;
  /** Undefined: larger than the limit. */
  text: string | undefined;
}

const fetchText = async (url: string, tls: TlsTrust): Promise<Fetched | undefined> => {
  const target = new URL('/.well-known/im-ran', url);
  target.protocol = target.protocol === 'wss:' ? 'https:' : 'http:';
  const get = target.protocol === 'https:' ? httpsGet : httpGet;
  const options = {
    ...tls,
    agent: false as const,
    signal: AbortSignal.timeout(FETCH_BOUND_MS),
    headers: { Accept: 'application/json' },
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(target, options, resolve).on('error', reject);
  });
  try {
    if (response.statusCode !== 200) return undefined;
    const json = /\bjson\b/i.test(response.headers['content-type'] ?? '');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_DESCRIPTION_BYTES) return { json, text: undefined };
      chunks.push(chunk);
    }
    return { json, text: Buffer.concat(chunks).toString('utf8') };
  } finally {
    response.destroy();
  }
};
