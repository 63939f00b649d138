import { join } from "node:path";
import {
  API,
  type Checker,
  type Symbol as Named,
  SignatureKind,
  type Type,
} from "typescript/unstable/sync";
import { root } from "../package-manifest.js";

/** The doors that apps import from; the root re-exports all others. */
const DOORS = [
  "src/index.ts",
  "src/testing/index.ts",
  "src/authorization/cedar/index.ts",
  "src/authorization/opa-wasm/index.ts",
  "src/rate-limit/express-rate-limit/index.ts",
  "src/server/index.ts",
];
/** Doors whose names others have as well. */
const PREFIXES: Readonly<Record<string, string>> = {
  "src/rate-limit/express-rate-limit/index.ts": "express-rate-limit: ",
};

/**
 * Every place where a public function of the library takes a function of the app, as the types of the sources have it:
 * `rateLimit.policies.key`, `rateLimit.store.refund`, or `principalFrom` for a parameter. Entries of lists stand for all.
 */
export function functionOptions(): readonly string[] {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProject: join(root, "tsconfig.json") });
    const [project] = snapshot.getProjects();
    if (project === undefined) throw new Error("the compiler has not opened the project");
    const { checker, program } = project;
    const found = new Set<string>();
    for (const door of DOORS) {
      const file = program.getSourceFile(join(root, door));
      const module = file && checker.getSymbolAtLocation(file);
      for (const symbol of module ? checker.getExportsOfModule(module) : []) {
        const target = checker.getAliasedSymbol(symbol);
        // What is exported by default has a name as well.
        if (target.valueDeclaration === undefined || symbol.name === "default") continue;
        const name = `${PREFIXES[door] ?? ""}${symbol.name}`;
        addTaken(checker, checker.getTypeOfSymbol(target), name, found);
      }
    }
    return [...found].sort();
  } finally {
    api.close();
  }
}

/** Adds what a function takes, and what the functions on it take, such as `principalFrom.header`. */
function addTaken(
  checker: Checker,
  type: Type | undefined,
  name: string,
  found: Set<string>,
): void {
  if (type === undefined) return;
  for (const signature of checker.getSignaturesOfType(type, SignatureKind.Call)) {
    for (const parameter of signature.getParameters())
      addFunctions(checker, checker.getTypeOfSymbol(parameter), name, found, new Set());
  }
  for (const member of checker.getPropertiesOfType(type)) {
    if (isOurs(member))
      addTaken(checker, checker.getTypeOfSymbol(member), `${name}.${member.name}`, found);
  }
}

function addFunctions(
  checker: Checker,
  type: Type | undefined,
  path: string,
  found: Set<string>,
  above: ReadonlySet<number>,
): void {
  if (type === undefined || above.has(type.id)) return;
  const within = new Set([...above, type.id]);
  if (type.isUnionType() || type.isIntersectionType()) {
    for (const part of type.getTypes()) addFunctions(checker, part, path, found, within);
  } else if (checker.isArrayType(type) || checker.isTupleType(type)) {
    for (const item of checker.getTypeArguments(type as never))
      addFunctions(checker, item, path, found, within);
  } else if (checker.getSignaturesOfType(type, SignatureKind.Call).length > 0) {
    found.add(path);
  } else if (type.isTypeParameter()) {
    addFunctions(checker, checker.getBaseConstraintOfType(type), path, found, within);
  } else {
    for (const member of checker.getPropertiesOfType(type)) {
      if (isOurs(member))
        addFunctions(
          checker,
          checker.getTypeOfSymbol(member),
          `${path}.${member.name}`,
          found,
          within,
        );
    }
  }
}

/** Whether the member is declared in the sources, not by Node.js or a package. Symbols name what apps do not make. */
function isOurs(member: Named): boolean {
  if (member.name.startsWith("__@")) return false;
  return member.declarations?.some(({ path }) => path.startsWith(join(root, "src"))) === true;
}
