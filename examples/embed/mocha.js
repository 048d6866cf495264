// npx mocha examples/embed/mocha.js
import { registerConformance } from 'im-conformance';
import { after, describe, it } from 'mocha';
import { options } from './subject.js';

registerConformance({ describe, test: it, after }, options);
