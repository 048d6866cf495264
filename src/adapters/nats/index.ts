import { DEFAULT_TIMERS } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { Dialect } from '../dialect.js';
import { NatsSession, type NatsSettings } from './session.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

const nanosecondsOf = (name: string, text: string): number => {
  const [, number = '', unit = ''] = /^(\d{1,6})(ms|s|m|h)$/.exec(text) ?? [];
  const value = Number(number) * (UNITS[unit] ?? 0);
  if (value > 0) return value;
  throw new KitError('usage', `--via nats: ${name}=${text} is no time`, `Write it like ${name}=500ms, 2s or 2m.`);
};

const SETTINGS = ['storage', 'ack_wait', 'duplicate_window'];

const settingsOf = (given: ReadonlyMap<string, string>): NatsSettings => {
  const settings: NatsSettings = { storage: 'file', ack_wait: 1e9, duplicate_window: 120e9 };
  for (const [name, value] of given) {
    if (name === 'storage' && (value === 'file' || value === 'memory')) settings.storage = value;
    else if (name === 'storage') {
      throw new KitError('usage', `--via nats: there is no storage "${value}"`, 'Use file or memory.');
    } else if (name === 'ack_wait' || name === 'duplicate_window') settings[name] = nanosecondsOf(name, value);
    else {
      throw new KitError('usage', `--via nats has no setting "${name}"`, `Use some of ${SETTINGS.join(', ')}.`);
    }
  }
  return settings;
};

const milliseconds = (nanoseconds: number): number => Math.ceil(nanoseconds / 1e6);

/**
 * What the settings promise. A push that was not acked comes again after `ack_wait`, also to a receiver that comes back:
 * what takes that long is late by nobody's word, and no loss.
 */
const timersOf = ({ ack_wait, duplicate_window }: NatsSettings): NonNullable<Dialect['timers']> => ({
  answerWithinMs: Math.max(DEFAULT_TIMERS.answerWithinMs, 2 * milliseconds(ack_wait)),
  redeliverAfterMs: milliseconds(ack_wait),
  redeliverMaxMs: milliseconds(ack_wait),
  dedupWindowMs: milliseconds(duplicate_window),
});

/**
 * NATS with JetStream. A message is a publication with `Nats-Msg-Id`, stored in one stream and answered by its PubAck; each
 * user has a durable push consumer, and an ack asks for its confirmation. The login makes both. `given` may set `storage`
 * (file), `ack_wait` (1s; of consumers that do not say it the server's own default is 30s) and `duplicate_window` (2m).
 * Throws a usage KitError for another setting.
 */
export const natsDialect = (given: ReadonlyMap<string, string>): Dialect => {
  const settings = settingsOf(given);
  return {
    name: ['nats', ...[...given].map(([name, value]) => `${name}=${value}`)].join(' '),
    transport: 'tcp',
    address: { scheme: 'nats', port: 4222 },
    timers: timersOf(settings),
    profile: {
      packets: ['msg:R', 'msg:A', 'msg:N', 'ack:R', 'ack:A'],
      // `from` is not among them: the server repeats what the sender wrote, and does not vouch for it.
      fields: [
        'msg:R.msgId',
        'msg:A.rid',
        'msg:A.serverMsgId',
        'msg:A.duplicate',
        'msg:N.msgId',
        'msg:N.serverMsgId',
        'msg:N.to',
        'msg:N.acceptedAt',
      ],
    },
    cannotPromise: [
      'a known id with another content, or for another user, counts as a duplicate: that message is lost without a word',
      'the server does not vouch for the sender: a receiver is told what the sender wrote',
      `a copy that comes after the duplicate_window (${milliseconds(settings.duplicate_window)} ms) is a new message`,
      `what was pushed and not acked comes again after ack_wait (${milliseconds(settings.ack_wait)} ms), not when its receiver comes back`,
    ],
    open: (who, wire, memory) => new NatsSession(who, wire, memory, settings),
  };
};
