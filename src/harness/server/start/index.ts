export { type StartOptions, startSubject } from './start-subject.js';
