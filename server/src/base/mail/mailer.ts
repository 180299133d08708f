import { readFile } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'
import { createTransport } from 'nodemailer'

/** How to reach the mail server. */
export interface MailerOptions {
  readonly host: string
  readonly port: number
  /** Empty: the server asks for none. */
  readonly username: string
  readonly password: string
  /** Sender. */
  readonly from: string
  /** `starttls` begins in clear and upgrades before anything is said; `implicit` is encrypted from the first byte. */
  readonly tls: 'starttls' | 'implicit'
  /** PEM file of CAs that are trusted beside the usual ones; empty: none. */
  readonly caFile: string
}

/** A letter in plain text. */
export interface Mail {
  /** Addresses; they see each other. */
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  /** Unique part of its id: sent twice it can be told to be the same letter. */
  readonly id: string
}

/** Why a letter was not sent. */
export class MailError extends Error {
  /** Nobody else would get one either: the server cannot be used. */
  readonly serverAway: boolean

  constructor(message: string, { serverAway }: { readonly serverAway: boolean }) {
    super(message)
    this.name = 'MailError'
    this.serverAway = serverAway
  }
}

/** Sends letters. */
export interface Mailer {
  /**
   * Resolves when the server has taken the letter, with the addresses for which it has not.
   * @throws {MailError} also when it took it for nobody.
   */
  send(mail: Mail): Promise<{ readonly refused: readonly string[] }>
}

const TIMEOUT_MS = 20_000
/** Codes of nodemailer that are about one letter. */
const ABOUT_LETTER = ['EENVELOPE', 'EMESSAGE', 'ESTREAM']

/**
 * A client of one mail server. TLS 1.2 or later, always, with a certificate that is right for the host; a server that does not offer
 * it gets neither credentials nor letters. Source: requirements.md AUT-19, SEC-22
 */
export function createMailer(options: MailerOptions): Mailer {
  let transport: ReturnType<typeof openTransport> | undefined
  return {
    async send({ to, subject, text, id }) {
      transport ??= openTransport(options)
      const domain = options.from.replace(/^.*@|>.*$/g, '')
      try {
        const { rejected } = await (await transport).sendMail({
          from: options.from,
          to: to.map((address) => ({ name: '', address })),
          subject,
          text,
          messageId: `<${id}@${domain}>`,
        })
        return { refused: rejected }
      } catch (error) {
        throw mailError(options, error)
      }
    },
  }
}

async function openTransport({ host, port, username, password, tls, caFile }: MailerOptions) {
  const ca = caFile === '' ? undefined : [...rootCertificates, await readFile(caFile, 'utf8')]
  return createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ...(username !== '' && { auth: { user: username, pass: password } }),
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca !== undefined && { ca }) },
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

/** Without the cause: what a server answered may repeat what it was sent. */
function mailError({ host, port }: MailerOptions, error: unknown): MailError {
  const { code = 'error', responseCode } = error as { code?: string; responseCode?: number }
  const answer = responseCode === undefined ? '' : `, the server answered ${responseCode}`
  const serverAway = !ABOUT_LETTER.includes(code)
  return new MailError(`Cannot send mail through "${host}:${port}": ${code}${answer}`, { serverAway })
}
