// npx vitest run examples/embed/vitest.spec.js
import { registerConformance } from 'im-conformance';
import { afterAll, describe, test } from 'vitest';
import { options } from './subject.js';

registerConformance({ describe, test, after: afterAll }, options);
