// @ts-check
/**
 * The service worker: help that is there when the connection is not.
 *
 * It keeps one page, which holds nothing of anybody (GET /offline, in the language it was registered for), and shows it
 * in the place of a page that was asked for and cannot be reached. Its style sheet is every page's, so the browser has
 * it still. A form that is sent goes past this worker: only the browser can offer to send it again. So does whatever is
 * no page, and a page where the browser can let both race: waking a worker takes a slow phone longer than much of the
 * way. Signing out takes it away with everything else (Clear-Site-Data).
 */
const HELP = `/offline${location.search}`;
const NAME = "help";
const DAY_MS = 86_400_000;
const PAGES = { requestMode: "navigate", requestMethod: "GET" };
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
  const { mode, method } = event.request;
  if (mode === PAGES.requestMode && method === PAGES.requestMethod) event.respondWith(page(event));
});

/** Ask for the page, and keep it in the place of the one that was kept. */
async function keep() {
  const answer = await fetch(HELP, { cache: "reload", credentials: "omit" });
  if (!answer.ok) throw new Error("there is no such page");
  await (await caches.open(NAME)).put(HELP, answer);
}

/** @param {any} event @returns {Promise<Response>} */
async function page(event) {
  try {
    const answer = (await event.preloadResponse) ?? (await fetch(event.request));
    event.waitUntil(renew());
    return answer;
  } catch {
    return (await kept()) ?? Response.error();
  }
}

/** @returns {Promise<Response | undefined>} also undefined where the browser's store fails */
function kept() {
  return caches.match(HELP).catch(() => undefined);
}

/** After a day the page is asked for anew. */
async function renew() {
  const since = Date.parse((await kept())?.headers.get("date") ?? "");
  if (!(Date.now() - since < DAY_MS)) await keep().catch(() => {});
}
