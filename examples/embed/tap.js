// npx tap --disable-coverage --timeout=0 examples/embed/tap.js
import { registerConformance } from 'im-conformance';
import t from 'tap';
import { options } from './subject.js';

registerConformance({ test: (name, body) => t.test(name, body), after: (body) => t.teardown(body) }, options);
