/** What a decoder returns: bad input from outside is a value, never an exception. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const refuse = (reason: string): Result<never> => ({ ok: false, reason });
