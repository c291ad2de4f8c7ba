// Names of functions as tables show them.

// A name in two: what qualifies it and may be cut where room is short, and the rest that tells it
// from its neighbours: ["MediaWiki\Parser\", "Parser::parse"]. Arguments and template parameters
// are never cut into.
export function splitName(name: string): [qualifier: string, own: string] {
  const arguments_ = name.search(/[(<{[]/);
  const head = arguments_ < 0 ? name : name.slice(0, arguments_);
  const cut = Math.max(head.lastIndexOf('\\'), head.lastIndexOf('/')) + 1;
  return cut === name.length ? ['', name] : [name.slice(0, cut), name.slice(cut)];
}
