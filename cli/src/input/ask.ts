import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../program/command-context.ts'

export interface Question {
  /** `User name`, `Password` */
  readonly label: string
  /** How to say it without being asked, for the message when nobody can be asked. */
  readonly otherwise: string
  /** What is typed is not shown. */
  readonly hidden?: boolean
}

const CANCELLED = 130

/** Asks one question on the terminal. @throws {CliError} exit code 2 when there is no terminal, or `--no-input` forbids it. */
export async function ask(context: CommandContext, { label, otherwise, hidden = false }: Question): Promise<string> {
  const { io, mayAsk, options } = context
  if (!mayAsk) {
    const state = options.input === false ? '"--no-input" was given' : 'there is no terminal to ask on'
    throw usageError(`Cannot ask for "${label}": ${state}`, otherwise)
  }
  // Of a hidden answer only the question is written; the rest of what readline draws goes nowhere.
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: io.stdin, output: hidden ? silence : io.stderr, terminal: true, historySize: 0 })
  // Not before the terminal has stopped to echo.
  if (hidden) io.stderr.write(`${label}: `)
  try {
    return await new Promise<string>((resolve) => {
      // In raw mode the terminal sends no signal; the command must end at once all the same.
      lines.on('SIGINT', () => process.exit(CANCELLED))
      lines.on('close', () => resolve(''))
      lines.question(`${label}: `, resolve)
    })
  } finally {
    lines.close()
    if (hidden) io.stderr.write('\n')
  }
}

/** Asks for a text until it is not empty, at most three times. */
export async function askText(context: CommandContext, question: Question): Promise<string> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = (await ask(context, question)).trim()
    if (answer !== '') return answer
  }
  throw usageError(`Cannot go on without "${question.label}"`, question.otherwise)
}
