import { CLOSE, type HistoryEventOf } from '../../../../../schemas/index.js';
import type { Connection } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import type { CloseCause } from '../../judge.js';

/** A close so soon after the namesake connected is its consequence. */
const CONSEQUENCE_WITHIN_MS = 5_000;

/** A connection was replaced by that of another user, whose device has the same name. */
export const namesakeCause = (
  facts: Facts,
  connection: Connection,
  event: HistoryEventOf<'closed'>,
): CloseCause | undefined => {
  if (event.code !== CLOSE.replaced) return undefined;
  const namesake = [...facts.connections.values()].find(
    (other) =>
      other.device.name === connection.device.name &&
      other.device.user !== connection.device.user &&
      other.serial > connection.serial &&
      other.openingAt <= event.at &&
      event.at - other.openingAt <= CONSEQUENCE_WITHIN_MS,
  );
  if (namesake === undefined) return undefined;
  const because = `: as replaced, when ${namesake.client}, another user, connected a device of the same name`;
  return { requirement: 'IM-1-24', because };
};
