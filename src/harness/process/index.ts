export { connectSubject } from './connect-subject.js';
export { type StartOptions, startSubject } from './start-subject.js';
