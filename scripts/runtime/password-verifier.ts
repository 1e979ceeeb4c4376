/**
 * A password as PostgreSQL stores it, made on this side: the password itself then never travels, and never
 * stands in a log of the server. RFC 5802 and RFC 7677 say how (SCRAM-SHA-256).
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

export const passwordCharactersMin = 12;

/** What PostgreSQL itself uses. */
const iterations = 4_096;
const saltBytes = 16;
const hashBytes = 32;
const generatedBytes = 18;

/** Printable ASCII means the same in every encoding, and needs none of the preparations of RFC 4013. */
export function isPassword(text: string): boolean {
  return text.length >= passwordCharactersMin && text.length <= 200 && /^[\x20-\x7e]+$/.test(text);
}

/** 144 random bits as 24 characters that need no quotes in a shell or a URL. */
export function newPassword(): string {
  return randomBytes(generatedBytes).toString('base64url');
}

export function passwordVerifier(password: string): string {
  const salt = randomBytes(saltBytes);
  const salted = pbkdf2Sync(password, salt, iterations, hashBytes, 'sha256');
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest();
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  const serverKey = keyOf('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
