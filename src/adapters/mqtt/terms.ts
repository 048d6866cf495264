import type { MqttPacket } from './codec.js';

/** What a broker allows its client on one connection: MQTT 5 says it with the CONNACK. */
export interface Terms {
  /** So many publications may be without an answer. */
  room: number;
  /** A packet may not be larger. */
  mostBytes: number;
  /** Seconds without a sign of life after which the broker ends the connection, times 1.5. */
  keepAlive: number;
}

export const termsOf = ({ properties = {} }: MqttPacket, keepAlive: number): Terms => ({
  room: properties.receiveMaximum ?? Number.POSITIVE_INFINITY,
  mostBytes: properties.maximumPacketSize ?? Number.POSITIVE_INFINITY,
  keepAlive: properties.serverKeepAlive || keepAlive,
});

/** Bad user name or password, not authorized; the latter of MQTT 5, too. */
const NOT_LET_IN = new Set([4, 5, 134, 135]);
export const FIRST_FAILURE = 128;

/** Why the CONNACK lets nobody in, or not as it must. */
export const whyRefused = (
  { returnCode, reasonCode, properties = {} }: MqttPacket,
  qos: 1 | 2,
): [status: number, why: string] | undefined => {
  const code = returnCode ?? reasonCode ?? 0;
  if (code !== 0) return [NOT_LET_IN.has(code) ? 401 : 503, `CONNACK ${code}`];
  return tooLittle(properties.maximumQoS ?? qos, qos);
};

/** Why the SUBACK grants nothing that could be judged. */
export const whyNotSubscribed = (
  { granted: [code = 0] = [] }: MqttPacket,
  qos: 1 | 2,
): [status: number, why: string] | undefined => {
  if (code < FIRST_FAILURE) return tooLittle(code, qos);
  return [NOT_LET_IN.has(code) ? 401 : 503, `SUBACK ${code}: it refuses the subscription`];
};

const tooLittle = (granted: number, qos: 1 | 2): [status: number, why: string] | undefined => {
  if (granted >= qos) return undefined;
  return [503, `it grants no more than QoS ${granted}${granted === 1 ? ': use --via "mqtt?qos=1"' : ''}`];
};
