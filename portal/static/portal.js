// Small helps on top of pages that work without them.
import { offerCopies } from "./copy.js";
import { announceErrors, hintCapsLock, revealPasswords } from "./forms.js";
import { watchSession } from "./idle.js";
import { tidyMenu } from "./menu.js";
import { followOrder } from "./order.js";
import { offerPasskeys } from "./passkeys.js";

announceErrors(document);
revealPasswords(document);
hintCapsLock(document);
offerCopies(document);
offerPasskeys(document);
tidyMenu(document.querySelector("details.menu"));

const dialog = document.getElementById("idle");
if (dialog) watchSession(dialog);

const order = document.getElementById("order");
if (order) followOrder(order, document.getElementById("order-news"));

const made = document.getElementById("export");
if (made) followOrder(made, document.getElementById("export-news"));
