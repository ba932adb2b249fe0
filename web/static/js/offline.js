// @ts-check
/** Help without a connection: lets the browser keep a page of it (see worker.js). */

let kept = false;

/** Once a page. A browser that keeps nothing (a private window, plain HTTP) has help with a connection only. */
export function keepHelp() {
  if (kept || !navigator.serviceWorker) return;
  kept = true;
  const url = `/worker.js?${document.documentElement.lang}`;
  const trusted = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("shell", {
    createScriptURL: (/** @type {string} */ asked) => (asked === url ? url : ""),
  });
  navigator.serviceWorker.register(trusted?.createScriptURL(url) ?? url).catch(() => {});
}
