// The machine's interface. Addresses are relative: the page may be below a proxy's prefix.
// Cookies know no ports, so their names do; the usual ports are left out, as proxies write them or not.
const port = ["", "80", "443"].includes(location.port) ? "" : `_${location.port}`;
const cookie = name => document.cookie.split("; ").find(entry => entry.startsWith(name + "="))?.slice(name.length + 1) ?? "";

// status: of HTTP; 0: there was no answer.
export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

// The machine's one-line reasons as sentences; one that begins with a file's name or an address keeps it.
export const sentence = text => /^[a-z]+[ ,;]/.test(text) && !/^[^:;]*\.\w+:/.test(text) ? text[0].toUpperCase() + text.slice(1) : text;

export async function call(path, options = {}) {
  const headers = { ...options.headers };
  if (options.method === "POST") headers["X-CSRF-Token"] = cookie(`edge_emotion_csrf${port}`);
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The machine does not answer. Is it on, and is edge-emotion running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) location.reload();
  const told = await answer.json().catch(() => null);
  throw new ApiError(told?.error ? sentence(told.error) : `The machine answered ${answer.status} ${answer.statusText}.`, answer.status);
}

export const get = async path => (await call(path)).json();
export const post = async (path, body) => (await call(path, { method: "POST", body })).json();

// JPEGs of a multipart stream with their numbers, each as soon as it is complete.
export async function* pictures(path, signal) {
  const reader = (await call(path, { signal })).body.getReader();
  const decoder = new TextDecoder("latin1");
  let rest = new Uint8Array(0);
  const more = async () => {
    const { value, done } = await reader.read();
    if (done) return false;
    const joined = new Uint8Array(rest.length + value.length);
    joined.set(rest);
    joined.set(value, rest.length);
    rest = joined;
    return true;
  };
  for (;;) {
    let end;
    while ((end = find(rest, 0)) < 0) if (!await more()) return;
    const head = decoder.decode(rest.subarray(0, end));
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    const number = Number(/x-number: (\d+)/i.exec(head)?.[1]);
    if (!Number.isFinite(length)) return;
    while (rest.length < end + 4 + length) if (!await more()) return;
    yield { number, jpeg: new Blob([rest.slice(end + 4, end + 4 + length)], { type: "image/jpeg" }) };
    rest = rest.slice(end + 4 + length + 2);
  }
}

function find(bytes, from) {
  for (let n = from; n + 3 < bytes.length; n++)
    if (bytes[n] === 13 && bytes[n + 1] === 10 && bytes[n + 2] === 13 && bytes[n + 3] === 10) return n;
  return -1;
}
