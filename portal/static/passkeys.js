// Passkeys: has the browser make or use one, and sends its answer in the form that asked for it. The forms are hidden
// in the page, since without this module, or in a browser that knows no passkeys, they could do nothing.

const STALE = 400; // the forgery token is of an earlier session
const WORDS = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "held", NotSupportedError: "unsuitable" };
const known = () => Boolean(window.PublicKeyCredential && navigator.credentials);

export function offerPasskeys(page) {
  if (!known()) return;
  for (const words of page.querySelectorAll("[data-no-passkey]")) words.hidden = true;
  for (const form of page.querySelectorAll("form[data-passkey]")) offer(form);
}

function offer(form) {
  const { answer, csrf_token: token } = form.elements;
  const tell = (words) => (form.querySelector("[data-told]").textContent = words);
  let asking = false;

  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (asking) return;
    asking = true;
    tell(form.dataset.wait);
    try {
      answer.value = JSON.stringify(await ask(form, token.value));
      form.submit();
    } catch (error) {
      tell(error instanceof Told ? error.message : form.dataset[WORDS[error.name] ?? "failed"]);
    } finally {
      asking = false;
    }
  });
  window.addEventListener("pageshow", () => (answer.value = "")); // an answer counts once: none stays when one comes back
}

// What the server has said, in its words.
class Told extends Error {}

async function ask(form, token) {
  if (form.dataset.passkey === "create") {
    return plain(await navigator.credentials.create({ publicKey: creation(JSON.parse(form.dataset.given)) }));
  }
  const given = await fetch(form.dataset.options, {
    method: "POST",
    body: "{}",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
  });
  if (given.status === STALE || !given.headers.get("Content-Type")?.includes("json")) throw new Told(form.dataset.stale);
  const options = await given.json();
  if (!given.ok) throw new Told(options.told);
  return plain(await navigator.credentials.get({ publicKey: request(options) }));
}

// The browser's own way to read and write JSON, or ours where it has none yet: buffers are base64url.
function creation(options) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const user = { ...options.user, id: bytes(options.user.id) };
  const excludeCredentials = options.excludeCredentials.map(descriptor);
  return { ...options, challenge: bytes(options.challenge), user, excludeCredentials };
}

function request(options) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return { ...options, challenge: bytes(options.challenge), allowCredentials: options.allowCredentials.map(descriptor) };
}

const descriptor = (key) => ({ ...key, id: bytes(key.id) });

function plain(credential) {
  if (credential.toJSON) return credential.toJSON();
  const { id, rawId, type, response } = credential;
  const written = { clientDataJSON: response.clientDataJSON, attestationObject: response.attestationObject };
  Object.assign(written, { authenticatorData: response.authenticatorData, signature: response.signature, userHandle: response.userHandle });
  const there = Object.entries(written).filter(([, buffer]) => buffer);
  const texts = Object.fromEntries(there.map(([name, buffer]) => [name, text(buffer)]));
  return { id, rawId: text(rawId), type, response: { ...texts, transports: response.getTransports?.() } };
}

function bytes(written) {
  const plainBase64 = written.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plainBase64), (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
