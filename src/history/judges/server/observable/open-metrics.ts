/** What a page says: type of each family, value of each sample. Samples are named `name` or `name{a="b"}`, labels sorted. */
export interface MetricsPage {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: ReadonlyMap<string, number>;
}

/** Endings of the sample names of a family, by its type. */
const SUFFIXES: Record<string, readonly string[]> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
  summary: ['', '_sum', '_count', '_created'],
  info: ['_info'],
  stateset: [''],
  unknown: [''],
};

const METADATA = /^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*?)\})? (\S+)(?: (\S+))?(?: # \{.*\} .+)?$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[Ii]nf(?:inity)?|[Nn]a[Nn])$/;

const numberOf = (text: string): number =>
  /inf/i.test(text) ? (text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : Number(text);

/** Reads an OpenMetrics 1.0 text page. A string tells why it is none, with the number of the line. */
export const parseOpenMetrics = (text: string): MetricsPage | string => {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const end = lines.indexOf('# EOF');
  if (end < 0) return 'the last line is not # EOF';
  if (end !== lines.length - 1) return `line ${end + 2}: something follows # EOF`;
  const reader = new PageReader();
  for (const [i, line] of lines.slice(0, end).entries()) {
    const problem = reader.read(line);
    if (problem !== undefined) return `line ${i + 1}: ${problem}`;
  }
  return reader;
};

class PageReader implements MetricsPage {
  readonly types = new Map<string, string>();
  readonly samples = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly #told = new Set<string>();
  #family = '';

  read(line: string): string | undefined {
    if (line === '') return 'an empty line';
    return line.startsWith('#') ? this.#metadata(line) : this.#sample(line);
  }

  /** All lines of one family stand together. */
  #enter(family: string): string | undefined {
    if (family === this.#family) return undefined;
    if (this.#seen.has(family)) return `the lines of ${family} do not stand together`;
    this.#seen.add(family);
    this.#family = family;
    return undefined;
  }

  #metadata(line: string): string | undefined {
    const [, keyword, family, rest] = METADATA.exec(line) ?? [];
    if (keyword === undefined || family === undefined || rest === undefined)
      return 'neither TYPE, HELP, UNIT nor # EOF';
    const scattered = this.#enter(family);
    if (scattered !== undefined) return scattered;
    if (this.#told.has(`${keyword} ${family}`)) return `a second ${keyword} of ${family}`;
    this.#told.add(`${keyword} ${family}`);
    if (keyword === 'UNIT' && rest !== '' && !family.endsWith(`_${rest}`))
      return `${family} does not end in its unit ${rest}`;
    if (keyword !== 'TYPE') return undefined;
    if (SUFFIXES[rest] === undefined) return `unknown type ${rest}`;
    this.types.set(family, rest);
    return undefined;
  }

  #sample(line: string): string | undefined {
    const [, name, labels, text, time] = SAMPLE.exec(line) ?? [];
    if (name === undefined || text === undefined) return 'neither a comment nor a sample';
    if (!NUMBER.test(text)) return `${text} is no number`;
    if (time !== undefined && !NUMBER.test(time)) return `${time} is no timestamp`;
    if (!this.#belongs(name)) {
      const scattered = this.#enter(name);
      if (scattered !== undefined) return scattered;
    }
    const pairs = labels === undefined ? [] : labelsOf(labels);
    if (pairs === undefined) return `the labels {${labels}} cannot be read`;
    const key = pairs.length === 0 ? name : `${name}{${pairs.sort().join(',')}}`;
    if (this.samples.has(key)) return `a second sample of ${key}`;
    const value = numberOf(text);
    if (this.types.get(this.#family) === 'counter' && !(value >= 0)) return `the counter ${key} is ${text}`;
    this.samples.set(key, value);
    return undefined;
  }

  #belongs(name: string): boolean {
    const suffixes = SUFFIXES[this.types.get(this.#family) ?? 'unknown'] ?? [];
    return this.#family !== '' && suffixes.some((suffix) => name === this.#family + suffix);
  }
}

const labelsOf = (text: string): string[] | undefined => {
  const pairs: string[] = [];
  let rest = text;
  while (rest !== '') {
    const label = LABEL.exec(rest);
    if (label === null) return undefined;
    const value = `${label[2]}`;
    pairs.push(`${label[1]}="${label[1] === 'le' ? numberOf(value) : value}"`);
    rest = rest.slice(label[0].length);
  }
  return pairs;
};
