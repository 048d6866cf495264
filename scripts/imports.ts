import { posix } from 'node:path';
import ts from 'typescript';

export interface Import {
  /** As it is written: `../errors.js`, `node:fs`. */
  readonly name: string;
  /** From 1. */
  readonly line: number;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
  /** Loaded only when it is called for: `import()`. */
  readonly deferred: boolean;
}

/** What a source file imports or passes on, in its order. */
export const importsOf = (source: ts.SourceFile): Import[] => {
  const imports: Import[] = [];
  const add = (node: ts.Node, name: ts.Expression | undefined, kind: { typeOnly: boolean; deferred: boolean }) => {
    if (name === undefined || !ts.isStringLiteralLike(name)) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    imports.push({ name: name.text, line: line + 1, ...kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      add(node, node.moduleSpecifier, { typeOnly, deferred: false });
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, { typeOnly: node.isTypeOnly, deferred: false });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], { typeOnly: false, deferred: true });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal as ts.Expression, { typeOnly: true, deferred: true });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return imports;
};

/** The file that a relative import means, as a path below the root; undefined for a package. */
export const targetOf = (file: string, name: string): string | undefined =>
  name.startsWith('.') ? posix.join(posix.dirname(file), name) : undefined;

/** `ajv` of `ajv/dist/2020.js`, `@a/b` of `@a/b/c`. */
export const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
