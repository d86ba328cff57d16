// The warning before the end of a session. The server is the judge: it is asked before the dialog opens, when a tab is
// seen again, and before one gives up; the browser's clock only says when to ask. All tabs stay in step.
import { keepDrafts, rescueDrafts } from "./drafts.js";

const SECOND = 1000; // milliseconds
const AGAIN = 5 * SECOND; // between two questions while the server cannot be reached
const LAST_DRAFT = 10; // seconds before the end: what was typed since the dialog opened
const SPOKEN = [60, 45, 30, 20, 10, 5]; // seconds left that are said aloud: never before the last minute
const LONGEST_WAIT = 2 ** 30; // of setTimeout, less than its 32 bits

export function watchSession(dialog) {
  const { status, stay, draft, login, page } = dialog.dataset;
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("portal-session") : null;
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  const form = dialog.querySelector("form[data-when=idle]");
  const token = form.elements.csrf_token.value;
  // Instants are those of Date.now(), which goes on while a laptop sleeps.
  const life = { warnAt: 0, endsAt: 0, final: false };
  let wanted = false; // to stay: asked for, not yet granted
  let understood = false; // an end that nobody can move is told once
  let saidAt = Infinity; // seconds left when they were last said
  let drafted = false;
  let askedAt = 0;
  let question = null;
  let timer = 0;

  function learn({ warn_in, ends_in, final }) {
    const now = Date.now();
    life.warnAt = now + warn_in * SECOND;
    life.endsAt = now + (ends_in + 1) * SECOND; // the server tells whole seconds: never ask too early
    life.final = Boolean(final);
    if (warn_in > 0) close();
    wake(warn_in * SECOND);
  }

  function wake(wait) {
    clearTimeout(timer);
    timer = setTimeout(tick, Math.min(Math.max(wait, 0), LONGEST_WAIT));
  }

  async function tick() {
    const now = Date.now();
    if (now < life.warnAt) return wake(life.warnAt - now);
    const unanswered = wanted || !part("offline").hidden;
    if (now >= life.endsAt || (unanswered && now >= askedAt + AGAIN) || (!dialog.open && !understood)) {
      if (await (wanted ? remain() : ask())) return undefined; // and `learn` has set the next alarm
    }
    if (!dialog.open && !understood) open();
    count(Math.max(0, Math.ceil((life.endsAt - Date.now()) / SECOND) - 1));
    return wake(now >= life.endsAt ? AGAIN : SECOND);
  }

  // True: there is nothing left to do here, because the end has moved away or has come. One question at a time.
  function ask() {
    question ??= inquire().finally(() => (question = null));
    return question;
  }

  async function inquire() {
    askedAt = Date.now();
    try {
      const answer = await fetch(status, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (answer.status === 401) return leave();
      const told = await answer.json();
      part("offline").hidden = true;
      learn(told);
      return told.warn_in > 0;
    } catch {
      part("offline").hidden = false; // no network, or the server restarts: keep asking
      return false;
    }
  }

  async function leave() {
    clearTimeout(timer);
    await rescueDrafts(document, token);
    location.assign(`${login}?${new URLSearchParams({ next: location.pathname + location.search })}`);
    return true;
  }

  function open() {
    const time = new Date(life.endsAt).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    for (const words of dialog.querySelectorAll("[data-end-time]")) words.textContent = time;
    const kind = life.final ? "final" : "idle";
    for (const words of dialog.querySelectorAll("[data-when]")) words.hidden = words.dataset.when !== kind;
    saidAt = Infinity;
    drafted = false;
    part("spoken").textContent = "";
    dialog.showModal();
    keepDrafts(document, draft, token);
  }

  function close() {
    wanted = understood = false;
    if (dialog.open) dialog.close(); // the browser gives the focus back to where it was
  }

  function count(left) {
    if (left <= LAST_DRAFT && !drafted) {
      drafted = true;
      keepDrafts(document, draft, token);
    }
    part("countdown").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    const due = SPOKEN.filter((seconds) => left <= seconds).at(-1);
    if (due === undefined || due >= saidAt) return;
    saidAt = due;
    part("spoken").textContent = `${part("spoken").dataset.words} ${left}`;
  }

  async function remain() {
    wanted = true;
    const body = new URLSearchParams({ csrf_token: token });
    try {
      const answer = await fetch(stay, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
      if (answer.status === 400) await fetch(page, { redirect: "manual" }); // signed in anew in another tab: its cookie counts
    } catch {
      // `ask` says what to do: it fails too, and the alarm tries both again.
    }
    const done = await ask();
    if (done) tabs?.postMessage("moved");
    return done;
  }

  function choose(event) {
    event.preventDefault();
    if (!life.final) return remain();
    understood = true;
    return dialog.close();
  }

  form.addEventListener("submit", choose);
  dialog.querySelector("form[method=dialog]").addEventListener("submit", choose);
  dialog.addEventListener("cancel", choose); // Escape stays, too
  const look = () => document.visibilityState === "visible" && (wanted ? remain() : ask());
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", (event) => event.persisted && look());
  window.addEventListener("online", look);
  tabs?.addEventListener("message", () => dialog.open && ask());

  const { warnIn, endsIn, final } = dialog.dataset;
  learn({ warn_in: Number(warnIn), ends_in: Number(endsIn), final: Number(final) });
  tabs?.postMessage("moved"); // opening this page was activity
}
