// Asks Mermaid's own parser: prints what it read of each file, as one JSON array.
// Usage: node mermaid.mjs FOLDER FILE… ; FOLDER holds node_modules with mermaid and jsdom.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/package.json`));
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("<!DOCTYPE html>");
Object.assign(globalThis, { window, document: window.document });
const entry = require.resolve("mermaid").replace(/dist\/.*$/, "dist/mermaid.core.mjs");
const { default: mermaid } = await import(pathToFileURL(entry));
mermaid.initialize({ maxTextSize: 1e9, maxEdges: 1e6 });

// What stands for a character by number while Mermaid reads, and what it is shown as.
const shown = (text) =>
  text.replace(/ﬂ°°(\d+)¶ß/g, (_, number) => String.fromCodePoint(Number(number)));

const answers = [];
for (const file of files) {
  const diagram = await mermaid.mermaidAPI.getDiagramFromText(readFileSync(file, "utf8"));
  const vertices = [...diagram.db.getVertices().values()];
  answers.push({
    nodes: vertices.map((v) => ({ id: v.id, text: shown(v.text), classes: v.classes })),
    links: diagram.db.getEdges().map((e) => ({ from: e.start, to: e.end, text: shown(e.text) })),
  });
}
console.log(JSON.stringify(answers));
