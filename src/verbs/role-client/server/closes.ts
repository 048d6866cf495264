import { recordFault, recordUnreached } from '../../../play/step-outcome.js';
import { defineVerb } from '../define.js';
import { endHow, faultOfEnd } from './faults.js';

export const closes = defineVerb({
  name: 'closes',
  example: 'closes: 1001',
  fields: { closes: endHow },
  does: 'Ends the connection of the client now.',
  perform: (stage, action, place) => {
    const { link } = stage;
    if (link === undefined) return recordUnreached(stage, place, 'the client is connected', 'it is not');
    const how = action.closes;
    link.end(how);
    stage.arrivals.dropConnections();
    recordFault(stage, place, faultOfEnd(how), true);
    return true;
  },
});
