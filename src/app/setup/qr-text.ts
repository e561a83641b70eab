/** Dark and light of two rows in one line of half blocks, black on white whatever the terminal's own colours. */
const BLACK_ON_WHITE = '\x1b[30;107m';
const RESET = '\x1b[0m';

/** A QR code for a terminal, 30 to 40 columns wide. Loaded only when one is drawn. */
export async function qrText(text: string): Promise<string> {
  const { encodeQR } = await import('qr');
  const rows = encodeQR(text, 'raw', { ecc: 'low', border: 2 });
  const lines: string[] = [];
  for (let at = 0; at < rows.length; at += 2) {
    const [upper = [], lower = []] = [rows[at], rows[at + 1]];
    const blocks = upper.map((dark, column) => block(dark, lower[column] === true)).join('');
    lines.push(`${BLACK_ON_WHITE}${blocks}${RESET}`);
  }
  return `${lines.join('\n')}\n`;
}

function block(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀';
  return lower ? '▄' : ' ';
}
