import type { EngineOptions } from './engine.js';
import { ClientError, type ClientOptions, DEFAULT_CLIENT_LIMITS, DEFAULT_CLIENT_TIMERS } from './types.js';

/** Only what was given replaces a default, and only numbers that make sense. */
const withDefaults = <T extends object>(name: string, defaults: T, given: Partial<T> = {}): T => {
  const result = { ...defaults };
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(defaults, key))
      throw new ClientError('invalid-option', `${name} has no ${key}`, `It has ${Object.keys(defaults).join(', ')}.`);
    if (!(typeof value === 'number' && value >= 1 && Number.isFinite(value)))
      throw new ClientError('invalid-option', `${name}.${key} is ${value}`, 'Give a number of at least 1.');
    Object.assign(result, { [key]: value });
  }
  return result;
};

/** Throws a ClientError when an option makes no sense. */
export const readOptions = <S>({
  url,
  token,
  onMessage,
  onStatus,
  timers,
  limits,
}: ClientOptions<S>): EngineOptions => {
  if (!/^wss?:\/\//.test(url))
    throw new ClientError(
      'invalid-option',
      `"${url}" is no address of a WebSocket`,
      'Give one such as wss://chat.example/',
    );
  if (token === '' || (typeof token !== 'string' && typeof token !== 'function'))
    throw new ClientError('invalid-option', 'the token is missing', 'Give a text, or a function that returns one.');
  return {
    url,
    token,
    ...(onMessage ? { onMessage } : {}),
    ...(onStatus ? { onStatus } : {}),
    timers: withDefaults('timers', DEFAULT_CLIENT_TIMERS, timers),
    limits: withDefaults('limits', DEFAULT_CLIENT_LIMITS, limits),
  };
};
