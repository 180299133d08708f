import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../program/command-context.ts'
import { ask } from './ask.ts'

export interface Confirmation {
  /** What will happen, told before the question. */
  readonly warning: string
  /** What must be typed: `yes`, or the name of the thing when the harm is great. */
  readonly answer: string
}

/** Goes on only when the answer is typed. @throws {CliError} exit code 1 for anything else, 2 when nobody can be asked. */
export async function confirm(context: CommandContext, { warning, answer }: Confirmation): Promise<void> {
  if (context.mayAsk) context.output.warning(warning)
  const typed = await ask(context, { label: `Type ${answer} to go on`, otherwise: 'Use --force to go on without a question' })
  if (typed.trim() !== answer) throw new CliError('Nothing was changed: the answer was another one')
}
