/** Secrets that occur nowhere else, so that one look for them in whatever came out is proof. */
export const canaries = {
  routeBId: 'CA7A0001DEADC0DE0BADF00D5EC2E7AA',
  routeBPassword: 'CANARYROUTEB',
  mqttPassword: 'cAnary+mqtt/"Ω"&<pass>%=\\word',
  httpToken: 'cAnary-http~token/+=&"x"',
  homeAssistantToken: 'cAnary.eyJob21l-assist_"token"/+=',
} as const;

/** The characters of base64 that depend on the secret alone, wherever it begins among the bytes that were encoded. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    const [from, to] = [Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6)];
    return (['base64', 'base64url'] as const).map((alphabet) => bytes.toString(alphabet).slice(from, to));
  });
}

const htmlEscaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Everything a secret may look like in a log, a payload, a header or a file. Compared without regard to case. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const json = JSON.stringify(secret).slice(1, -1);
  const pairs = hex.match(/../g) ?? [];
  const forms = [
    secret,
    bytes.toString('latin1'), // its UTF-8 read as Latin-1
    json,
    JSON.stringify(json).slice(1, -1),
    htmlEscaped(secret),
    encodeURIComponent(secret),
    encodeURI(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    hex,
    pairs.join(' '),
    pairs.join(':'),
    ...base64Forms(secret),
    ...base64Forms(secret.toLowerCase()),
  ];
  return [...new Set(forms.map((form) => form.toLowerCase()))];
}

const all = Object.entries(canaries).map(([name, secret]) => [name, formsOf(secret)] as const);

/** `where: which secret`, for each that was found. An assertion against `[]` never prints the text itself. */
export function sightings(places: Readonly<Record<string, string>>): string[] {
  return Object.entries(places).flatMap(([where, text]) => {
    const low = text.toLowerCase();
    return all.filter(([, forms]) => forms.some((form) => low.includes(form))).map(([name]) => `${where}: ${name}`);
  });
}
