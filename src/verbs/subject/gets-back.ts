import type { Resource } from '../../../schemas/index.js';
import { resource } from '../../../schemas/script-values.js';
import { recordFault } from '../../play/step-outcome.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';

export const getsBack = defineSubjectVerb({
  name: 'getsBack',
  example: 'getsBack: disk',
  fields: { getsBack: resource },
  does: 'Gives back what `runsOutOf` took. The fault has fired if meanwhile the server refused a request or a connection, closed one, or ended.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: () => ({ control: true, limits: true }),
  fills: [],
  verbatim: [],
  perform: (stage, { getsBack }) => {
    const taken = stage.shortage.end();
    stage.record({ kind: 'subject', event: 'supplied', resource: getsBack as Resource });
    if (taken) recordFault(stage, { path: taken.step, text: '' }, 'shortage', taken.felt, { detail: taken.resource });
    return true;
  },
});
