import t from 'tap';
import { DescriptionSchema } from '../../schemas/index.js';
import { descriptionFaults } from './description.js';
import { validator } from './validator.js';

const GOOD = { protocol: 'im.ran.v1', classes: ['core'], nodes: ['ws://a/'], timers: { answerWithinMs: 5_000 } };

t.test('the validator that was compiled beforehand says the same as one that is compiled now', async (t) => {
  const bad: unknown[] = [
    7,
    null,
    [],
    {},
    { ...GOOD, protocol: 'im.ran.v2' },
    { ...GOOD, classes: ['core', 'core'] },
    { ...GOOD, classes: ['kore'] },
    { ...GOOD, nodes: ['not a url'] },
    { ...GOOD, timers: { answerWithinMs: 0, redeliverAfterMs: 'soon' } },
    { ...GOOD, limits: { bodyBytes: -1 } },
  ];
  const compiledNow = validator(DescriptionSchema);
  t.same(descriptionFaults(GOOD), []);
  t.same(compiledNow(GOOD), []);
  for (const value of bad) {
    const faults = descriptionFaults(value);
    t.same(faults, compiledNow(value), JSON.stringify(value));
  }
  t.ok(descriptionFaults({ ...GOOD, nodes: ['not a url'] }).length > 0);
});
