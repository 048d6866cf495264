import { createRequire } from 'node:module';
import { join } from 'node:path';
import { KitError } from '../../errors.js';

/** A packet of MQTT, as far as the kit writes and reads it. */
export interface MqttPacket {
  cmd: string;
  messageId?: number;
  topic?: string;
  payload?: string | Uint8Array;
  qos?: number;
  dup?: boolean;
  retain?: boolean;
  returnCode?: number;
  reasonCode?: number;
  sessionPresent?: boolean;
  /** Of a SUBACK: the QoS of each subscription, or why there is none. */
  granted?: number[];
  properties?: {
    receiveMaximum?: number;
    maximumPacketSize?: number;
    maximumQoS?: number;
    serverKeepAlive?: number;
    reasonString?: string;
    sessionExpiryInterval?: number;
  };
  [other: string]: unknown;
}

interface Parser {
  on(event: 'packet', listener: (packet: MqttPacket) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  parse(data: Uint8Array): number;
}

/** The part of the package mqtt-packet that the kit uses. */
export interface MqttCodec {
  parser(options: { protocolVersion: number }): Parser;
  generate(packet: object, options: { protocolVersion: number }): Uint8Array;
}

/** Imported from the folder of the caller, not from the installation of the kit. Throws a usage KitError where it is missing. */
export const loadMqttCodec = (folder = process.cwd()): MqttCodec => {
  try {
    return createRequire(join(folder, 'package.json'))('mqtt-packet') as MqttCodec;
  } catch (cause) {
    throw new KitError('usage', '--via mqtt needs the package mqtt-packet', 'Run: npm install --save-dev mqtt-packet', {
      cause,
    });
  }
};
