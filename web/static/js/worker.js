// @ts-check
/**
 * The service worker: help that is there when the connection is not.
 *
 * It keeps one page, which holds nothing of anybody (GET /offline, in the language it was registered for), and shows it
 * in the place of a page that cannot be reached. Its style sheet is every page's, so the browser has it still. Whatever
 * is not a page goes past this worker, and so does a page where the browser can let both race: waking a worker takes a
 * slow phone longer than much of the way. Signing out takes it away with everything else (Clear-Site-Data).
 */
const HELP = `/offline${location.search}`;
const NAME = "help";
const DAY_MS = 86_400_000;
const PAGES = { requestMode: "navigate" };
const here = /** @type {any} */ (self);

here.addEventListener("install", (/** @type {any} */ event) => {
  event.addRoutes?.([
    { condition: PAGES, source: "race-network-and-fetch-handler" }, { condition: { not: PAGES }, source: "network" },
  ]);
  event.waitUntil(keep().then(() => here.skipWaiting()));
});
here.addEventListener("activate", (/** @type {any} */ event) =>
  event.waitUntil(Promise.all([here.clients.claim(), here.registration.navigationPreload?.enable()])),
);
here.addEventListener("fetch", (/** @type {any} */ event) => {
  if (event.request.mode === PAGES.requestMode) event.respondWith(page(event));
});

/** Ask for the page, and keep it in the place of the one that was kept. */
async function keep() {
  const answer = await fetch(HELP, { cache: "reload", credentials: "omit" });
  if (!answer.ok) throw new Error("there is no such page");
  await (await caches.open(NAME)).put(HELP, answer);
}

/** @param {any} event @returns {Promise<Response>} */
async function page(event) {
  const kept = await caches.match(HELP);
  try {
    const answer = (await event.preloadResponse) ?? (await fetch(event.request));
    if (!kept || Date.now() - Date.parse(kept.headers.get("date") ?? "") > DAY_MS) event.waitUntil(keep().catch(() => {}));
    return answer;
  } catch {
    return kept ?? Response.error();
  }
}
