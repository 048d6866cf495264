import { relative } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../src/package-root.js';

/** One member of an interface or a class, or one parameter. */
export interface ApiMember {
  name: string;
  type: string;
  text: string;
  optional: boolean;
}

/** One export of an entry of the package. */
export interface ApiEntry {
  name: string;
  kind: 'function' | 'class' | 'type' | 'constant';
  /** As TypeScript writes it. */
  code: string;
  text: string;
  example: string | undefined;
  members: ApiMember[];
  /** The schema that a type is made from: its name. */
  schema: string | undefined;
}

export interface ApiModel {
  entries: ApiEntry[];
  /** What is missing before strangers can read it: one line each. */
  problems: string[];
}

const FLAGS = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseSingleQuotesForStringLiteralType;

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** The compiler with all files that the entries reach. Their types are known; nothing is checked. */
export const compilerOf = (files: readonly string[]): ts.Program => {
  const { config } = ts.readConfigFile(`${packageRoot}/tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [...files] }, ts.sys, packageRoot);
  return ts.createProgram([...files], { ...options, noEmit: true });
};

const docOf = (symbol: ts.Symbol, checker: ts.TypeChecker): string =>
  ts.displayPartsToString(symbol.getDocumentationComment(checker));

const hasTag = (symbol: ts.Symbol, name: string): boolean => symbol.getJsDocTags().some((tag) => tag.name === name);

const exampleOf = (symbol: ts.Symbol): string | undefined => {
  const tag = symbol.getJsDocTags().find(({ name }) => name === 'example');
  return tag === undefined ? undefined : ts.displayPartsToString(tag.text).trim();
};

/** `X` of `Static<typeof XSchema>`. */
const schemaOf = (node: ts.Declaration): string | undefined =>
  ts.isTypeAliasDeclaration(node) ? /^Static<typeof (\w+)>$/.exec(node.type.getText())?.[1] : undefined;

const isPrivate = (node: ts.Node): boolean =>
  (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)) ===
    true ||
  (ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name));

/** The type as it is written, where it is; else as the compiler sees it. */
const typeText = (symbol: ts.Symbol, node: ts.Declaration, checker: ts.TypeChecker): string => {
  const written = (ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) && node.type?.getText();
  const text = written || checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, node), node, FLAGS);
  return oneLine(text).replace(/ \| undefined$/, '');
};

const membersOf = (symbol: ts.Symbol, checker: ts.TypeChecker): [ApiMember, ts.Symbol, ts.Declaration][] =>
  [...(symbol.members?.values() ?? [])].flatMap((member) => {
    const [node] = member.declarations ?? [];
    const shown = node !== undefined && !isPrivate(node) && !hasTag(member, 'internal');
    if (!shown || ts.isConstructorDeclaration(node) || ts.isTypeParameterDeclaration(node)) return [];
    const optional = (member.flags & ts.SymbolFlags.Optional) !== 0;
    const name = member.name.startsWith('__@') ? `[Symbol.${/__@(\w+?)@/.exec(member.name)?.[1]}]` : member.name;
    const text = docOf(member, checker);
    const shape = { name, optional, type: typeText(member, node, checker), text: oneLine(text) };
    const row: [ApiMember, ts.Symbol, ts.Declaration] = [shape, member, node];
    return [row];
  });

const signatureOf = (symbol: ts.Symbol, node: ts.Declaration, checker: ts.TypeChecker): string => {
  const [signature] = checker.getSignaturesOfType(
    checker.getTypeOfSymbolAtLocation(symbol, node),
    ts.SignatureKind.Call,
  );
  return signature === undefined ? '' : checker.signatureToString(signature, node, FLAGS);
};

/** The head of a declaration: members have a table of their own. */
const headOf = (node: ts.InterfaceDeclaration | ts.ClassDeclaration): string => {
  const word = ts.isClassDeclaration(node) ? 'class' : 'interface';
  const parameters = node.typeParameters?.map((one) => one.getText()).join(', ');
  const heritage = node.heritageClauses?.map((one) => ` ${one.getText()}`).join('') ?? '';
  return `${word} ${node.name?.text}${parameters === undefined ? '' : `<${parameters}>`}${heritage}`;
};

const codeOf = (symbol: ts.Symbol, node: ts.Declaration, checker: ts.TypeChecker): [ApiEntry['kind'], string] => {
  const { name } = symbol;
  if (ts.isClassDeclaration(node)) return ['class', headOf(node)];
  if (ts.isInterfaceDeclaration(node)) return ['type', headOf(node)];
  if (ts.isTypeAliasDeclaration(node)) {
    if (schemaOf(node) !== undefined) return ['type', `type ${name} = object`];
    const parameters = node.typeParameters?.map((one) => one.getText()).join(', ');
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    // What is computed from a list is only readable when it is written out.
    const written = /typeof|\[K in/.test(node.type.getText())
      ? checker.typeToString(type, node, FLAGS | ts.TypeFormatFlags.InTypeAlias)
      : oneLine(node.type.getText()).replace(/^\| /, '');
    return ['type', `type ${name}${parameters === undefined ? '' : `<${parameters}>`} = ${written}`];
  }
  const call = signatureOf(symbol, node, checker);
  if (call !== '') return ['function', `${name}${call}`];
  const type = checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, node), node, FLAGS);
  return ['constant', `const ${name}: ${type}`];
};

/** Types of the project that a declaration names, so that a stranger can look them up. */
const namedIn = (node: ts.Node, checker: ts.TypeChecker): ts.Symbol[] => {
  const found: ts.Symbol[] = [];
  const visit = (one: ts.Node): void => {
    if (ts.isBlock(one) || isPrivate(one) || ts.isConstructorDeclaration(one)) return;
    const named = ts.isTypeReferenceNode(one) ? checker.getSymbolAtLocation(one.typeName) : undefined;
    if (named !== undefined) {
      found.push((named.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(named) : named);
    }
    ts.forEachChild(one, visit);
  };
  visit(node);
  return found;
};

const isOurs = (symbol: ts.Symbol): boolean => {
  const [node] = symbol.declarations ?? [];
  const file = node && relative(packageRoot, node.getSourceFile().fileName);
  return file !== undefined && !file.includes('node_modules') && !ts.isTypeParameterDeclaration(node as ts.Node);
};

/** What an entry of the package exports, and what keeps a stranger from understanding it. */
export const apiOf = (program: ts.Program, file: string): ApiModel => {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is no module`);
  const exported = checker
    .getExportsOfModule(module)
    .map((symbol) => ((symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol));
  const entries: ApiEntry[] = [];
  const problems = new Set<string>();
  for (const symbol of exported) {
    const [node] = symbol.declarations ?? [];
    if (node === undefined) continue;
    const [kind, code] = codeOf(symbol, node, checker);
    const schema = schemaOf(node);
    const isShape = ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node);
    const members = isShape ? membersOf(symbol, checker) : [];
    const text = docOf(symbol, checker);
    if (text === '') problems.add(`${symbol.name} has no docstring`);
    for (const [{ name, text: about }] of members)
      if (about === '') problems.add(`${symbol.name}.${name} has no docstring`);
    const declared = isShape ? members.map(([, , member]) => member) : schema === undefined ? [node] : [];
    for (const named of declared.flatMap((one) => namedIn(one, checker))) {
      if (isOurs(named) && !exported.includes(named))
        problems.add(`${symbol.name} names ${named.name}, which is not exported`);
    }
    const shown = members.map(([member]) => member);
    entries.push({ name: symbol.name, kind, code, text, example: exampleOf(symbol), members: shown, schema });
  }
  return { entries, problems: [...problems] };
};
