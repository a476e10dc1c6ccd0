// Why a face may not be used, in words.

export const REASONS = {
  too_small: "too small", blurred: "blurred", turned: "turned away", too_dark: "too dark", too_bright: "too bright", cut_off: "cut off",
  not_upright: "not upright", covered: "covered",
};
