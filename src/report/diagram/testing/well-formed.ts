/** Characters that XML 1.0 forbids, even as a reference. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const TAG = /^<(\/?)([A-Za-z][\w:.-]*)((?:\s+[A-Za-z_][\w:.-]*="[^"<]*")*)\s*(\/?)>/;
const REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);)/;

/** Why text is no well-formed XML of elements, attributes and text; nothing else is used by the diagrams. */
export const xmlFaults = (xml: string): string[] => {
  const faults: string[] = [];
  const open: string[] = [];
  if (FORBIDDEN.test(xml)) faults.push('a character that XML forbids');
  if (REFERENCE.test(xml)) faults.push('a bare ampersand');
  for (const part of xml.trim().split(/(?=<)/)) {
    const [whole, end, name = '', attributes = '', empty] = TAG.exec(part) ?? [];
    if (whole === undefined) return [...faults, `no tag: ${part.slice(0, 60)}`];
    const names = [...attributes.matchAll(/([\w:.-]+)="/g)].map(([, attribute]) => attribute);
    if (new Set(names).size < names.length) faults.push(`an attribute twice: ${whole}`);
    if (end === '/' && open.pop() !== name) faults.push(`</${name}> closes something else`);
    if (end === '' && empty === '') open.push(name);
    if (open.length === 0 && part !== whole) faults.push('text after the end');
  }
  return open.length > 0 ? [...faults, `not closed: ${open.join()}`] : faults;
};
