/** Lines of prose are no longer than this: two versions of a file then fit beside each other. */
export const PROSE_WIDTH = 100;

/** Code in backticks stays on one line as long as it is no longer than this: it can be copied, and found by a search. */
const MAX_CODE = 80;

/** What stands in a Markdown file and is not prose: headings, tables, quotations, comments, definitions of links. */
const NO_PROSE = /^\s*(#|\||>|<|\[[^\]]*\]:|---)/;
const FENCE = /^\s*(```|~~~)/;
/** The beginning of an item of a list, or of the reason that follows a requirement. */
const ITEM = /^(\s*)([-*+] |\d+\. )/;
const REASON = /^ {2}\*Why:\* /;
/** A word that would begin something else if it stood first on its line. */
const STARTS_BLOCK = /^([-+*>#|]|\d+\.|```)/;

/** Words and short pieces of code, none of which is to be broken. */
const piecesOf = (text: string): string[] => {
  const pieces = text.match(/(?:`[^`]*`|[^\s`]|`)+/g) ?? [];
  return pieces.flatMap((piece) => (piece.length > MAX_CODE ? piece.split(/\s+/) : [piece]));
};

/** Fills lines of at most `width` characters: the first begins with `first`, the others with `rest`. */
export const fill = (text: string, first: string, rest: string, width = PROSE_WIDTH): string[] => {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const piece of piecesOf(text)) {
    const fits = line.length + (empty ? 0 : 1) + piece.length <= width;
    if (empty || fits || STARTS_BLOCK.test(piece)) line += (empty ? '' : ' ') + piece;
    else {
      lines.push(line);
      line = rest + piece;
    }
    empty = false;
  }
  return [...lines, line];
};

interface Block {
  lines: string[];
  /** Prose that may be filled anew. */
  prose: boolean;
}

const isOpen = (block: Block | undefined): block is Block => block?.prose === true && block.lines.at(-1) !== '';

/** Paragraphs and items of lists, and between them all that stays as it is. */
const blocksOf = (text: string): Block[] => {
  const blocks: Block[] = [];
  let fenced = false;
  for (const line of text.split('\n')) {
    const isFence = FENCE.test(line);
    const kept = fenced || isFence || NO_PROSE.test(line) || line.trim() === '' || /^ {4,}\S/.test(line);
    if (isFence) fenced = !fenced;
    const last = blocks.at(-1);
    if (kept) blocks.push({ lines: [line], prose: false });
    else if (isOpen(last) && !ITEM.test(line) && !REASON.test(line)) last.lines.push(line);
    else blocks.push({ lines: [line], prose: true });
  }
  return blocks;
};

const fillBlock = ({ lines, prose }: Block): string[] => {
  if (!prose || lines.every((line) => line.length <= PROSE_WIDTH)) return lines;
  const [first = ''] = lines;
  const marker = ITEM.exec(first)?.[0] ?? /^\s*/.exec(first)?.[0] ?? '';
  const text = [first.slice(marker.length), ...lines.slice(1)].map((line) => line.trim()).join(' ');
  return fill(text, marker, ' '.repeat(marker.length));
};

/** A Markdown file whose long lines of prose are broken; every other line stays as it is. */
export const wrapMarkdown = (text: string): string => blocksOf(text).flatMap(fillBlock).join('\n');

/** Members of YAML files that hold sentences for people. */
const SENTENCES = 'about|because|why|fault|subtle|differs|text|reason|sentence|unobserved|scenario|description';
const MEMBER = new RegExp(`^(\\s*(?:- )?)(${SENTENCES}): (.*)$`);
const FOLDED = new RegExp(`^(\\s*(?:- )?)(${SENTENCES}): >-?$`);

/** A plain text that YAML reads as it stands. */
const isPlain = (text: string): boolean => !/^['"[{|>&*!%@`]|: | #/.test(text);

/** A YAML file whose long sentences are folded blocks; what is quoted or of another kind stays as it is. */
export const wrapYaml = (text: string): string => {
  const result: string[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] as string;
    const folded = FOLDED.exec(line);
    const indent = ' '.repeat((/^\s*(?:- )?/.exec(line)?.[0].length ?? 0) + 2);
    if (folded !== null) {
      const block: string[] = [];
      while (lines[i + 1]?.startsWith(indent) && lines[i + 1]?.trim() !== '') block.push(lines[++i] as string);
      const long = block.some((one) => one.length > PROSE_WIDTH);
      const plain = block.every((one) => one.startsWith(indent) && one[indent.length] !== ' ');
      result.push(line, ...(long && plain ? fill(block.map((one) => one.trim()).join(' '), indent, indent) : block));
      continue;
    }
    const [, before = '', name = '', sentence = ''] = MEMBER.exec(line) ?? [];
    const wraps = line.length > PROSE_WIDTH && sentence !== '' && isPlain(sentence);
    const goesOn = lines[i + 1]?.startsWith(indent) === true && lines[i + 1]?.trim() !== '';
    if (wraps && !goesOn) result.push(`${before}${name}: >-`, ...fill(sentence, indent, indent));
    else result.push(line);
  }
  return result.join('\n');
};

export interface Paragraph {
  /** Number of its first line, from 1. */
  line: number;
  text: string;
}

/** Markdown as whole paragraphs, items of lists and other lines, for those who look for sentences in it. */
export const paragraphsOf = (text: string): Paragraph[] => {
  let line = 1;
  return blocksOf(text).map(({ lines }) => {
    const paragraph = { line, text: lines.map((one, i) => (i === 0 ? one : one.trim())).join(' ') };
    line += lines.length;
    return paragraph;
  });
};
