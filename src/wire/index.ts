export {
  bodyBytes,
  type Decoded,
  type DecodeFailure,
  type DecodeOptions,
  decodeFrame,
  decodePacket,
  encodePacket,
  idsNamedIn,
  validatePacket,
} from './decode.js';
export { descriptionFaults } from './description.js';
export { lineOf, type SchemaError } from './explain.js';
export { errorFinder, type Validator, validator } from './validator.js';
export { isWellFormed, toWellFormed } from './well-formed.js';
