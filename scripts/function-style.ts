import ts from 'typescript';

/** Generators and functions with overloads have no other form, and an assertion must be declared to be seen by the compiler. */
const needsDeclaration = (node: ts.FunctionDeclaration, names: ReadonlySet<string>): boolean =>
  node.asteriskToken !== undefined ||
  node.body === undefined ||
  (node.name !== undefined && names.has(node.name.text)) ||
  (node.type !== undefined && ts.isTypePredicateNode(node.type) && node.type.assertsModifier !== undefined);

/** One style of functions: every `function` that an arrow function could be, a line each. */
export const checkFunctionStyle = (file: string, source: ts.SourceFile): string[] => {
  const faults: string[] = [];
  const overloaded = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node)) {
      if (node.body === undefined && node.name !== undefined) overloaded.add(node.name.text);
      if (!needsDeclaration(node, overloaded)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        const name = node.name?.text ?? 'default';
        faults.push(`${file}:${line + 1}: function ${name} is a declaration. Write const ${name} = (...) => ...`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
};
