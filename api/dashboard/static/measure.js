// Figures in words.

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export const count = (value) => whole.format(value);
export const rate = (value) => value.toFixed(1);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** To two figures, and whole from a hundred on. */
export function figure(value) {
  if (value >= 100) return count(value);
  return value > 0 && value < 0.001 ? "less than 0.001" : String(Number(value.toPrecision(2)));
}

/** A number a day; if it is small, the time until one. */
export function perDay(value) {
  if (value <= 0) return "none";
  if (value >= 0.5) return `${figure(value)} a day`;
  const days = 1 / value;
  return days < 730 ? `one in ${figure(days)} days` : days < 36_500 ? `one in ${figure(days / 365)} years` : "one in more than 100 years";
}

/** Bits a second. */
export function bitrate(bits) {
  if (bits >= 1e6) return `${(bits / 1e6).toFixed(1)} Mb/s`;
  return `${Math.round(bits / 1e3)} kb/s`;
}

/** A share such as 0.013 as "1.3 %", for what a network lost and the like; never for how alike two faces are. */
export const percent = (share) => (share < 0.001 ? "less than 0.1 %" : `${(share * 100).toFixed(1)} %`);

/** A rate such as 0.0001 as "1 in 10,000". Never in percent: people read that as the certainty of the machine. */
export const oneIn = (share) => (share > 0 ? `1 in ${whole.format(Math.round(1 / share))}` : "none");

export const dissimilarity = (value) => value.toFixed(3);
