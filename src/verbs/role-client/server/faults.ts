import { type TProperties, Type } from '@sinclair/typebox';
import type { Fault } from '../../../../schemas/index.js';
import { messages, packetType } from '../../../../schemas/script-values.js';
import type { ServerStage } from '../../../play/server/index.js';
import type { Act } from '../../../play/server/rules.js';
import type { StepPlace } from '../../../play/step-outcome.js';
import { expandLabels } from '../../../script/index.js';
import { times, timesOf } from '../define.js';

/** What every fault that is aimed at a packet says. */
export const aim = { of: messages, times } as const satisfies TProperties;

export const aimedPacket = packetType;

interface Aimed {
  of: string | string[];
  times?: number | 'always';
}

/** Sets a fault up: it strikes when such a packet of one of these messages comes or goes. */
export const aimFault = (
  stage: ServerStage,
  place: StepPlace,
  packet: Parameters<ServerStage['rules']['take']>[0],
  { of, times: often }: Aimed,
  fault: Fault,
  act: Act,
): true => {
  stage.rules.add({ packet, labels: expandLabels(of), act, fault, place }, timesOf(often));
  return true;
};

/** How a connection ends: by RST, without a close frame, by falling silent, or with a close code. */
export const endHow = Type.Union([
  Type.Literal('reset'),
  Type.Literal('abruptly'),
  Type.Literal('silently'),
  Type.Integer({ minimum: 1000, maximum: 4999 }),
]);

export const faultOfEnd = (how: string | number): Fault =>
  how === 'reset' ? 'reset' : how === 'silently' ? 'silence' : how === 'abruptly' ? 'cut' : 'disconnect';
