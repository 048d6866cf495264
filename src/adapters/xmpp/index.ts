import { KitError } from '../../errors.js';
import type { Dialect } from '../dialect.js';
import { whyNoUser } from './names.js';
import { XmppSession, type XmppSettings } from './session.js';

const REMEDY = 'Use domain=NAME (localhost), resume=on or off, starttls=on or off.';

const settingsOf = (given: ReadonlyMap<string, string>): XmppSettings => {
  const settings: XmppSettings = { domain: 'localhost', resume: true, startTls: true };
  for (const [name, value] of given) {
    if (name === 'domain' && /^[a-z0-9.:[\]-]+$/.test(value)) settings.domain = value;
    else if (name === 'resume' && (value === 'on' || value === 'off')) settings.resume = value === 'on';
    else if (name === 'starttls' && (value === 'on' || value === 'off')) settings.startTls = value === 'on';
    else throw new KitError('usage', `--via xmpp has no setting ${name}=${value}`, REMEDY);
  }
  return settings;
};

/**
 * XMPP with stream management (XEP-0198) and receipts (XEP-0184). A message is answered when the server counts it as
 * handled; an ack is a receipt to the sender, and a count for the server. `given` may set `domain` (localhost), the part of
 * an address behind the @, `resume` (on; off: each connection is a stream of its own) and `starttls` (on; off: TLS is not
 * started, though the server offers it). Throws a usage KitError for another setting.
 */
export const xmppDialect = (given: ReadonlyMap<string, string>): Dialect => {
  const settings = settingsOf(given);
  return {
    name: ['xmpp', ...[...given].map(([name, value]) => `${name}=${value}`)].join(' '),
    transport: 'tcp',
    address: { scheme: 'xmpp', port: 5222, securePort: 5223 },
    profile: {
      packets: ['msg:R', 'msg:A', 'msg:N', 'ack:R', 'ack:A', 'ack:N'],
      // A server may refuse a message to nobody, or drop it without a word; so `msg:A.rejected` is not among them.
      fields: ['msg:A.rid', 'msg:N.msgId', 'msg:N.from', 'msg:N.to', 'ack:N.delivered'],
    },
    cannotPromise: [
      'what was not answered on a stream that cannot be resumed has arrived or not: nobody tells, and the server does not know a message again',
      'an answer says that the server has taken a message, or an ack, over: not that it is stored',
      'a receipt is a message of the receiver, which the server only passes on',
      'a message to nobody may be answered like any other, and is gone',
      'nobody tells a message that the server doubles, before its ack, from one that it repeats',
      'Bob and bob are one user',
    ],
    whyNoUser,
    open: (who, wire, memory) => new XmppSession(who, wire, memory, settings),
  };
};
