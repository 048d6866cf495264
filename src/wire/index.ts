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
export { type Validator, validator } from './validator.js';
export { isWellFormed } from './well-formed.js';
