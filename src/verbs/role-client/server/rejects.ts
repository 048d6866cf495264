import { Type } from '@sinclair/typebox';
import { duration } from '../../../../schemas/script-values.js';
import { defined } from '../../../defined.js';
import { durationMs, expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';
import { aim, aimFault } from './faults.js';

const YEAR_MS = 31_536_000_000;

export const rejects = defineVerb({
  name: 'rejects',
  example: 'rejects: msg:R',
  fields: {
    rejects: Type.Union([Type.Literal('msg:R'), Type.Literal('ack:R')]),
    ...aim,
    error: Type.String({ pattern: '^[a-z][a-z-]{1,40}$' }),
    retryAfterMs: Type.Optional(Type.Union([duration, Type.Integer({ minimum: 0, maximum: YEAR_MS })])),
  },
  does: 'Such a request is answered with `rejected`. The code need not be one that this version knows.',
  uses: ({ of }) => expandLabels(of),
  perform: (stage, action, place) => {
    const { timers } = stage.options;
    const retryAfterMs = action.retryAfterMs === undefined ? undefined : durationMs(action.retryAfterMs, timers);
    const error = { code: action.error, message: 'the script says so', ...defined({ retryAfterMs }) } as never;
    return aimFault(stage, place, action.rejects, action, 'reject', { do: 'reject', error });
  },
});
