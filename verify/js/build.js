// Builds verify/index.html, one file that needs no other: the page, its style, and each module of the
// verifier and of noble as readable text. A loader of a few lines makes modules of them; no bundler.
//
//   node build.js          writes the page
//   node build.js --check  exits 1 when the page that is there is another

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const PAGE = join(HERE, "..", "index.html");
const START = "page/page.js";
const IMPORT = /^((?:import|export)\s+(?:\*(?:\s+as\s+\w+)?|\{[^}]*\}|\w+)\s+from\s+)["']([^"']+)["']/gm;

// name → text, in an order in which each stands after those that it imports.
function modules() {
  const found = new Map();
  const open = new Set();
  const visit = (name) => {
    if (found.has(name)) return;
    if (open.has(name)) throw new Error(`${name} imports itself`);
    open.add(name);
    const text = readFileSync(join(HERE, name), "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");
    const linked = text.replace(IMPORT, (_, start, wanted) => {
      const target = resolve(wanted, name);
      visit(target);
      return `${start}"module:${target}"`;
    });
    if (/^(?:import|export)\b[^\n]*\sfrom\s+["'](?!module:)|^import\s*["'(]/m.test(linked)) throw new Error(`an import of ${name} was not understood`);
    if (/<\/script|<!--/i.test(linked)) throw new Error(`${name} would end its script`);
    found.set(name, linked.trim());
  };
  visit(START);
  return found;
}

// noble's licence asks to go where its code goes.
function licences() {
  return ["hashes", "curves"]
    .map((name) => `@noble/${name}\n\n${readFileSync(join(HERE, "node_modules/@noble", name, "LICENSE"), "utf8").trim()}`)
    .join("\n\n");
}

function resolve(wanted, from) {
  if (wanted.startsWith(".")) return normalize(join(dirname(from), wanted)).replaceAll("\\", "/");
  const [scope, name, ...rest] = wanted.split("/");
  return ["node_modules", scope, name, "esm", rest.join("/").replace(/(\.js)?$/, ".js")].join("/");
}

function page() {
  const read = (name) => readFileSync(join(HERE, "page", name), "utf8");
  const loader = read("loader.js");
  const digest = createHash("sha256").update(loader).digest("base64");
  // The page may run what stands in it, and reach nothing.
  const policy = [
    "default-src 'none'", `script-src 'sha256-${digest}' blob:`, "style-src 'unsafe-inline'", "img-src data:",
    "base-uri 'none'", "form-action 'none'",
  ].join("; ");
  const texts = Array.from(modules(), ([name, text]) =>
    `<script type="text/plain" data-module="${name}">\n${text}\n</script>`);
  texts.push(`<!--\n${licences()}\n-->`);
  const parts = { POLICY: policy, STYLE: read("page.css").trim(), MODULES: texts.join("\n"), LOADER: loader };
  return read("page.html").replace(/@(POLICY|STYLE|MODULES|LOADER)@/g, (_, name) => parts[name]);
}

const built = page();
if (process.argv.includes("--check")) {
  let there = null;
  try {
    there = readFileSync(PAGE, "utf8");
  } catch {
    // a page that is not there is another
  }
  if (there !== built) {
    console.error("verify/index.html is not what verify/js makes: run `make vectors`");
    process.exit(1);
  }
} else {
  writeFileSync(PAGE, built);
}
