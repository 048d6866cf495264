// node examples/embed/events.js
import { resultText, runConformance } from 'im-conformance';
import { options } from './subject.js';

const run = runConformance(options);
for await (const event of run) {
  if (event.type === 'started') console.log(`${event.total} scenarios, seed ${event.seed}`);
  if (event.type === 'scenario-finished' && event.result.verdict !== 'not-applicable')
    console.log(resultText(event.result));
}
process.exitCode = (await run.report).exitCode;
