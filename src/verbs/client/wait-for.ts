import type { DurationSpec } from '../../../schemas/index.js';
import type { Awaited, PacketWait } from '../../play/clients/await-packets.js';
import type { Stage } from '../../play/stage.js';
import { isTimed } from '../../script/index.js';

/** Until a timer of the subject has run out the kit can only wait; an answer it could have had at once. */
export const waitFor = (stage: Stage, wait: PacketWait, within: DurationSpec | undefined): Promise<Awaited> =>
  within !== undefined && isTimed(within) ? stage.mustWait(wait.run()) : wait.run();
