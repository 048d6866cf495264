// node --test examples/embed/node-test.js
import { after, describe, test } from 'node:test';
import { registerConformance } from 'im-conformance';
import { options } from './subject.js';

registerConformance({ describe, test, after }, options);
