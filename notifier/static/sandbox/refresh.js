// Keeps a page current without losing what is being typed: swaps the parts marked data-live when they have changed.
const EVERY = 2000;

async function look() {
  if (document.hidden || getSelection()?.type === "Range") return;
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(old.id);
    if (!now || now.innerHTML === old.innerHTML || old.contains(document.activeElement) && old !== document.activeElement) continue;
    old.innerHTML = now.innerHTML;
  }
}

async function keepLooking() {
  try {
    await look();
  } catch {
    // The sandbox is away; the next look will tell.
  }
  setTimeout(keepLooking, EVERY);
}

if (document.querySelector("[data-live]")) setTimeout(keepLooking, EVERY);
