// Follows an order, or an export, while something is about to change: asks politely, never while nobody looks, and stops
// at the end. A question is no activity: it keeps no session alive. What the server renders is put in place without a
// reload.
const FIRST = 2000; // milliseconds
const SLOWER = 1.5;
const LONGEST = 60 * 1000;

export function followOrder(order, news) {
  let { version } = order.dataset;
  let follow = "follow" in order.dataset;
  let wait = FIRST;
  let timer = 0;

  function later() {
    clearTimeout(timer);
    if (!follow || document.visibilityState !== "visible") return;
    timer = setTimeout(ask, wait);
    wait = Math.min(wait * SLOWER, LONGEST);
  }

  async function ask() {
    const place = new URL(order.dataset.state, location.href);
    place.searchParams.set("seen", version);
    try {
      const answer = await fetch(place, { headers: { Accept: "application/json" }, cache: "no-store" });
      if ([401, 403, 404].includes(answer.status)) follow = false; // over, as the idle warning tells, or never to be told
      else if (answer.ok) learn(await answer.json());
    } catch {
      // No network, or the server restarts: the next question comes later.
    }
    later();
  }

  function learn(told) {
    if (told.version === version) return;
    ({ version, follow } = told);
    wait = FIRST;
    const inside = order.contains(document.activeElement);
    order.innerHTML = told.html;
    if (inside) document.getElementById("content").focus(); // what had the focus is gone
    if (news.textContent !== told.words) news.textContent = told.words; // read aloud once
  }

  document.addEventListener("visibilitychange", () => {
    wait = FIRST;
    later();
  });
  later();
}
