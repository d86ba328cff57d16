// Buttons that put an address into the clipboard. Without this script the address stands there to be marked.

export function offerCopies(page) {
  if (!navigator.clipboard) return; // plain http, but for the own machine
  for (const button of page.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button, page.getElementById(button.dataset.copy)));
  }
}

async function copy(button, source) {
  const news = button.parentElement.querySelector("[role=status]");
  try {
    await navigator.clipboard.writeText(source.textContent);
    news.textContent = button.dataset.copied;
  } catch {
    news.textContent = button.dataset.refused;
  }
}
