import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judge, readHistory } from '../src/history/index.js';
import { packageRoot } from '../src/package-root.js';
import { diagramOf, svgDiagram } from '../src/report/diagram/index.js';

/** The picture of a failure in the README. */
export const pictureFile: string = join(packageRoot, 'docs', 'lost-in-a-kill.svg');

const HISTORY = join(packageRoot, 'conformance', 'histories', 'bad-lost-in-a-kill.ndjson');

/** The picture as it is, and as a report draws this history today. */
export const renewedPicture = (): { before: string; after: string } => {
  const events = [...readHistory(HISTORY)];
  const [violation] = judge(events).findings;
  return {
    before: readFileSync(pictureFile, 'utf8'),
    after: svgDiagram(diagramOf(events, violation === undefined ? {} : { violation })),
  };
};
