import { printable } from './printable.ts'

/** Where a command writes: data goes to `stdout`, everything said to people to `stderr`. */
export interface OutputStreams {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
}

export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** How a command writes, as its flags and the terminal decide. */
export interface OutputSettings {
  readonly form: OutputForm
  readonly quiet: boolean
  readonly verbose: boolean
  readonly color: boolean
  /** Lines may be drawn over. */
  readonly animate: boolean
}

/** `human` tables, `plain` tab-separated lines, `json` one document. */
export type OutputForm = 'human' | 'plain' | 'json'

/** What is told of a failure. */
export interface Failure {
  readonly message: string
  readonly facts?: readonly string[]
  readonly hint?: string | undefined
  readonly code?: string | undefined
  readonly requestId?: string | undefined
}

/** Version of the documents that `--json` writes; members are added without a new one. */
const JSON_SCHEMA_VERSION = 1

/** What commands write with. */
export class Output {
  readonly settings: OutputSettings
  readonly #streams: OutputStreams

  constructor(streams: OutputStreams, settings: OutputSettings) {
    this.#streams = streams
    this.settings = settings
  }

  /** Width of the terminal that messages go to, 80 when it is none. */
  get messageColumns(): number {
    return this.#streams.stderr.columns || 80
  }

  /** Lines of data. */
  data(text: string): void {
    this.#streams.stdout.write(`${text}\n`)
  }

  /** The document of `--json`. */
  json(document: Readonly<Record<string, unknown>>): void {
    this.data(JSON.stringify({ schema_version: JSON_SCHEMA_VERSION, ...document }, undefined, 2))
  }

  /** Something to know; silent under `--quiet`. */
  message(text: string): void {
    if (!this.settings.quiet) this.#streams.stderr.write(`${text}\n`)
  }

  /** Something to attend to; shown under `--quiet` too. */
  warning(text: string): void {
    this.#streams.stderr.write(`${this.#paint('33', 'Warning:')} ${text}\n`)
  }

  /** A part of a failure that has several; shown under `--quiet` too. */
  alert(text: string): void {
    this.#streams.stderr.write(`${this.#paint('31', text)}\n`)
  }

  /** Shown under `--verbose` only. */
  detail(text: string): void {
    if (this.settings.verbose) this.#streams.stderr.write(`${printable(text)}\n`)
  }

  /** Text of a failure; its facts, hint, code and request id on lines of their own. */
  failure({ message, facts = [], hint, code, requestId }: Failure): void {
    const lines = [this.#paint('31', message), ...facts, ...(hint === undefined ? [] : [hint])]
    if (code !== undefined) lines.push(`Error code: ${code}`)
    if (requestId !== undefined) lines.push(`Request id: ${requestId}`)
    this.#streams.stderr.write(`${lines.join('\n')}\n`)
  }

  /** Draws over the current line; call with an empty text to remove it. */
  redraw(text: string): void {
    this.#streams.stderr.write(`\r\u001b[K${text}`)
  }

  /** Makes a title stand out where colours are wanted. */
  title(text: string): string {
    return this.#paint('1', text)
  }

  #paint(code: string, text: string): string {
    return this.settings.color ? `\u001b[${code}m${text}\u001b[0m` : text
  }
}
