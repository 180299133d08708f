import { readFile } from 'node:fs/promises'
import { usageError } from '../cli-error.ts'
import type { CommandContext, ProcessIo } from '../program/command-context.ts'

/** Longest secret that is read; a wrong file name should not pull a disk image into memory. */
const MAX_SECRET_BYTES = 64 * 1024

const stdinTakenBy = new WeakMap<ProcessIo, string>()

/**
 * Everything on standard input.
 * @param flag what asks for it, for the message when two do.
 * @throws {CliError} exit code 2 when another flag has it already.
 */
export async function readStandardInput({ io }: CommandContext, flag: string): Promise<string> {
  const other = stdinTakenBy.get(io)
  if (other !== undefined)
    throw usageError(`Cannot read standard input for "${flag}": "${other}" has read it`, 'Use a file for one of them')
  stdinTakenBy.set(io, flag)
  const chunks: Buffer[] = []
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

/** The file that a user has named. @throws {CliError} exit code 2 when it cannot be read. */
export async function readNamedFile(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw usageError(`Cannot read ${what} "${path}": ${describeFileError(error as NodeJS.ErrnoException)}`)
  }
}

/** State of a file that could not be used, for people. */
export function describeFileError({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'access is denied'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'ENOTDIR') return 'it is no folder'
  return message
}

/** Flags by which a secret may come, and their values. */
export interface SecretSource {
  /** What the secret is, as in `Cannot read the <what>`. */
  readonly what: string
  readonly file: { readonly flag: string; readonly value: string | undefined }
  readonly stdin: { readonly flag: string; readonly value: boolean | undefined }
}

/** A secret from a file or standard input; `undefined` when no flag names one. The last line end is dropped. */
export async function readSecret(context: CommandContext, { what, file, stdin }: SecretSource): Promise<string | undefined> {
  if (file.value !== undefined && stdin.value === true) throw usageError(`Cannot use "${file.flag}" together with "${stdin.flag}"`)
  if (file.value === undefined && stdin.value !== true) return undefined
  const text =
    file.value === undefined
      ? await readStandardInput(context, stdin.flag)
      : (await readNamedFile(file.value, `the ${what} from`)).toString('utf8')
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '' || secret.length > MAX_SECRET_BYTES || /[\r\n]/.test(secret)) {
    throw usageError(`Cannot use the ${what} from "${file.value ?? stdin.flag}": it must be one line that is not empty`)
  }
  return secret
}
