
// The modules stand above as readable text, each after those that it imports.
const urls = {};
for (const node of document.querySelectorAll("script[data-module]")) {
  const linked = node.textContent.replace(/"module:([^"]+)"/g, (_, name) => `"${urls[name]}"`);
  urls[node.dataset.module] = URL.createObjectURL(new Blob([linked], { type: "text/javascript" }));
}
await import(urls["page/page.js"]);
