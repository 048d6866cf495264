/**
 * A text of exactly that many bytes, all ASCII, which begins with `name`. No two places in it look alike, so a piece that
 * is lost, doubled or exchanged shows.
 */
export const longText = (name: string, bytes: number): string => {
  const parts = [name];
  let length = name.length;
  for (let n = 1; length < bytes; n++) {
    const part = `.${n}`;
    parts.push(part);
    length += part.length;
  }
  return parts.join('').slice(0, bytes);
};
