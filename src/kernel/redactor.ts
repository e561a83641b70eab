const REDACTED = '[redacted]';

/**
 * Removes every registered secret from any text, as typed, JSON-escaped, URL-encoded, in base64 and in hex, in either case.
 * By value and not only by field name, because modules echo `SKSETPWD` back and errors quote lines.
 */
export class Redactor {
  #pattern: RegExp | undefined;
  readonly #forms = new Set<string>();

  /** Secrets shorter than 4 characters are not registered: they would blacken innocent text. */
  add(secret: string): void {
    if (secret.length < 4) return;
    const hex = Buffer.from(secret, 'utf8').toString('hex');
    const base64 = Buffer.from(secret, 'utf8').toString('base64').replace(/=+$/, '');
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), hex, base64]) {
      this.#forms.add(form);
    }
    const longestFirst = [...this.#forms].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(
      longestFirst.map((form) => form.replace(/[$()*+.?[\\\]^{|}/-]/g, '\\$&')).join('|'),
      'gi',
    );
  }

  redact(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, REDACTED) : text;
  }
}
