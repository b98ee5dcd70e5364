// Doubles of what the browser gives the modules.

/** A fetch that knows some addresses and answers 404 to all others; `asked` is what it was asked. */
export function answering(answers) {
  const asked = [];
  async function fetch(url, options = {}) {
    asked.push({ url, method: "GET", ...options });
    const answer = answers[`${options.method ?? "GET"} ${url}`] ?? answers[url];
    if (answer === undefined) return new Response("", { status: 404 });
    if (answer instanceof Error) throw answer;
    return typeof answer === "string" ? new Response(answer) : answer.clone();
  }
  fetch.asked = asked;
  return fetch;
}

export function json(body, options = {}) {
  return new Response(JSON.stringify(body), options);
}

/** The browser's storage, without a browser. */
export function storage(kept = {}) {
  const map = new Map(Object.entries(kept));
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => map.set(key, value),
    removeItem: (key) => map.delete(key),
  };
}

/** A token that ends at a number of seconds since 1970; nobody here looks at its signature. */
export function token(exp) {
  const claims = Buffer.from(JSON.stringify({ sub: "someone", exp })).toString("base64url");
  return `e30.${claims}.signature`;
}
