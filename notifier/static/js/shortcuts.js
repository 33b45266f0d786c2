// Keys for those who live here: `/` searches, `g` goes, `j` and `k` walk through lists (Enter opens, as on any link), `?` shows them all.
const PLACES = {
  o: "/console/",
  c: "/console/customers",
  j: "/console/journeys",
  t: "/console/templates",
  a: "/console/attention",
  s: "/console/settings",
};
const PATIENCE = 1200;

let goingSince = 0;

export function listen(page) {
  page.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isTyping(event.target)) event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (page.querySelector("dialog[open]")) return;
    if (press(page, event.key)) event.preventDefault();
  });
}

function press(page, key) {
  if (Date.now() - goingSince < PATIENCE && PLACES[key]) {
    goingSince = 0;
    window.location.assign(PLACES[key]);
    return true;
  }
  if (key === "g") goingSince = Date.now();
  else if (key === "/") search(page);
  else if (key === "?") page.getElementById("shortcuts")?.showModal();
  else if (key === "j") step(page, 1);
  else if (key === "k") step(page, -1);
  else return false;
  return true;
}

function search(page) {
  const field = page.getElementById("q");
  if (field) field.focus();
  else window.location.assign(PLACES.c);
}

function step(page, by) {
  const rows = [...page.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.classList.contains("here"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, here + by))];
  rows[here]?.classList.remove("here");
  next.classList.add("here");
  (next.querySelector("a.open") ?? next.querySelector("a"))?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input, select, textarea, [contenteditable]"));
}
