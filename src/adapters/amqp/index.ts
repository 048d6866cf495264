import { KitError } from '../../errors.js';
import type { Dialect } from '../dialect.js';
import { AmqpSession, type AmqpSettings } from './session.js';

const REMEDY = 'Use queue=classic or quorum, fence=off or on, login=NAME:PASSWORD or own.';

/** An Erlang node takes its time. */
const START_MS = 60_000;

const settingsOf = (given: ReadonlyMap<string, string>): AmqpSettings => {
  const settings: AmqpSettings = { queue: 'classic', fence: false, login: 'guest:guest' };
  for (const [name, value] of given) {
    if (name === 'queue' && (value === 'classic' || value === 'quorum')) settings.queue = value;
    else if (name === 'fence' && (value === 'on' || value === 'off')) settings.fence = value === 'on';
    else if (name === 'login' && (value === 'own' || value.includes(':')))
      settings.login = value === 'own' ? undefined : value;
    else throw new KitError('usage', `--via amqp has no setting ${name}=${value}`, REMEDY);
  }
  return settings;
};

/** A password does not belong into a report. */
const shownOf = (given: ReadonlyMap<string, string>): string[] =>
  [...given].filter(([name]) => name !== 'login').map(([name, value]) => `${name}=${value}`);

/**
 * AMQP 0-9-1, as RabbitMQ speaks it. A message is a mandatory, persistent publication to the durable queue of its receiver,
 * answered by its confirm; the login makes the queue. `given` may set `queue` (classic, or quorum), `fence` (off; on: a
 * passive declaration behind an ack on its channel is its answer) and `login` (guest:guest; own: name and token of each
 * user). Throws a usage KitError for another setting.
 */
export const amqpDialect = (given: ReadonlyMap<string, string>): Dialect => {
  const settings = settingsOf(given);
  return {
    name: ['amqp', ...shownOf(given)].join(' '),
    transport: 'tcp',
    address: { scheme: 'amqp', port: 5672, securePort: 5671 },
    startWithinMs: START_MS,
    profile: {
      packets: ['msg:R', 'msg:A', 'msg:N', 'ack:R', ...(settings.fence ? (['ack:A'] as const) : [])],
      fields: ['msg:A.rid', 'msg:A.rejected', 'msg:N.msgId', 'msg:N.to', 'close.1001'],
      sharesQueue: true,
    },
    cannotPromise: [
      'the broker does not know a message again: after a lost answer it is lost or doubled',
      'the broker does not vouch for the sender: a receiver is told what the sender wrote',
      'nobody tells a message that the broker doubles, before its ack, from one that it repeats',
      ...(settings.fence
        ? ['an ack is answered by a fence: it proves that the broker has read the ack, not that it has stored it']
        : []),
    ],
    open: (who, wire, memory) => new AmqpSession(who, wire, memory, settings),
  };
};
