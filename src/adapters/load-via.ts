import { KitError } from '../errors.js';
import type { Dialect } from './dialect.js';

type Maker = (settings: ReadonlyMap<string, string>) => Dialect;

/** The protocols that are built in; each is loaded only where it is used. */
const PROTOCOLS: Readonly<Record<string, () => Promise<Maker>>> = {
  nats: async () => (await import('./nats/index.js')).natsDialect,
  mqtt: async () => (await import('./mqtt/index.js')).mqttDialect,
  amqp: async () => (await import('./amqp/index.js')).amqpDialect,
  xmpp: async () => (await import('./xmpp/index.js')).xmppDialect,
};

export const VIA_NAMES = Object.keys(PROTOCOLS);

/**
 * A dialect that is built in: `nats`, or `nats?ack_wait=500ms&storage=memory` with settings of that protocol. Throws a
 * usage KitError for a name or a setting that there is not.
 */
export const loadVia = async (text: string): Promise<Dialect> => {
  const [name = '', settings = ''] = text.split(/\?(.*)/s);
  const load = PROTOCOLS[name];
  if (load === undefined) {
    throw new KitError(
      'usage',
      `there is no protocol "${name}" built in`,
      `Built in: ${VIA_NAMES.join(', ')}. For another protocol, write a dialect for --dialect.`,
    );
  }
  const make = await load();
  return make(new Map(new URLSearchParams(settings)));
};
