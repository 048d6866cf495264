export { connectSubject } from './connect-subject.js';
export { describeExit, outputOf } from './start-failure.js';
export { type StartOptions, startSubject } from './start-subject.js';
