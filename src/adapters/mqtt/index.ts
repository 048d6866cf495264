import type { ProfileField } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { Dialect } from '../dialect.js';
import { loadMqttCodec } from './codec.js';
import { MqttSession, type MqttSettings } from './session.js';

const VERSIONS: Readonly<Record<string, MqttSettings['version']>> = { '3.1.1': 4, '5': 5 };
const LEVELS: Readonly<Record<string, MqttSettings['qos']>> = { '1': 1, '2': 2 };

const settingsOf = (given: ReadonlyMap<string, string>): MqttSettings => {
  const settings: MqttSettings = { version: 4, qos: 2 };
  for (const [name, value] of given) {
    const version = name === 'version' ? VERSIONS[value] : undefined;
    const qos = name === 'qos' ? LEVELS[value] : undefined;
    if (version !== undefined) settings.version = version;
    else if (qos !== undefined) settings.qos = qos;
    else {
      throw new KitError('usage', `--via mqtt has no setting ${name}=${value}`, 'Use version=3.1.1 or 5, qos=1 or 2.');
    }
  }
  return settings;
};

/** That another connection took the session over need not be said, also not in MQTT 5; so `close.4409` is not among them. */
const fieldsOf = ({ qos }: MqttSettings): ProfileField[] => [
  'msg:A.rid',
  'msg:N.msgId',
  'msg:N.to',
  ...(qos === 2 ? (['msg:N.serverMsgId'] as const) : []),
];

/**
 * MQTT 3.1.1 or 5. A message is a publication to a topic of its receiver, whose session is persistent; the answer is its
 * PUBACK or, with QoS 2, its PUBCOMP. `given` may set `version` (3.1.1) and `qos` (2). Throws a usage KitError for another
 * setting, and where the package mqtt-packet is missing.
 */
export const mqttDialect = (given: ReadonlyMap<string, string>): Dialect => {
  const settings = settingsOf(given);
  const codec = loadMqttCodec();
  const { qos } = settings;
  return {
    name: ['mqtt', ...[...given].map(([name, value]) => `${name}=${value}`)].join(' '),
    transport: 'tcp',
    address: { scheme: 'mqtt', port: 1883 },
    profile: {
      packets: ['msg:R', 'msg:A', 'msg:N', 'ack:R', ...(qos === 2 ? (['ack:A'] as const) : [])],
      fields: fieldsOf(settings),
    },
    cannotPromise: [
      'the broker does not vouch for the sender: a receiver is told what the sender wrote',
      'a message to somebody who has never subscribed is answered and gone',
      ...(qos === 1 ? ['QoS 1: after a lost answer a message is doubled'] : []),
    ],
    open: (who, wire, memory) => new MqttSession(who, wire, memory, settings, codec),
  };
};
