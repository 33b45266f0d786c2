// A page that refreshes itself changes only where something is new: focus, open tables and the marked row stay.
const shown = new Map();

export function keepStill(page) {
  for (const part of page.querySelectorAll("[data-part]")) shown.set(part.dataset.part, part.outerHTML);
  page.addEventListener("htmx:beforeSwap", (event) => {
    const live = event.detail.target;
    if (!live.matches("[data-live]") || !event.detail.shouldSwap) return;
    event.detail.shouldSwap = false;
    const fresh = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) renew(live, part);
  });
}

function renew(live, part) {
  const name = part.dataset.part;
  const old = live.querySelector(`[data-part="${name}"]`);
  if (!old || shown.get(name) === part.outerHTML) return;
  shown.set(name, part.outerHTML);
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const marked = old.querySelector(".here")?.id;
  const open = [...old.querySelectorAll("details[open]")].map((details) => details.id);
  old.replaceWith(document.adoptNode(part));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (marked) document.getElementById(marked)?.classList.add("here");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
