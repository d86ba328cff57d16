// Helps with forms: the summary of errors takes the focus, passwords can be shown, caps lock is told.

export function announceErrors(page) {
  page.querySelector("[data-focus]")?.focus();
}

// The button is hidden in the page, since without this module it could do nothing.
export function revealPasswords(page) {
  for (const button of page.querySelectorAll("[data-reveal]")) {
    const field = page.getElementById(button.getAttribute("aria-controls"));
    const show = (shown) => {
      field.type = shown ? "text" : "password";
      button.firstElementChild.textContent = shown ? button.dataset.hide : button.dataset.show;
    };
    button.hidden = false;
    button.addEventListener("click", () => show(field.type === "password"));
    field.form?.addEventListener("submit", () => show(false)); // browsers remember what text fields held
  }
}

export function hintCapsLock(page) {
  for (const hint of page.querySelectorAll("[data-caps]")) {
    const field = page.getElementById(hint.dataset.caps);
    const tell = (on) => {
      const words = on ? hint.dataset.words : "";
      if (hint.textContent !== words) hint.textContent = words;
    };
    for (const key of ["keydown", "keyup"]) {
      field.addEventListener(key, (event) => tell(Boolean(event.getModifierState?.("CapsLock"))));
    }
    field.addEventListener("blur", () => tell(false));
  }
}
