import * as z from 'zod/mini';

// Without this, the library tries to make code from text, which the content policy forbids and reports.
z.config({ jitless: true });

/** Errors of forms are keys of the messages `form.*`, so that they follow the language. */
export const requiredText = z.string().check(z.trim(), z.minLength(1, 'required'));

export const optionalText = z.string().check(z.trim());

const whole = /^\d{1,9}$/;

export const wholeNumber = z.string().check(z.trim(), z.regex(whole, 'whole'));

export const optionalWhole = z.string().check(z.trim(), z.refine((text) => text === '' || whole.test(text), 'whole'));

/** Up to two decimals: hundredths of a per cent. */
export const percent = z.string().check(z.trim(), z.regex(/^\d{1,3}(\.\d{1,2})?$/, 'percent'));

/** An amount in dollars, as the server takes it. */
export const amount = z.string().check(z.trim(), z.regex(/^\d{1,8}(\.\d{1,8})?$/, 'amount'));

/** "12.5" per cent as 1250 hundredths, without a float on the way. */
export function bpOf(text: string): number {
  const [hole = '0', part = ''] = text.split('.');
  return Number(`${hole}${part.padEnd(2, '0')}`);
}

/** 1250 hundredths as "12.5". */
export function percentOf(bp: number): string {
  const part = String(bp % 100).padStart(2, '0').replace(/0+$/, '');
  return `${Math.floor(bp / 100)}${part ? `.${part}` : ''}`;
}

export { z };
