import fc from 'fast-check';
import t from 'tap';
import { DEFECTS, type Defect, simulate } from '../../bench/simulated-history.js';
import { judge, verdictOf } from './index.js';

t.test('a right server is never blamed, whatever happens to the links', (t) => {
  const run = fc.record({
    seed: fc.integer(),
    users: fc.integer({ min: 1, max: 6 }),
    messages: fc.integer({ min: 1, max: 60 }),
    faults: fc.constantFrom(0, 0.05, 0.3, 0.6),
    kills: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(run, (options) => {
      const judgement = judge(simulate(options).events);
      const { findings, undecided } = judgement;
      if (verdictOf(judgement) !== 'passed') throw new Error(JSON.stringify({ findings, undecided }, null, 2));
    }),
    { numRuns: 400 },
  );
  t.end();
});

for (const defect of Object.keys(DEFECTS) as Defect[]) {
  if (defect === 'none') continue;
  t.test(`a server with the defect ${defect} is blamed for it`, (t) => {
    let caught = 0;
    let struck = 0;
    const others = new Map<string, number>();
    for (let seed = 1; seed <= 60; seed += 1) {
      const { events, struck: times } = simulate({ seed, defect, faults: 0.3, kills: seed % 2 });
      if (times === 0) continue;
      struck += 1;
      const { findings } = judge(events);
      const expected: readonly string[] = DEFECTS[defect];
      if (findings.some((finding) => expected.includes(finding.requirement))) caught += 1;
      for (const f of findings)
        if (!expected.includes(f.requirement)) others.set(f.requirement, (others.get(f.requirement) ?? 0) + 1);
    }
    t.comment(`${defect}: struck ${struck}, caught ${caught}, others ${JSON.stringify([...others])}`);
    t.ok(caught > 0);
    t.end();
  });
}
