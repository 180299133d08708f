import { type CommandDefinition, GROUP_OPTIONS, type OptionDefinition } from '../command-table/command-definition.ts'

/** Flags of a command in blocks, as its help shows them: its own, then the common ones. */
export function optionBlocks({ options = [], groups }: CommandDefinition): { title: string; options: readonly OptionDefinition[] }[] {
  const help = { flags: '-h, --help', description: 'Show this help' }
  return [{ title: 'Options', options: [...options, help] }, ...groups.map((group) => GROUP_OPTIONS[group])]
}

/** `terrace mirror load <file>`, in the way it is typed. */
export function usageOf({ name, arguments: operands = [] }: CommandDefinition): string {
  return ['terrace', name, ...operands.map(({ syntax }) => syntax.toUpperCase().replace(/^<|>$/g, '')), '[flags]'].join(' ')
}
