export { claimedClasses, fetchDescription, type InvalidDescription, timersOf } from './description.js';
export { readDescriptionFile } from './description-file.js';
export { type Knock, knock } from './knock.js';
