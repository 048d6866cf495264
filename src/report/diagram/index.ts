export { diagramOf } from './diagram-of.js';
export type { Diagram, DiagramOptions, Row, ShownViolation } from './model.js';
export { type SvgOptions, svgDiagram } from './svg.js';
export { SVG_STYLE } from './svg-style.js';
export { type TextOptions, textDiagram } from './text.js';
