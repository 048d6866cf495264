import type { ProfileField } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import type { Dialect } from '../dialect.js';
import { loadMqttCodec } from './codec.js';
import { MqttSession, type MqttSettings } from './session.js';

const VERSIONS: Readonly<Record<string, MqttSettings['version']>> = { '3.1.1': 4, '5': 5 };
const LEVELS: Readonly<Record<string, MqttSettings['qos']>> = { '1': 1, '2': 2 };

/** So many pushes without an ack mosquitto allows itself; EMQX and VerneMQ have a like number. */
const MAX_INFLIGHT = 20;
const LEAST_INFLIGHT = 16;

type Settings = MqttSettings & { maxInflight: number };

const inflightOf = (value: string): number | undefined => {
  const most = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  return most === 0 || (most >= LEAST_INFLIGHT && most <= 65_535) ? most : undefined;
};

const REMEDY = 'Use version=3.1.1 or 5, qos=1 or 2, max_inflight=0 (no bound) or 16 to 65535.';

const settingsOf = (given: ReadonlyMap<string, string>): Settings => {
  const settings: Settings = { version: 4, qos: 2, maxInflight: MAX_INFLIGHT };
  for (const [name, value] of given) {
    const version = name === 'version' ? VERSIONS[value] : undefined;
    const qos = name === 'qos' ? LEVELS[value] : undefined;
    const maxInflight = name === 'max_inflight' ? inflightOf(value) : undefined;
    if (version === undefined && qos === undefined && maxInflight === undefined) {
      throw new KitError('usage', `--via mqtt has no setting ${name}=${value}`, REMEDY);
    }
    Object.assign(settings, defined({ version, qos, maxInflight }));
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
 * PUBACK or, with QoS 2, its PUBCOMP. `given` may set `version` (3.1.1), `qos` (2) and `max_inflight` (20; 0: no bound), the
 * pushes that the broker leaves without an ack before it waits for one: mosquitto's `max_inflight_messages`. Throws a usage KitError for another
 * setting, and where the package mqtt-packet is missing.
 */
export const mqttDialect = (given: ReadonlyMap<string, string>): Dialect => {
  const settings = settingsOf(given);
  const codec = loadMqttCodec();
  const { qos, maxInflight } = settings;
  return {
    name: ['mqtt', ...[...given].map(([name, value]) => `${name}=${value}`)].join(' '),
    transport: 'tcp',
    address: { scheme: 'mqtt', port: 1883, securePort: 8883 },
    ...(maxInflight === 0 ? {} : { limits: { maxInFlight: maxInflight } }),
    profile: {
      packets: ['msg:R', 'msg:A', 'msg:N', 'ack:R', ...(qos === 2 ? (['ack:A'] as const) : [])],
      fields: fieldsOf(settings),
    },
    cannotPromise: [
      'the broker does not vouch for the sender: a receiver is told what the sender wrote',
      'a message to somebody who has never subscribed is answered and gone',
      ...(qos === 1
        ? [
            'QoS 1: after a lost answer a message is doubled',
            'QoS 1: nobody tells a message that the broker doubles from one that it repeats',
          ]
        : []),
    ],
    open: (who, wire, memory) => new MqttSession(who, wire, memory, settings, codec),
  };
};
