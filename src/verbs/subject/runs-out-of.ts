import type { Resource } from '../../../schemas/index.js';
import { resource } from '../../../schemas/script-values.js';
import { controlOf } from '../../play/subject-control.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';

export const runsOutOf = defineSubjectVerb({
  name: 'runsOutOf',
  example: 'runsOutOf: disk',
  fields: { runsOutOf: resource },
  does: 'The process gets no more of it than it has: no file of it grows, as on a full disk (a write in progress is torn), or it can open no further file and connection. What it then does proves nothing: it may refuse, close or end, until `getsBack`. It needs prlimit (Debian: util-linux).',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: () => ({ control: true, limits: true }),
  fills: [],
  verbatim: [],
  perform: (stage, { runsOutOf }, place) => {
    const what = runsOutOf as Resource;
    stage.shortage.begin(what, place.path, controlOf(stage).take(what));
    stage.record({ kind: 'subject', event: 'short', resource: what });
    return true;
  },
});
