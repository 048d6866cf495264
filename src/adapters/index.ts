export { Correspondence } from './correspondence.js';
export type {
  About,
  BroughtMsgA,
  BroughtPacket,
  Cannot,
  Dialect,
  Session,
  Who,
  Wire,
} from './dialect.js';
export { Translator, type TranslatorPorts } from './translator.js';
