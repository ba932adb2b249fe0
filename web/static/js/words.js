// @ts-check
/**
 * The page's words, in its language: they come with the page (`data-words`), none stand in the scripts. A key with
 * forms (`new.one`, `new.other`) is chosen by the language's own plural rules.
 *
 * @typedef {(key: string, values?: Record<string, string | number>) => string} Words
 */

/** @param {Record<string, string>} words @param {string} lang @returns {Words} */
export function wordsOf(words, lang) {
  const plural = new Intl.PluralRules(lang);
  return (key, values = {}) => {
    const form = typeof values.n === "number" ? words[`${key}.${plural.select(values.n)}`] ?? words[`${key}.other`] : undefined;
    const text = form ?? words[key] ?? "";
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
  };
}

/** A time of day, with the date unless it is today. @param {string} lang @returns {(at: number) => string} */
export function clockOf(lang) {
  const time = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(lang, {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  const date = (/** @type {Date} */ at) => at.toDateString();
  return (at) => (date(new Date(at)) === date(new Date()) ? time : day).format(at);
}
