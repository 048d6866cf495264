import type { ServerClass } from '../../schemas/index.js';

/** One row of the field page: a server in one configuration, spoken to in one way. */
export interface Setup {
  id: string;
  /** Rows of the same server, in which a key may mend what is red in another one. */
  server: string;
  /** Prints the version of the server; its first word that looks like one counts. */
  version: string;
  /** The program without which the row cannot be run, and the package of Debian that has it. */
  program?: string;
  package?: string;
  /** What differs from what Debian ships; undefined: nothing. */
  key?: string;
  /** What a reader must know of the row. */
  note?: string;
  protocol: string;
  classes: readonly ServerClass[];
  arguments: readonly string[];
  /** Of the whole suite only these scenarios: a tuned row shows what its key changes. */
  only?: readonly string[];
  /** A control is known to be right, or to say nothing: it shows what the colours of the table are worth. */
  control?: true;
}

const conf = (name: string, lines: readonly string[]): string =>
  `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >{data}/${name}`;

/** Started by root, mosquitto becomes somebody else who cannot read the folder; so it is told to stay. */
const mosquitto = (...more: string[]): string => {
  const lines = ['listener {port} 127.0.0.1', 'allow_anonymous true', 'user root'];
  // What /etc/mosquitto/mosquitto.conf of Debian says.
  const debian = ['persistence true', 'persistence_location {data}/'];
  return `${conf('mosquitto.conf', [...lines, ...debian, ...more])}; exec mosquitto -c {data}/mosquitto.conf`;
};

const MOSQUITTO = {
  server: 'mosquitto',
  version: 'mosquitto -h | head -n 1',
  program: 'mosquitto',
  package: 'mosquitto',
} as const;
const mqtt = (id: string, settings: string, exec: string): Pick<Setup, 'id' | 'protocol' | 'arguments'> => ({
  id: `mosquitto-${id}`,
  protocol: `mqtt${settings}`,
  arguments: ['--via', `mqtt${settings}`, '--exec', exec],
});

const NATS = {
  server: 'nats-server',
  version: 'nats-server --version',
  program: 'nats-server',
  package: 'nats-server',
} as const;
const NATS_EXEC = 'exec nats-server -js -a 127.0.0.1 -p {port} -sd {data}';
const nats = (id: string, via: string): Pick<Setup, 'id' | 'protocol' | 'arguments'> => ({
  id: `nats-${id}`,
  protocol: via,
  arguments: ['--via', via, '--exec', NATS_EXEC],
});

const RABBITMQ = {
  server: 'RabbitMQ',
  version: 'dpkg-query -W rabbitmq-server',
  program: '/usr/lib/rabbitmq/bin/rabbitmq-server',
  package: 'rabbitmq-server',
} as const;
const amqp = (id: string, via: string): Pick<Setup, 'id' | 'protocol' | 'arguments'> => ({
  id: `rabbitmq-${id}`,
  protocol: via,
  arguments: ['--via', via, '--exec', 'exec src/adapters/testing/rabbitmq.sh', '--instances', '1'],
});

const PROSODY = {
  server: 'Prosody',
  version: 'dpkg-query -W prosody',
  program: 'prosody',
  package: 'prosody',
} as const;
const EJABBERD = {
  server: 'ejabberd',
  version: 'dpkg-query -W ejabberd',
  program: 'ejabberdctl',
  package: 'ejabberd',
} as const;
const xmpp = (server: 'prosody' | 'ejabberd', id: string): Pick<Setup, 'id' | 'protocol' | 'arguments'> => ({
  id: `${server}-${id}`,
  protocol: 'xmpp',
  arguments: ['--via', 'xmpp', '--exec', `exec src/adapters/testing/${server}.sh`],
});

/** Of a control, and of a tuned row, a part is enough: it shows what the key, or the kit, does. */
const SAMPLE = [
  'server/core/{plain-exchange,receiver-away,conversation,burst-of-requests,takeover*,msg-a#d*,msg-n#d*}',
  'server/durable/killed-{after,while,at}*',
];
const BOTH: readonly ServerClass[] = ['core', 'durable'];
const KILLS = ['server/durable/killed-{after,while,at}*'];

export const SETUPS: readonly Setup[] = [
  {
    id: 'reference',
    ...{ server: 'reference server of the kit', version: 'node dist/bin/im-conformance.js --version' },
    ...{ protocol: 'im.ran.v1', classes: BOTH, arguments: [], control: true, only: SAMPLE },
  },
  {
    id: 'correct-broker',
    ...{ server: 'small MQTT broker of the kit', version: 'node dist/bin/im-conformance.js --version' },
    ...{ protocol: 'mqtt', classes: BOTH, control: true },
    arguments: ['--via', 'mqtt', '--exec', 'exec node src/adapters/testing/mqtt-broker.mjs none'],
    only: SAMPLE,
  },
  {
    id: 'mute-broker',
    ...{ server: 'mute MQTT broker', version: 'node dist/bin/im-conformance.js --version' },
    ...{ protocol: 'mqtt', classes: BOTH, control: true },
    arguments: ['--via', 'mqtt', '--exec', 'exec node src/adapters/testing/mqtt-broker.mjs mute'],
    only: SAMPLE,
  },
  { ...MOSQUITTO, ...mqtt('qos-2', '', mosquitto()), classes: BOTH },
  { ...MOSQUITTO, ...mqtt('qos-1', '?qos=1', mosquitto()), classes: BOTH },
  { ...MOSQUITTO, ...mqtt('mqtt-5', '?version=5', mosquitto()), classes: ['core'] },
  {
    ...MOSQUITTO,
    ...mqtt('inflight', '?max_inflight=0', mosquitto('max_inflight_messages 0')),
    ...{ key: 'max_inflight_messages 0', classes: ['core'] },
    only: ['server/core/{burst*,*backlog*,stream*,conversation,cut-in-mid-batch,every-length,plain-exchange}'],
  },
  {
    ...MOSQUITTO,
    ...mqtt('queued', '?qos=1', mosquitto('max_queued_messages 0')),
    ...{ key: 'max_queued_messages 0', classes: ['core'] },
    only: ['server/core/{*backlog*,conversation,plain-exchange}'],
  },
  {
    ...MOSQUITTO,
    ...mqtt('autosave', '', mosquitto('autosave_on_changes true', 'autosave_interval 1')),
    ...{ key: 'autosave_on_changes true, with autosave_interval 1', classes: ['durable'], only: KILLS },
  },
  { ...NATS, ...nats('default', 'nats'), classes: BOTH, note: 'JetStream is switched on with -js' },
  {
    ...NATS,
    ...nats('memory', 'nats?storage=memory'),
    ...{ key: 'storage: memory, of the stream', classes: ['durable'], only: KILLS },
  },
  { ...RABBITMQ, ...amqp('default', 'amqp'), classes: ['core'] },
  {
    ...RABBITMQ,
    ...amqp('kills', 'amqp'),
    ...{ classes: ['durable'], only: ['server/durable/killed-{after,while-accepting}*'] },
  },
  {
    ...PROSODY,
    ...xmpp('prosody', 'default'),
    ...{ classes: ['core'], note: 'smacks, as Debian has it, without its limits' },
  },
  { ...PROSODY, ...xmpp('prosody', 'kills'), classes: ['durable'], only: KILLS },
  {
    ...EJABBERD,
    ...xmpp('ejabberd', 'default'),
    ...{ classes: ['core'], note: 'its modules as Debian has them, without shaper and limits' },
  },
  { ...EJABBERD, ...xmpp('ejabberd', 'kills'), classes: ['durable'], only: KILLS },
];
