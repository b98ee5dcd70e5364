// Markup as it reads, made into nodes without the browser's HTML parser: what a value holds is text,
// never markup, and the page can forbid every way from a string to markup (Trusted Types, `'none'`).
//
//   html`<li class="card"><a href=${link} @click=${open}>${movie.Title}</a></li>`
//
// A value is a node, an array, text, or nothing (null, undefined, false). An attribute without a value
// is left out, `true` leaves it empty. `@name` listens to an event, `.name` sets a property.
// White space with a line break in it is layout of the source, and disappears.

const HOLE = "\u0000";
const VOID = new Set(["br", "hr", "img", "input", "link"]);
const LINKS = new Set(["href", "src", "action", "formaction"]);
const SVG = "http://www.w3.org/2000/svg";

// An attribute's name, then what it is set to, if anything.
const ATTRIBUTE = /([@.]?[\w-]+)(?:=(?:"([^"]*)"|(\u0000)))?/y;
const TAG = /<(\/?)([a-z][\w-]*)/y;

const known = new WeakMap();

/**
 * The nodes that a template stands for: its element, or a fragment when it has none or several.
 * @returns {Element | DocumentFragment}
 */
export function html(strings, ...values) {
  let children = known.get(strings);
  if (children === undefined) {
    children = parse(strings);
    known.set(strings, children);
  }
  if (children.length === 1 && children[0].tag) {
    return build(children[0], values, false);
  }
  const fragment = document.createDocumentFragment();
  fragment.append(...children.flatMap((child) => nodes(child, values, false)));
  return fragment;
}

/**
 * The tree of a template: elements `{tag, attributes, children}`, texts, and holes (numbers).
 * What it does not understand is a SyntaxError: templates are ours, and their faults show at once.
 * @param {readonly string[]} strings
 */
export function parse(strings) {
  const text = strings.join(HOLE);
  const root = { tag: "", attributes: [], children: [] };
  const open = [root];
  let at = 0;
  let hole = 0;

  function fail(why) {
    throw new SyntaxError(`${why} in the template: ${text.slice(at, at + 40)}`);
  }

  function piece(raw) {
    return raw.split(/(\u0000)/).filter(Boolean).map((part) => (part === HOLE ? hole++ : part));
  }

  function attributes() {
    const found = [];
    for (;;) {
      while (/\s/.test(text[at] ?? "")) at += 1;
      ATTRIBUTE.lastIndex = at;
      const [whole, name, quoted, single] = ATTRIBUTE.exec(text) ?? [];
      if (!whole) return found;
      if (/^on|^style$|^srcdoc$/.test(name)) fail(`the attribute ${name} is not for templates`);
      at += whole.length;
      found.push({ name, parts: single ? [hole++] : piece(quoted ?? "") });
    }
  }

  while (at < text.length) {
    const parent = open.at(-1);
    TAG.lastIndex = at;
    const [start, closing, tag] = TAG.exec(text) ?? [];
    if (!start) {
      const end = text.indexOf("<", at + (text[at] === "<" ? 1 : 0));
      const raw = text.slice(at, end < 0 ? text.length : end);
      if (raw.includes("<")) fail("a stray <");
      for (const part of piece(raw)) {
        const kept = typeof part === "string" ? unindented(part) : part;
        if (kept !== "") parent.children.push(kept);
      }
      at += raw.length;
      continue;
    }
    at += start.length;
    const element = { tag, attributes: closing ? [] : attributes(), children: [] };
    const [end] = /^\s*\/?>/.exec(text.slice(at)) ?? fail("an unfinished tag");
    at += end.length;
    if (closing) {
      if (open.length === 1 || open.pop().tag !== tag) fail(`</${tag}> closes nothing`);
    } else {
      parent.children.push(element);
      if (!VOID.has(tag) && !end.includes("/")) open.push(element);
    }
  }
  if (open.length > 1) fail(`<${open.at(-1).tag}> is not closed`);
  return root.children;
}

function unindented(text) {
  return text.replace(/\s*\n\s*/g, "\n").replace(/^\n|\n$/g, "").replaceAll("\n", " ");
}

/** Whether a link may stand in the page: one that runs as script may not, whoever wrote it. */
export function isSafeLink(link) {
  // Browsers skip control characters and white space where they look for a scheme.
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(String(link).replace(/[\u0000-\u0020]/g, ""));
  return scheme === null || /^(https?|blob|mailto)$/i.test(scheme[1]);
}

function build(element, values, inSvg) {
  const svg = inSvg || element.tag === "svg";
  const made = svg
    ? document.createElementNS(SVG, element.tag)
    : document.createElement(element.tag);
  for (const { name, parts } of element.attributes) {
    const single = parts.length === 1 && typeof parts[0] === "number";
    set(made, name, single ? values[parts[0]] : joined(parts, values));
  }
  made.append(...element.children.flatMap((child) => nodes(child, values, svg)));
  return made;
}

function joined(parts, values) {
  return parts.map((part) => (typeof part === "number" ? (values[part] ?? "") : part)).join("");
}

function set(element, name, value) {
  if (name.startsWith("@")) {
    if (value) element.addEventListener(name.slice(1), value);
  } else if (name.startsWith(".")) {
    element[name.slice(1)] = value;
  } else if (value !== null && value !== undefined && value !== false) {
    if (LINKS.has(name) && !isSafeLink(value)) return;
    element.setAttribute(name, value === true ? "" : value);
  }
}

function nodes(child, values, svg) {
  if (typeof child === "number") return shown(values[child]);
  return typeof child === "string" ? [child] : [build(child, values, svg)];
}

function shown(value) {
  if (value === null || value === undefined || value === false) return [];
  if (Array.isArray(value)) return value.flatMap(shown);
  return [value instanceof Node ? value : String(value)];
}
