// Calls of the server. It computes every value on the page; the page computes none.

// Other users of this machine reach the server, too. The token in the address keeps them out.
const TOKEN = new URLSearchParams(location.search).get("token") ?? "";

/** What the server refuses: the field at fault (null for the request as a whole), and the reason. */
export class Refusal extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** Write JSON as JSON.stringify does, and a BigInt with all its digits. */
function write(value) {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const parts = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${write(part)}`);
  return `{${parts.join()}}`;
}

/** Call the server; return its answer or throw a Refusal. */
export async function ask(path, body, signal) {
  let response;
  let answer;
  try {
    response = await fetch(`/api/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${TOKEN}` },
      body: write(body),
      signal,
    });
    answer = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(null, "The playground does not answer. Start it again, and open the address it prints");
  }
  if (answer.error) throw new Refusal(answer.error.field, answer.error.message);
  return answer;
}

/** Calls of which only the newest counts: a late answer or refusal is dropped. */
export class Line {
  #newest = null;

  /** Call the server; return undefined if there was a newer call in the meantime. */
  async ask(path, body) {
    this.drop();
    const mine = (this.#newest = new AbortController());
    try {
      const answer = await ask(path, body, mine.signal);
      return mine === this.#newest ? answer : undefined;
    } catch (error) {
      if (mine === this.#newest) throw error;
      return undefined;
    }
  }

  /** Drop the answer to the last call. */
  drop() {
    this.#newest?.abort();
    this.#newest = null;
  }
}

/** Read a whole number exactly; return any other text unchanged, for the server to refuse. */
export function whole(text) {
  const trimmed = text.trim();
  return /^-?[0-9]{1,20}$/.test(trimmed) ? BigInt(trimmed) : trimmed;
}

/** Read a number of seconds, with or without a fraction; return any other text unchanged. */
export function seconds(text) {
  const trimmed = text.trim();
  return /^-?[0-9]{1,20}\.[0-9]+$/.test(trimmed) ? Number(trimmed) : whole(trimmed);
}
