import { createHmac, hkdfSync } from 'node:crypto'
import { join } from 'node:path'
import { createSealer, type Sealer } from './sealer.ts'
import { readOrCreateSecret } from './secret-file.ts'

/** The keys of the server. All replicas must have the same ones. */
export interface Secrets extends Sealer {
  /** Signs session tokens (HS256). Independent of the encryption key, so that either can be changed alone. */
  readonly jwtKey: Uint8Array
  /** Makes the CSRF tokens of browser sessions. */
  readonly csrfKey: Uint8Array
  /** Signs download links. */
  readonly linkKey: Uint8Array
  /** HMAC key of stored API keys: a stolen table alone does not let anyone test guesses. */
  readonly apiKeyKey: Uint8Array
  /** Chains the audit: whoever has the database alone cannot make records that pass. */
  readonly auditKey: Uint8Array
  /** Derives the one-time set-up token. */
  readonly setupTokenKey: Uint8Array
  /** Tells one encryption key from another without telling anything about it; kept in the database. */
  readonly encryptionKeyCheck: string
}

/** Where the keys come from: configured ones win, missing ones live in `data_dir/secrets`. */
export interface LoadSecretsOptions {
  readonly config: {
    readonly auth: { readonly jwtSecret: string }
    readonly security: { readonly encryptionKey: string }
  }
  readonly dataDir: string
}

const DERIVED_BYTES = 32
const CHECK_TEXT = 'terrace encryption key check'
const HEX_KEY = /^[0-9a-f]{64}$/i
const BASE64_KEY = /^[A-Za-z0-9+/_-]{43}=?$/

/** Key material of the setting: 32 bytes in hexadecimal or base64, or any other text as it is. */
function keyMaterial(text: string): Uint8Array {
  if (HEX_KEY.test(text)) return Buffer.from(text, 'hex')
  return BASE64_KEY.test(text) ? Buffer.from(text, 'base64') : Buffer.from(text, 'utf8')
}

function derive(material: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', material, new Uint8Array(), `terrace ${purpose} v1`, DERIVED_BYTES))
}

/**
 * Reads the keys, or makes them at the first start. One encryption key feeds several derived ones (HKDF-SHA-256), so that no key
 * serves two purposes. Source: requirements.md SEC-09, SEC-10, C47.
 */
export async function loadSecrets({ config, dataDir }: LoadSecretsOptions): Promise<Secrets> {
  const { jwtSecret } = config.auth
  const { encryptionKey } = config.security
  const folder = join(dataDir, 'secrets')
  const jwtMaterial = jwtSecret === '' ? await readOrCreateSecret(join(folder, 'jwt.key')) : Buffer.from(jwtSecret, 'utf8')
  const material = encryptionKey === '' ? await readOrCreateSecret(join(folder, 'encryption.key')) : keyMaterial(encryptionKey)
  const { seal, unseal } = createSealer(derive(material, 'seal'))
  return {
    seal,
    unseal,
    jwtKey: derive(jwtMaterial, 'session token'),
    csrfKey: derive(jwtMaterial, 'csrf token'),
    linkKey: derive(material, 'download link'),
    apiKeyKey: derive(material, 'api key'),
    auditKey: derive(material, 'audit chain'),
    setupTokenKey: derive(material, 'setup token'),
    encryptionKeyCheck: createHmac('sha256', derive(material, 'check')).update(CHECK_TEXT).digest('hex'),
  }
}
