import type { AckR, MsgR } from '../../../schemas/index.js';

/**
 * What changes the state of a cluster. `place` names one connection of one life of one node.
 *
 * - `m`, `a`: a msg:R, an ack:R of a user and device.
 * - `c`, `g`: a device has connected, is gone.
 * - `s`: the node of the receiver finds that its sender must be told `stored`.
 * - `x`: messages whose time has come by the time of the entry expire.
 * - `p`: what was settled before a time is forgotten.
 */
export type Command =
  | ['m', user: string, device: string, packet: MsgR]
  | ['a', user: string, device: string, packet: AckR]
  | ['c', user: string, device: string, place: string]
  | ['g', user: string, device: string, place: string]
  | ['s', from: string, msgId: string]
  | ['x']
  | ['p', before: number];

/** One entry of the log: what one node had to say at one moment. */
export interface Entry {
  life: string;
  /** Of the clock of that node. */
  at: number;
  commands: Command[];
}

export const writeEntry = ({ life, at, commands }: Entry): string => JSON.stringify([life, at, commands]);

export const readEntry = (text: string): Entry => {
  const [life, at, commands] = JSON.parse(text) as [string, number, Command[]];
  return { life, at, commands };
};
