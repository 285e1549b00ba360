// Calls of the server. The server computes every value; the page computes none.

// Other users of this machine can reach the server. The token in the address keeps them out.
const TOKEN = new URLSearchParams(location.search).get("token") ?? "";

/** A refusal of the server: the faulty field (null for the request as a whole), and the reason. */
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

/** Call the server, and return its answer or throw a Refusal. */
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

/** Calls of which only the newest counts: a late answer or refusal is ignored. */
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

  /** Ignore the answer to the last call. */
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
