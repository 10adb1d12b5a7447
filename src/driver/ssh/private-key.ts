/** A private key as OpenSSH reads it, or why it cannot be used: the end of a sentence that begins with the key's name. */
export type PrivateKey = { readonly text: string } | { readonly problem: string };

const OPENSSH = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END OPENSSH PRIVATE KEY-----/;
const PLAIN = /-----BEGIN (?:RSA |EC |DSA )?PRIVATE KEY-----[\s\S]+?-----END/;
const MAGIC = 'openssh-key-v1\0';

/**
 * Reads the text of a secret as a private key. Line ends of DOS and a missing last one, over which OpenSSH stumbles, are mended. A key with a
 * passphrase is a problem: nobody is there to type it. No message shows anything of the key.
 */
export function readPrivateKey(secret: string): PrivateKey {
  const lines = secret.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const text = `${lines.trim()}\n`;
  if (/^(ssh|ecdsa|sk)-[\w@.-]+ AAAA/.test(text))
    return { problem: 'is a public key; store the private one, from the file without `.pub`' };
  if (text.startsWith('PuTTY-User-Key-File'))
    return { problem: 'is in the format of PuTTY; convert it with `puttygen KEY -O private-openssh`' };
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) return ENCRYPTED;
  const openssh = OPENSSH.exec(text);
  if (openssh !== null) {
    const bytes = Buffer.from(openssh[1]!, 'base64');
    if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || bytes.length < MAGIC.length + 8) return NO_KEY;
    const cipherLength = bytes.readUInt32BE(MAGIC.length);
    const cipher = bytes.toString('latin1', MAGIC.length + 4, MAGIC.length + 4 + cipherLength);
    return cipher === 'none' ? { text } : ENCRYPTED;
  }
  return PLAIN.test(text) ? { text } : NO_KEY;
}

const ENCRYPTED = {
  problem:
    'has a passphrase, which nobody is there to type; store a key without one, or leave `key` out and use an SSH agent',
};
const NO_KEY = { problem: 'is no private key; store the whole file, from its line BEGIN to its line END' };
