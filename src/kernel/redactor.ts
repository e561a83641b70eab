import { plainText } from './plain-text.ts';

const REDACTED = '[redacted]';

/**
 * Removes every registered secret from any text, as typed, JSON-escaped (once and twice), URL-encoded, in base64 at any
 * offset and in hex, in either case. By value and not only by field name, because modules echo `SKSETPWD` back and errors
 * quote lines.
 */
export class Redactor {
  #pattern: RegExp | undefined;
  readonly #forms = new Set<string>();

  /** Secrets shorter than 4 characters are not registered: they would blacken innocent text. */
  add(secret: string): void {
    if (secret.length < 4) return;
    for (const form of formsOf(secret)) this.#forms.add(form);
    const longestFirst = [...this.#forms].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(
      longestFirst.map((form) => form.replace(/[$()*+.?[\\\]^{|}/-]/g, '\\$&')).join('|'),
      'gi',
    );
  }

  /** @returns the text without secrets, and without what is no text */
  redact(text: string): string {
    const told = this.#withoutSecrets(text);
    const plain = plainText(told);
    return plain === told ? told : this.#withoutSecrets(plain);
  }

  #withoutSecrets(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, REDACTED) : text;
  }
}

function formsOf(secret: string): string[] {
  const whole = Buffer.from(secret, 'utf8').toString('utf8'); // half a surrogate pair, which YAML and JSON can hold, is no URL
  const escaped = JSON.stringify(secret).slice(1, -1);
  const login = new URL('mqtt://host');
  login.password = secret;
  return [
    secret,
    escaped,
    JSON.stringify(escaped).slice(1, -1), // JSON quoted inside JSON
    encodeURIComponent(whole),
    login.password,
    new URLSearchParams([['', secret]]).toString().slice(1),
    Buffer.from(secret, 'utf8').toString('hex'),
    ...[0, 1, 2].flatMap((offset) => base64At(secret, offset)),
  ];
}

/**
 * The characters of base64 that depend on the secret alone when `offset` bytes stand before it, as in a login
 * (`user:password`) or a dumped packet, in both alphabets.
 */
function base64At(secret: string, offset: number): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]);
  const [from, to] = [Math.ceil((offset * 8) / 6), Math.floor((whole.length * 8) / 6)];
  return (['base64', 'base64url'] as const).map((alphabet) => whole.toString(alphabet).slice(from, to));
}
