// Figures in words.

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export const count = (value) => whole.format(value);
export const rate = (value) => value.toFixed(1);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** Bits a second. */
export function bitrate(bits) {
  if (bits >= 1e6) return `${(bits / 1e6).toFixed(1)} Mb/s`;
  return `${Math.round(bits / 1e3)} kb/s`;
}

/** A rate such as 0.0001 as "1 in 10,000". Never a percentage: people read those as how sure the machine is. */
export const oneIn = (share) => (share > 0 ? `1 in ${whole.format(Math.round(1 / share))}` : "none");

export const dissimilarity = (value) => value.toFixed(3);
