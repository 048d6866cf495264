export { NetworkMeter, speedOf, type Tried } from './network-meter.js';
export { Sentinel } from './sentinel.js';
