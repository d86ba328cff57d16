// What is typed in half-filled forms, handed to the server so that it is there after the next sign-in. The browser
// keeps nothing.

const LEFT_OUT = new Set(["password", "hidden", "file", "submit", "button"]);
const PATIENCE = 4000; // milliseconds that a tab waits for the server before it gives up

function changed(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
}

function typed(form) {
  const fields = [...form.elements].filter((field) => field.name && !LEFT_OUT.has(field.type));
  const kept = fields.filter((field) => !["checkbox", "radio"].includes(field.type) || field.checked);
  return fields.some(changed) ? kept.map((field) => [field.name, field.value]) : [];
}

function halfFilled(page) {
  const forms = [...page.querySelectorAll("main form[method=post]")];
  return forms.map((form) => ({ form, fields: typed(form) })).filter(({ fields }) => fields.length);
}

async function send(address, fields, token) {
  const body = new URLSearchParams(fields);
  body.set("csrf_token", token);
  try {
    await fetch(address, { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    // The network is down: the next attempt may do better, and the form itself is still on the page.
  }
}

// While the session is alive.
export async function keepDrafts(page, address, token) {
  const fields = halfFilled(page).flatMap((found) => found.fields);
  if (fields.length) await send(address, [...fields, ["draft_path", location.pathname]], token);
}

// Once the session is over, as after a laptop slept: the server refuses the form itself, and keeps what is in it.
export async function rescueDrafts(page, token) {
  await Promise.all(halfFilled(page).map(({ form, fields }) => send(form.action, fields, token)));
}
